//! Cell-like code that uses Rust's, burn's, polars' and our names side by side, as notebooks do.

use visages::{
    notebook::{Grade, check, close, equal, grade},
    prelude::*,
};

/// A student's own `Result` has two parameters, and `?` turns a parse error into a text.
fn parse_ages(texts: &[&str]) -> Result<Vec<i32>, String> {
    texts
        .iter()
        .map(|text| text.parse().map_err(|_| format!("« {text} »")))
        .collect()
}

/// Errors of the library pass through `?` under the student's own signature.
fn summary(store: &ImageStore, device: &Device) -> Result<f32, Box<dyn std::error::Error>> {
    let batch: Tensor<4> = store.to_tensor(&[0], device)?;
    Ok(batch.mean().into_scalar())
}

#[derive(Module, Debug)]
struct StudentModel {
    hidden: Linear,
    activation: Relu,
    output: nn::Linear,
}

impl StudentModel {
    fn new(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(4, 8).init(device),
            activation: Relu::new(),
            output: nn::LinearConfig::new(8, 1).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = relu(x);
        let x = self.activation.forward(self.hidden.forward(x));
        self.output.forward(x)
    }
}

#[test]
fn tensors_models_and_gradients() {
    let device = Device::flex();
    device.seed(42);
    let model = StudentModel::new(&device);
    let x = Tensor::<2>::random([3, 4], Distribution::Normal(0.0, 1.0), &device);
    let logits = model.forward(x.clone());
    assert_eq!(logits.dims(), [3, 1]);
    let probabilities: Vec<f32> = activation::sigmoid(logits).try_into_vec_as().unwrap();
    assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));

    let row = x.clone().slice(s![0..1, ..]);
    assert_eq!(row.dims(), [1, 4]);
    let mut model = model.train();
    let loss = model.forward(x).powf_scalar(2.0).mean();
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let mut optimizer: ModuleOptimizer = AdamConfig::new().init();
    model = optimizer.step(1e-3, model, gradients);
    assert_eq!(model.num_params(), 4 * 8 + 8 + 8 + 1);

    let ints = Tensor::<1, Int>::from_data([1, 2, 3], &device);
    let mask: Tensor<1, Bool> = ints.greater_elem(1);
    assert_eq!(mask.int().sum().into_scalar::<i32>(), 2);
    let _: Shape = Shape::new([2, 3]);
    let _ = TensorData::from([1.0_f32]);
}

#[test]
fn frames_and_queries() -> Result<(), PolarsError> {
    let frame: DataFrame = df!(
        "groupe" => ["a", "a", "b"],
        "juste" => [1.0, 0.0, 1.0]
    )?;
    let by_group = frame
        .clone()
        .lazy()
        .filter(col("juste").gt_eq(lit(0.0)))
        .group_by([col("groupe")])
        .agg([len().alias("n"), col("juste").mean().alias("taux")])
        .sort(["groupe"], Default::default())
        .collect()?;
    assert_eq!(by_group.shape(), (2, 3));
    let rates: &Column = by_group.column("taux")?;
    assert_eq!(rates.f64()?.get(0), Some(0.5));
    let series = Series::new("x".into(), [1, 2, 3]);
    assert_eq!(series.len(), 3);
    let column = Column::new("y".into(), [1_u32, 2]);
    assert_eq!(column.len(), 2);
    assert!(show_table(&by_group).html().contains("0,5"));
    Ok(())
}

#[test]
fn names_of_rusts_prelude_keep_their_meaning() {
    assert_eq!(parse_ages(&["1", "20"]), Ok(vec![1, 20]));
    assert_eq!(parse_ages(&["x"]), Err("« x »".to_owned()));
    let found: Option<Box<str>> = Some("a".into());
    assert!(found.is_some());
    let text: String = format!("{:?}", Vec::<u8>::new());
    assert_eq!(text, "[]");
    let unit: Result<(), Error> = Err(Error::argument("x", 1, "autre chose"));
    assert!(unit.is_err());
    // Functions of the same name as polars' are the student's when he defines them.
    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }
    assert_eq!(mean(&[1.0, 3.0]), 2.0);
    let max = [3, 1].into_iter().max();
    assert_eq!(max, Some(3));
    assert_eq!([1.5_f32, 2.5].iter().sum::<f32>(), 4.0);
}

#[test]
fn a_lab_begins() -> Result<(), Box<dyn std::error::Error>> {
    let session = Session::builder("tp5")
        .preset(Preset::Quick)
        .device("flex")
        .data_dir(std::env::temp_dir())
        .seed(7)
        .open()?;
    let device = session.device();
    let mut store = ImageStore::new(2, 2);
    store.push(&[255; 12])?;
    assert_eq!(summary(&store, &device)?, 1.0);
    assert!(summary(&ImageStore::new(2, 2), &device).is_err());

    let note: Grade = grade(
        1.0,
        &[check("la moyenne d'une image blanche est 1", || {
            close(summary(&store, &device).unwrap_or(f32::NAN), 1.0, 1e-6)
        })
        .hint("Divisez par 255.")],
    );
    assert_eq!(note.points(), 1.0);

    // Layers of ours and of burn in one network, a model of ours, and the whole of an evaluation.
    let block = Conv2dConfig::new([3, 4], [3, 3])
        .with_stride([2, 2])
        .init(&device);
    let norm = BatchNormConfig::new(4).init(&device);
    let features = norm.forward(relu(block.forward(Tensor::zeros([2, 3, 8, 8], &device))));
    assert_eq!(features.dims(), [2, 4, 4, 4]);
    let model = StandardCnnConfig::new().init(&device);
    let n_params = num_trainable_params(&model);
    let note = grade(1.0, &[check("paramètres", || equal(n_params, 640_889))]);
    assert_eq!(note.passed(), 1);
    let (low, high) = wilson_interval(5, 5, Z_95)?;
    assert!(low < 0.6 && high == 1.0);
    Ok(())
}
