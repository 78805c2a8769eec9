use visages::{burn::{prelude::*, tensor::activation::sigmoid, optim::AdamConfig}, models::*, data::*, train::*, fairness::*};
#[test]
fn real() {
    let root = std::path::Path::new("/work/shared/data"); let dev = Device::flex();
    for zoom in [1.0, 1.7] {
        let mut load = LoadOptions::default(); load.framing.zoom = zoom; if zoom > 1.0 { load.framing.center_y = 0.53; }
        let mut faces_opt = load.clone(); faces_opt.max_images=Some(3000);
        let faces = ImageFolder::load("visages", &root.join("CelebA"), &faces_opt).unwrap().images;
        let mut o = LoadOptions::default(); o.max_images=Some(3000);
        let non = ImageFolder::load("non", &root.join("imagenette"), &o).unwrap().images;
        let data = DetectionLoader::new(&faces,&non,0.15,42).unwrap();
        let test = TestFaces::load(root, &LoadOptions::default()).unwrap();
        dev.seed(42);
        let model = StandardCnnConfig::new().init(&dev);
        let f = fit(model, &data, &FitConfig::new().with_seed(42).with_progress(false)).unwrap(); println!("zoom {zoom} {f:?}");
        println!("held-out {:?}", evaluate(&f.model, data.held_out(), 256, &dev).unwrap());
        let p = predict_probabilities(&f.model, data.faces(), 256, &dev).unwrap(); println!("train faces recall (eval mode) {}", p.iter().filter(|p| **p>=0.5).count() as f64/p.len() as f64);
        // batch statistics instead of running ones
        let h = data.held_out(); let idx: Vec<usize> = (0..h.len()).step_by(7).collect();
        let b = h.batch(&idx, &dev).unwrap();
        let pr = sigmoid(f.model.clone().train().forward(b.images.autodiff()).inner().reshape([idx.len()])).try_into_vec_as::<f32>().unwrap();
        println!("held-out batch-stat acc {}", accuracy(&pr, &idx.iter().map(|i| h.labels[*i]).collect::<Vec<_>>()).unwrap());
        println!("{}", by_group(&group_probabilities(&f.model,&test,32,&dev).unwrap(),0.5).unwrap());
        let _ = AdamConfig::new();
    }
}
