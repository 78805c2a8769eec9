//! Kernels that do not start: the client says why, in French, and leaves nothing behind. No real kernel is needed.

use std::time::{Duration, Instant};

use tp::jupyter::{Client, KernelCommand, StartOptions};

fn start(script: &str, seconds: u64) -> String {
    let command = KernelCommand::new(["sh", "-c", script, "sh", "{connection_file}"]);
    let options = StartOptions {
        timeout: Duration::from_secs(seconds),
        catch_signals: false,
    };
    Client::start(&command, options)
        .expect_err("no kernel")
        .to_string()
}

#[test]
fn a_kernel_that_ends_is_told_with_its_last_words() {
    let begin = Instant::now();
    let message = start("echo 'bibliothèque absente' >&2; exit 3", 60);
    assert!(
        message.contains("démarrage du noyau") && message.contains("code 3"),
        "{message}"
    );
    assert!(
        message.contains("bibliothèque absente") && message.contains("cargo tp doctor"),
        "{message}"
    );
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "its end was not noticed"
    );
    assert!(start("kill -9 $$", 60).contains("signal 9"));
}

#[test]
fn a_silent_kernel_is_given_up_and_ended() {
    let file = std::env::temp_dir().join(format!("tp-silencieux-{}", std::process::id()));
    let message = start(&format!("echo $$ > {}; sleep 100", file.display()), 1);
    assert!(message.contains("pas de réponse en 00:01"), "{message}");
    let pid = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(
        !std::path::Path::new(&format!("/proc/{}", pid.trim())).exists(),
        "{pid} still runs"
    );
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let command = KernelCommand::new(["/nulle/part/noyau", "{connection_file}"]);
    let message = Client::start(&command, StartOptions::default())
        .expect_err("no kernel")
        .to_string();
    assert!(
        message.contains("/nulle/part/noyau") && message.contains("cargo tp setup"),
        "{message}"
    );
    let empty = Client::start(&KernelCommand::default(), StartOptions::default());
    assert!(empty.is_err_and(|error| error.to_string().contains("vide")));
}

#[test]
fn a_lost_port_is_tried_again_with_others() {
    let file = std::env::temp_dir().join(format!("tp-ports-{}", std::process::id()));
    let script = format!(
        "grep shell_port \"$1\" >> {}; echo 'Address already in use' >&2; exit 1",
        file.display()
    );
    let message = start(&script, 60);
    let tried = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(message.contains("Address already in use"), "{message}");
    let ports: std::collections::BTreeSet<&str> = tried.lines().collect();
    assert_eq!(
        (tried.lines().count(), ports.len() > 1),
        (3, true),
        "{tried}"
    );
}
