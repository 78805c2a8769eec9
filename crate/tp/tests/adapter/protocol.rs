//! What our own client sees through the adapter.

use std::time::Duration;

use tp::jupyter::{CellResult, CellStatus, Client, Event, KernelCommand, StartOptions};
use tp_protocol::{Marker, PROTOCOL_VARIABLE};

use super::{Folder, fake};

const LIMIT: Duration = Duration::from_secs(60);

fn start(folder: &Folder) -> Client {
    Client::start(&folder.command(), StartOptions::default()).unwrap()
}

fn run(client: &mut Client, code: &str) -> CellResult {
    client.execute(code, LIMIT, &mut |_| ()).unwrap()
}

pub fn text_of_both_streams_arrives_whole() {
    let folder = Folder::create();
    let mut client = start(&folder);
    for index in 0..50 {
        // A short cell's stderr is what evcxr itself loses.
        let result = run(&mut client, &format!("stderr été {index}"));
        assert_eq!(
            (result.status, result.stderr()),
            (CellStatus::Ok, format!("été {index}\n"))
        );
        let result = run(&mut client, &format!("print hiver {index}"));
        assert_eq!(
            (result.stdout(), result.stderr()),
            (format!("hiver {index}\n"), String::new())
        );
    }
    assert_eq!(run(&mut client, "unfinished sans fin").stdout(), "sans fin");
    assert_eq!(run(&mut client, "late").stdout(), "par evcxr\n");
    let pid = client.id();
    client.shutdown();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

pub fn values_and_counts_are_jupyters() {
    let folder = Folder::create();
    let mut client = start(&folder);
    assert_eq!(client.info().implementation, "tp-visages");
    let mut counts = Vec::new();
    for index in 0..3 {
        let result = run(&mut client, &format!("value {index}"));
        assert_eq!(result.value(), Some(index.to_string().as_str()));
        counts.push(result.execution_count);
    }
    assert_eq!(counts, [1, 2, 3]);
    client.restart().unwrap();
    assert_eq!(run(&mut client, "value x").execution_count, 1);
}

pub fn errors_are_errors() {
    let folder = Folder::create();
    let mut client = start(&folder);
    for (code, name, words) in [
        ("panic aïe", "Panique", "Panique : aïe"),
        (
            "failure dossier introuvable",
            "Erreur",
            "dossier introuvable",
        ),
        ("mismatch", "ErreurDeCompilation", "mismatched types"),
    ] {
        let result = run(&mut client, code);
        assert_eq!(result.status, CellStatus::Error, "{code}");
        let error = result.error().expect(code);
        assert_eq!(error.name, name);
        assert!(error.value.contains(words), "{error:?}");
        // A client that did not ask for marker lines sees none.
        assert!(
            result.markers.is_empty() && result.stdout().is_empty(),
            "{result:?}"
        );
        assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
    }
    let command = folder.command().with_env(PROTOCOL_VARIABLE, "1");
    let mut client = Client::start(&command, StartOptions::default()).unwrap();
    let result = run(&mut client, "panic aïe");
    assert!(matches!(&result.markers[..], [Marker::Panic { message, .. }] if message == "aïe"));
}

pub fn displays_move_in_their_place() {
    let folder = Folder::create();
    let mut client = start(&folder);
    let mut seen = Vec::new();
    let mut on_event = |event: Event<'_>| {
        if let Event::Output(output) = event {
            seen.push(serde_json::to_value(output).unwrap()["data"]["text/plain"].to_string());
        }
    };
    let result = client.execute("bar", LIMIT, &mut on_event).unwrap();
    let outputs = serde_json::to_value(&result.outputs).unwrap();
    let outputs = outputs.as_array().unwrap();
    assert_eq!(outputs.len(), 2, "one bar, one curve: {outputs:#?}");
    let text = |index: usize| outputs[index]["data"]["text/plain"].to_string();
    assert!(text(0).contains("100 % · terminé"), "{}", text(0));
    assert!(text(1).contains("état 100"), "{}", text(1));
    let curves = seen.iter().filter(|text| text.contains("état")).count();
    // 101 states in half a second: some are seen on the way, not all.
    assert!((3..=60).contains(&curves), "{curves}");
}

pub fn a_loop_that_listens_keeps_its_process() {
    let folder = Folder::create();
    let mut client = start(&folder);
    let result = client
        .execute("listen", Duration::from_millis(600), &mut |_| ())
        .unwrap();
    assert_eq!(result.status, CellStatus::TimedOut);
    assert!(
        result.stdout().contains("■ arrêté au pas 1"),
        "{}",
        result.stdout()
    );
    assert!(result.error().is_none(), "{:?}", result.error());
    assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
    // The request does not outlive its cell.
    let result = client
        .execute("listen", Duration::from_millis(300), &mut |_| ())
        .unwrap();
    assert!(result.seconds >= 0.3, "{}", result.seconds);
}

pub fn a_loop_that_does_not_is_killed() {
    let folder = Folder::create();
    let mut client = start(&folder);
    let result = client
        .execute("deaf", Duration::from_millis(300), &mut |_| ())
        .unwrap();
    let error = result.error().expect("an error");
    assert_eq!(error.name, "Interruption");
    let text = error.traceback.join("\n");
    assert!(
        text.contains("variables sont perdues") && text.contains("époque 3"),
        "{text}"
    );
    assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
}

pub fn a_flood_is_cut_and_the_rest_goes_on() {
    let folder = Folder::create();
    let mut client = start(&folder);
    // 10 MB; the long tier prints ten times as much.
    let result = run(&mut client, "flood 100000");
    assert_eq!(result.status, CellStatus::Ok);
    let text = result.stdout();
    assert!(
        text.len() < 1_100_000 && text.contains("tronquée"),
        "{}",
        text.len()
    );
    assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
}

pub fn the_end_of_evcxr_is_told() {
    let folder = Folder::create();
    let mut client = start(&folder);
    let result = run(&mut client, "exit");
    assert!(
        matches!(result.status, CellStatus::Error | CellStatus::Died),
        "{result:?}"
    );
    let error = result.error().expect("an error");
    assert!(
        error.name == "NoyauTermine" && error.value.contains("code 9"),
        "{error:?}"
    );
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        client.ended().is_some(),
        "Jupyter sees the end of the process"
    );
    client.restart().unwrap();
    assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
}

pub fn a_kernel_that_cannot_start_says_why() {
    let folder = Folder::create();
    let command = folder.command().with_env(fake::MODE_VARIABLE, "die");
    let message = match Client::start(&command, StartOptions::default()) {
        Err(error) => error.to_string(),
        // The description comes at once: the failure may come after it.
        Ok(mut client) => {
            let result = run(&mut client, "print x");
            let told = result.error().map_or_else(String::new, |error| {
                assert_eq!(error.name, "NoyauTermine");
                error.traceback.join("\n")
            });
            told + &client.ended().map_or_else(String::new, |(_, log)| log)
        }
    };
    assert!(message.contains("bibliothèque absente"), "{message}");
}

/// On a busy machine a port may first answer for another program, which closes it.
pub fn a_kernel_that_hangs_up_is_called_again() {
    let program = std::env::current_exe().unwrap();
    let alone = KernelCommand::new([
        program.to_str().unwrap(),
        "--control_file",
        "{connection_file}",
    ]);
    let folder = Folder::create();
    for (command, implementation) in [(alone, "faux"), (folder.command(), "tp-visages")] {
        let command = command.with_env(fake::MODE_VARIABLE, "rude");
        let mut client = Client::start(&command, StartOptions::default()).unwrap();
        assert_eq!(client.info().implementation, implementation);
        // Through the adapter, it is evcxr that hangs up.
        assert_eq!(run(&mut client, "").status, CellStatus::Ok);
    }
}

pub fn a_time_limit_ends_a_cell() {
    let folder = Folder::create();
    let command = folder.command().with_env("TP_DUREE_MAX", "1");
    let mut client = Client::start(&command, StartOptions::default()).unwrap();
    let result = run(&mut client, "listen");
    let error = result.error().expect("an error");
    assert!(
        error.name == "LimiteDepassee" && error.value.contains("TP_DUREE_MAX"),
        "{error:?}"
    );
    assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
    let command = folder.command().with_env("TP_MEMOIRE_MAX", "1");
    let mut client = Client::start(&command, StartOptions::default()).unwrap();
    let result = run(&mut client, "deaf");
    let error = result.error().expect("an error");
    assert!(
        error.name == "LimiteDepassee" && error.value.contains("mémoire"),
        "{error:?}"
    );
    assert_eq!(run(&mut client, "print ensuite").stdout(), "ensuite\n");
    let command = folder.command().with_env("TP_DUREE_MAX", "beaucoup");
    let message = Client::start(&command, StartOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("TP_DUREE_MAX") && message.contains("beaucoup"),
        "{message}"
    );
}
