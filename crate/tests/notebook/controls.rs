//! Live controls seen from outside: this process plays the adapter, and each case is a process of its own.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tp_protocol::{
    Marker,
    controls::{File, Frame, FromCells, Kind, SOCKET_VARIABLE, ToCells, VERSION, Value, View},
};
use visages::{
    data::{DetectionLoader, ImageStore},
    figures::Figure,
    models::StandardCnnConfig,
    notebook::{Controls, interact, run_cell},
    prelude::*,
    train::{FitConfig, fit},
};

/// Name of the test that plays the cell.
const CHILD: &str = "controls::cell";
const CASE: &str = "VISAGES_TEST_CASE";
const SIDE: usize = 16;

fn picture(shade: u8) -> visages::Result<Figure> {
    let picture = image::RgbImage::from_pixel(8, 6, image::Rgb([shade, 0, 0]));
    Figure::from_image(&picture, format!("rouge {shade}"))
}

#[test]
#[ignore = "played by the other tests in a process of its own"]
fn cell() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    // libtest may have begun a line.
    println!("\ndébut");
    let outcome = run_cell(|| play_cell(&case));
    if let Err(error) = outcome.unwrap() {
        println!("erreur : {error}");
    }
    println!("fin");
    // Until the adapter has seen enough.
    let _ = std::io::stdin().read(&mut [0]);
}

fn play_cell(case: &str) -> visages::Result<()> {
    let controls = Controls::new()
        .slider("Teinte", 0.0..=255.0, 10.0)
        .upload("Photo");
    match case {
        "picture" => interact(controls, |values| picture(values.number("Teinte") as u8)),
        "error" => interact(controls, |values| {
            let shade = values.number("Teinte");
            assert!(shade < 200.0, "trop rouge");
            println!("teinte {shade}");
            let upload = values.file("Photo");
            let size = upload.map(|file| file.image().map(|image| image.dimensions()));
            Ok(format!("{:?} {:?}", shade, size.transpose()?))
        }),
        "first fails" => interact(controls, |values| picture(values.number("Tein") as u8)),
        "to do" => interact(controls, |_| -> Figure { todo!("À FAIRE") }),
        "owned" => {
            let told = Dropped;
            interact(controls, move |_| format!("{told:?}"))
        }
        "trained" => train_beside(controls),
        other => unreachable!("{other}"),
    }
}

/// Says that the function of a set is gone.
#[derive(Debug)]
struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        println!("libéré");
    }
}

/// A network trained on noise while controls ask it for its answers.
fn train_beside(controls: Controls) -> visages::Result<()> {
    static TRAINED: AtomicBool = AtomicBool::new(false);
    let device = visages::burn::tensor::Device::flex();
    device.seed(7);
    let images = |seed: usize| {
        let mut store = ImageStore::new(SIDE, SIDE);
        for image in 0..60 {
            let byte = |i: usize| ((i * 31 + image * 7 + seed * 101) % 251) as u8;
            let pixels: Vec<u8> = (0..SIDE * SIDE * 3).map(byte).collect();
            store.push(&pixels)?;
        }
        Ok::<_, visages::Error>(store)
    };
    let loader = DetectionLoader::new(&images(0)?, &images(1)?, 0.2, 1)?;
    let config = StandardCnnConfig::new()
        .with_n_filters(4)
        .with_image_size(SIDE)
        .with_n_hidden(16);
    let model = config.init(&device);
    let shown = model.clone();
    interact(controls, move |values| {
        let shade = values.number("Teinte") as f32 / 255.0;
        let input = Tensor::<4>::full(
            [1, 3, SIDE, SIDE],
            shade,
            &visages::burn::tensor::Device::flex(),
        );
        let answer = visages::train::Classifier::forward(&shown, input).into_data();
        format!(
            "{:?} {}",
            answer.try_to_vec::<f32>(),
            TRAINED.load(Ordering::Relaxed)
        )
    })?;
    let config = FitConfig::new()
        .with_epochs(3)
        .with_batch_size(8)
        .with_progress(false);
    let fitted = fit(model, &loader, &config)?;
    TRAINED.store(true, Ordering::Relaxed);
    let losses: Vec<u64> = fitted
        .history
        .losses()
        .iter()
        .map(|loss| loss.to_bits())
        .collect();
    println!("pertes {losses:?}");
    Ok(())
}

/// The adapter, and the process of a cell.
struct Stage {
    child: Child,
    stream: UnixStream,
    folder: PathBuf,
    serial: u64,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    fn play(case: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("visages-curseurs-{case}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("curseurs");
        let listener = UnixListener::bind(&socket).unwrap();
        let child = command(case).env(SOCKET_VARIABLE, &socket).spawn().unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut stage = Self {
            child,
            stream,
            folder,
            serial: 0,
        };
        assert_eq!(stage.next().0, FromCells::Hello { version: VERSION });
        stage
    }

    fn next(&mut self) -> (FromCells, Vec<u8>) {
        let frame = Frame::read(&mut self.stream).unwrap().expect("a message");
        (frame.message().unwrap(), frame.bytes)
    }

    fn send(&mut self, message: &ToCells, bytes: &[u8]) {
        self.stream
            .write_all(&Frame::new(message, bytes).encode())
            .unwrap();
    }

    /// The set is opened; gives its first view.
    fn opened(&mut self, model: Option<&str>) -> (View, Vec<u8>) {
        let (
            FromCells::Open {
                set: 1,
                controls,
                rows,
                view,
            },
            bytes,
        ) = self.next()
        else {
            panic!("no set");
        };
        assert!(matches!(controls[0].kind, Kind::Slider { max: 255.0, .. }));
        assert_eq!(rows, [vec![0], vec![1]]);
        let model = model.map(str::to_owned);
        self.send(&ToCells::Opened { set: 1, model }, b"");
        (view, bytes)
    }

    /// What a value gives.
    fn moved(&mut self, shade: f64, file: Option<(&str, &[u8])>) -> (View, Vec<u8>) {
        self.serial += 1;
        let serial = self.serial;
        let (name, bytes) = file.unzip();
        let message = ToCells::Values {
            set: 1,
            serial,
            values: vec![Value::Number(shade), Value::Files(0)],
            file: name.map(|name| File {
                control: 1,
                name: name.to_owned(),
            }),
        };
        self.send(&message, bytes.unwrap_or_default());
        let (
            FromCells::Output {
                set: 1,
                serial: of,
                view,
            },
            bytes,
        ) = self.next()
        else {
            panic!("no output");
        };
        assert_eq!(of, serial);
        (view, bytes)
    }

    /// Ends the cell's process, and gives what it printed.
    fn end(&mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
        lines(&text)
    }
}

fn command(case: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env(CASE, case)
        .env("TP_PROTOCOLE", "1")
        .env_remove("TP_SORTIE")
        .env_remove("TP_ARRET")
        .env_remove(SOCKET_VARIABLE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != "début").skip(1);
    lines.map(str::to_owned).collect()
}

fn display(lines: &[String]) -> std::collections::BTreeMap<String, String> {
    let data = lines.iter().find_map(|line| match Marker::decode(line) {
        Some(Ok(Marker::Display { data, .. })) => Some(data),
        _ => None,
    });
    data.expect("a display")
}

#[test]
fn a_picture_is_drawn_again_at_each_move() {
    let mut stage = Stage::play("picture");
    let (view, bytes) = stage.opened(Some("modele-1"));
    assert!(matches!(&view, View::Picture { alt, width: 8, height: 6 } if alt == "rouge 10"));
    assert!(bytes.starts_with(b"\x89PNG"));
    for shade in [20, 30] {
        let (view, bytes) = stage.moved(f64::from(shade), None);
        assert!(matches!(&view, View::Picture { alt, .. } if *alt == format!("rouge {shade}")));
        let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(picture.get_pixel(0, 0).0[0], shade);
    }
    let lines = stage.end();
    let data = display(&lines);
    // The picture, its description and the values for whom controls are not shown to.
    assert!(data["image/png"].starts_with("iVBORw0KGgo"));
    assert_eq!(
        data["text/plain"],
        "rouge 10\nValeurs des curseurs · Teinte : 10"
    );
    assert!(data["application/vnd.jupyter.widget-view+json"].contains("\"modele-1\""));
    assert!(
        !lines.iter().any(|line| line.starts_with("Valeurs")),
        "{lines:?}"
    );
}

#[test]
fn errors_panics_and_prints_end_nothing() {
    let mut stage = Stage::play("error");
    stage.opened(Some("m"));
    let failure = |(view, _): (View, Vec<u8>)| match view {
        View::Failure { message } => message,
        other => panic!("{other:?}"),
    };
    let message = failure(stage.moved(250.0, None));
    assert!(
        message.contains("panique") && message.contains("trop rouge"),
        "{message}"
    );
    let message = failure(stage.moved(20.0, Some(("moi.pdf", b"%PDF"))));
    assert!(
        message.contains("« moi.pdf »") && message.lines().count() == 1,
        "{message}"
    );
    let picture = image::RgbImage::new(3, 2);
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let (view, _) = stage.moved(20.0, Some(("moi.png", &png.into_inner())));
    assert_eq!(
        view,
        View::Text {
            text: "20.0 Some((3, 2))".to_owned()
        }
    );
    // The file stays while sliders move.
    let (view, _) = stage.moved(30.0, None);
    assert_eq!(
        view,
        View::Text {
            text: "30.0 Some((3, 2))".to_owned()
        }
    );
    let lines = stage.end();
    assert!(lines.iter().any(|line| line == "teinte 30"), "{lines:?}");
}

#[test]
fn the_function_goes_with_its_set() {
    let mut stage = Stage::play("owned");
    stage.opened(Some("m"));
    let threads = |stage: &Stage| {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", stage.child.id())).unwrap();
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()
        };
        tasks
            .map(name)
            .filter(|name| name.trim() == "curseurs")
            .count()
    };
    assert_eq!(
        stage.moved(20.0, None).0,
        View::Text {
            text: "Dropped".to_owned()
        }
    );
    assert_eq!(threads(&stage), 2, "the connection's and the set's");
    stage.send(&ToCells::Close { set: 1 }, b"");
    let start = Instant::now();
    while threads(&stage) > 1 && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(threads(&stage), 1);
    let lines = stage.end();
    assert_eq!(
        lines.iter().filter(|line| *line == "libéré").count(),
        1,
        "{lines:?}"
    );
}

#[test]
fn where_no_page_shows_controls_the_first_output_and_its_values_are_there() {
    let mut stage = Stage::play("picture");
    stage.opened(None);
    let lines = stage.end();
    let data = display(&lines);
    assert!(data.contains_key("image/png") && data.len() == 2);
    assert!(
        lines.contains(&"Valeurs des curseurs · Teinte : 10".to_owned()),
        "{lines:?}"
    );
    // Neither an adapter nor one that speaks of controls.
    for protocol in ["1", "0"] {
        let output = command("picture")
            .env("TP_PROTOCOLE", protocol)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("Valeurs des curseurs · Teinte : 10"),
            "{text}"
        );
        assert!(text.contains("iVBORw0KGgo"), "{text}");
    }
}

#[test]
fn a_first_call_that_fails_opens_nothing() {
    let lines = |case: &str| {
        let output = command(case).stdin(Stdio::null()).output().unwrap();
        lines(&String::from_utf8(output.stdout).unwrap())
    };
    let failed = lines("first fails");
    let told = failed
        .iter()
        .find(|line| line.starts_with("erreur"))
        .unwrap();
    assert!(
        told.contains("« Tein »") && told.contains("« Teinte »"),
        "{told}"
    );
    let to_do = lines("to do");
    assert!(
        to_do.iter().any(|line| line.starts_with("○ À faire")),
        "{to_do:?}"
    );
    assert!(
        !to_do.iter().any(|line| line.starts_with("erreur")),
        "{to_do:?}"
    );
}

#[test]
fn moves_during_a_training_do_not_change_its_result() {
    let losses = |moves: bool| {
        let mut stage = Stage::play("trained");
        stage.opened(Some("m"));
        let mut during = 0;
        for step in 0..400 {
            if !moves {
                break;
            }
            let (View::Text { text }, _) = stage.moved(f64::from(step % 255), None) else {
                panic!("no text")
            };
            if text.ends_with("true") {
                break;
            }
            during += 1;
        }
        let lines = stage.end();
        let losses = lines.into_iter().find(|line| line.starts_with("pertes"));
        (losses.expect("losses"), during)
    };
    let (quiet, _) = losses(false);
    let (moved, during) = losses(true);
    assert!(during >= 5, "{during} moves during the training");
    assert_eq!(moved, quiet);
}
