//! The stock kernel: evcxr_jupyter as its authors ship it, nothing of ours around it. The library is an ordinary `:dep`, which evcxr
//! compiles itself, burn and polars included: very long the first time. What is compiled stays in the cache
//! (`noyau-ordinaire`, removed with it) and is used again.

use std::path::Path;
use std::time::{Duration, Instant};

use tp::jupyter::{CellStatus, Client, KernelCommand, StartOptions};
use tp::notebook::Notebook;
use tp::paths::{Cache, Repository};

use super::{alone, folder};

/// Longest time of the first cell, which compiles everything.
const COMPILATION: Duration = Duration::from_secs(4 * 3600);
/// Longest time of the others: cells are linked statically, and the analyser reads all of polars.
const LIMIT: Duration = Duration::from_secs(900);
/// The last cell of the shortened lab draws the recalls of the first trained network.
const LAST: &str = "recall_bars(&[(\"CNN standard\", &cnn_groups)]";

/// The first part of tp5, up to the figure of its first network.
#[test]
#[ignore = "compiles burn and polars the first time: cargo tp test --tout"]
fn the_stock_kernel_runs_the_beginning_of_a_lab() {
    let _alone = alone();
    let repository = Repository::find().unwrap();
    let kernel = folder();
    let ours = kernel.manifest();
    let cache = Cache::locate().unwrap();
    let temporary = cache.root().join("noyau-ordinaire");
    let empty = temporary.join("sans-reglages");
    std::fs::create_dir_all(&empty).unwrap();
    let command = KernelCommand::new([
        ours.evcxr.to_str().unwrap(),
        "--control_file",
        "{connection_file}",
    ])
    .with_env("EVCXR_TMPDIR", &temporary)
    .with_env("EVCXR_CONFIG_DIR", &empty)
    .with_env("RUSTUP_TOOLCHAIN", &ours.toolchain)
    // evcxr 0.22.0 looks for the standard library one folder too high when its folder and rustup's share their first one.
    .with_env(tp::platform::LIBRARY_PATH, &ours.target_libdir)
    .with_env("TP_DONNEES", "synthetique")
    .with_env("TP_PRESET", "rapide")
    .with_env("TP_IMAGES", "80")
    .with_cwd(std::env::temp_dir());
    let mut client = Client::start(&command, StartOptions::default()).unwrap();
    assert_ne!(
        client.info().implementation,
        "tp-visages",
        "this is our adapter"
    );

    let crate_folder = repository.root().join("crate");
    let start = Instant::now();
    let first =
        format!(":opt 1\n:dep visages = {{ path = {crate_folder:?} }}\nprintln!(\"prêt\");");
    let result = client.execute(&first, COMPILATION, &mut |_| ()).unwrap();
    assert_eq!(result.stdout(), "prêt\n", "{result:#?}");
    println!(
        "first cell, with its :dep: {:.0} s",
        start.elapsed().as_secs_f64()
    );

    let notebook = Path::new("corrige/tp5_debiaisage.ipynb");
    let notebook = Notebook::read(&repository.notebooks().join(notebook)).unwrap();
    let (mut seconds, mut text, mut figure) = (Vec::new(), String::new(), None);
    for cell in notebook.code_cells() {
        let result = client.execute(&cell.source, LIMIT, &mut |_| ()).unwrap();
        assert_eq!(
            result.status,
            CellStatus::Ok,
            "{}\n{result:#?}",
            cell.source
        );
        assert!(result.error().is_none(), "{}\n{result:#?}", cell.source);
        // A panic is no error for evcxr; it leaves words on stderr.
        assert!(
            !result.stderr().contains("panicked"),
            "{}\n{result:#?}",
            cell.source
        );
        seconds.push(result.seconds);
        text += &result.stdout();
        if cell.source.contains(LAST) {
            figure = Some(serde_json::to_string(&result.outputs).unwrap());
            break;
        }
    }
    seconds.sort_by(f64::total_cmp);
    println!(
        "{} cells, median {:.1} s",
        seconds.len(),
        seconds[seconds.len() / 2]
    );
    // Trainings print lines, checks their verdict, figures come at the end of their cell, and no marker is seen.
    assert!(
        text.contains("terminé : ") && text.contains("paramètres entraînables"),
        "{text}"
    );
    assert!(!text.contains(tp_protocol::PREFIX), "{text}");
    assert!(figure.expect("the figure's cell").contains("image/png"));
}
