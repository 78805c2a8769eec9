//! Long checks of the real kernel, for `cargo tp test --tout`: many kernels, many cells, much text.

use std::time::{Duration, Instant};

use tp::jupyter::CellStatus;

use tp::jupyter::KernelCommand;

use super::{Client, StartOptions, alone, command, folder, kernel, ok, run};

/// Kernels started at once; each takes about 0.75 GB.
const KERNELS: usize = 20;
const KERNEL_MEMORY: u64 = 800 << 20;

#[test]
#[ignore = "minutes: cargo tp test --tout"]
fn twenty_kernels_start_at_once() {
    let _alone = alone();
    let room = tp::platform::memory().map_or(u64::MAX, |(_, available)| available);
    let count = KERNELS.min((room / KERNEL_MEMORY) as usize);
    if count < KERNELS {
        eprintln!("only {count} kernels: the memory is not enough for {KERNELS}");
    }
    let start = Instant::now();
    let command = command();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|index| {
                let command = &command;
                scope.spawn(move || {
                    let mut client = Client::start(command, StartOptions::default()).unwrap();
                    let code =
                        format!("use visages::prelude::*;\nprintln!(\"{{}}\", {index} * 2);");
                    let limit = Duration::from_secs(1200);
                    let result = client.execute(&code, limit, &mut |_| ()).unwrap();
                    assert_eq!(result.stdout(), format!("{}\n", index * 2), "{result:#?}");
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
    println!(
        "{count} kernels ran their first cell in {:.0} s",
        start.elapsed().as_secs_f64()
    );
}

#[test]
#[ignore = "a quarter of an hour: cargo tp test --tout"]
fn a_thousand_cells_lose_nothing() {
    let _alone = alone();
    let mut client = kernel();
    ok(&mut client, "let mut somme = 0_u64;");
    for index in 1..=1000_u64 {
        let code =
            format!("somme += {index};\nprintln!(\"out {{somme}}\");\neprintln!(\"err {index}\");");
        let result = run(&mut client, &code);
        assert_eq!(result.status, CellStatus::Ok, "{result:#?}");
        assert_eq!(
            result.stdout(),
            format!("out {}\n", index * (index + 1) / 2)
        );
        assert_eq!(result.stderr(), format!("err {index}\n"));
    }
}

#[test]
#[ignore = "seconds, with the others: cargo tp test --tout"]
fn a_hundred_megabytes_of_text_end() {
    let _alone = alone();
    let mut client = kernel();
    let start = Instant::now();
    let result = run(
        &mut client,
        "for _ in 0..1_000_000 {\n    println!(\"{}\", \"x\".repeat(99));\n}",
    );
    assert_eq!(result.status, CellStatus::Ok, "{:?}", result.error());
    let text = result.stdout();
    assert!(
        text.len() < 1_100_000 && text.contains("tronquée"),
        "{}",
        text.len()
    );
    println!("100 MB in {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(ok(&mut client, "println!(\"ensuite\");"), "ensuite\n");
}

/// evcxr_jupyter without the adapter: trainings print lines, panics a sentence, figures come at the end of the cell.
#[test]
#[ignore = "half a minute: cargo tp test --tout"]
fn without_the_adapter_a_lab_prints_lines() {
    let _alone = alone();
    let folder = folder();
    let manifest = folder.manifest();
    let scratch = super::Scratch::new("sans-adaptateur");
    let libraries = std::env::join_paths([&manifest.target_libdir, folder.path()]).unwrap();
    let evcxr = manifest.evcxr.to_str().unwrap();
    let command = KernelCommand::new([evcxr, "--control_file", "{connection_file}"])
        .with_env("EVCXR_CONFIG_DIR", folder.path().join("evcxr"))
        .with_env("EVCXR_TMPDIR", &scratch.0)
        .with_env("RUSTC_WRAPPER", folder.path().join("bin/tp-rustc"))
        .with_env("RUSTUP_TOOLCHAIN", &manifest.toolchain)
        .with_env(tp::platform::LIBRARY_PATH, libraries)
        .with_env("TP_DONNEES", "synthetique")
        .with_env("TP_IMAGES", "80")
        .with_cwd(std::env::temp_dir());
    let mut client = super::start(&command);
    for cell in [
        "let session = Session::open(\"tp5\")?;\nlet device = session.device();",
        "let loader = session.detection_loader()?;",
        "let model = StandardCnnConfig::new().init(&device);",
    ] {
        ok(&mut client, cell);
    }
    let training = "let fitted: Fitted<StandardCnn> = fit(model.clone(), &loader, &FitConfig::new().with_epochs(4))?;";
    let text = ok(&mut client, training);
    assert!(
        text.contains("durée estimée") && text.contains("terminé : 16 pas"),
        "{text}"
    );
    assert!(!text.contains(tp_protocol::PREFIX), "{text}");
    let result = run(&mut client, "loss_curve(&fitted.history)?");
    let outputs = serde_json::to_string(&result.outputs).unwrap();
    assert!(outputs.contains("execute_result") && outputs.contains("image/png"));
    let text = run(&mut client, "panic!(\"aïe\");").stdout();
    assert!(
        text.contains("✘ La cellule s'est arrêtée (panique) : aïe"),
        "{text}"
    );
}
