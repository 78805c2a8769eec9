//! The end of kernels, and the renewal of their folders.

use std::path::Path;
use std::time::{Duration, Instant};

use tp::jupyter::{CellStatus, Client};
use tp::kernel::{KernelFolder, folder};
use tp::platform;

use super::{LIMIT, Scratch, alone, folder as current, kernel, ok, run, start, with_markers};

const ENDLESS: &str = "loop { std::thread::sleep(std::time::Duration::from_millis(20)); }";

#[test]
fn a_killed_kernel_leaves_no_child_and_an_interrupted_one_goes_on() {
    let _alone = alone();
    let mut client = kernel();

    // The first cells of a busy machine take long to compile, which the limit below counts.
    ok(&mut client, "let arret = stop_requested();");
    // A loop that looks at the request to stop keeps everything, what it was computing included.
    let code = "let avant = 41;\nlet tours = {\n    let mut tours = 0_u64;\n    while !stop_requested() {\n        tours += 1;\n        std::thread::sleep(std::time::Duration::from_millis(5));\n    }\n    tours\n};";
    let result = client
        .execute(code, Duration::from_secs(10), &mut |_| ())
        .unwrap();
    assert_eq!(result.status, CellStatus::TimedOut);
    assert!(result.error().is_none(), "{result:#?}");
    assert_eq!(
        ok(&mut client, "println!(\"{} {}\", avant, tours > 0);"),
        "41 true\n"
    );

    // A time limit interrupts the cell; the kernel takes the next one.
    let result = client
        .execute(ENDLESS, Duration::from_secs(2), &mut |_| ())
        .unwrap();
    assert_eq!(result.status, CellStatus::TimedOut);
    assert_eq!(ok(&mut client, "println!(\"{}\", 6 * 7);"), "42\n");

    // kill -9 of the kernel in the middle of a training, when its child is not reading from it.
    let family = killed_while_running(&mut client);
    assert!(
        family.len() >= 2,
        "a kernel is evcxr and the cells' process: {family:?}"
    );
    let start = Instant::now();
    while family.iter().any(|pid| is_running(*pid)) && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left: Vec<_> = family.into_iter().filter(|pid| is_running(*pid)).collect();
    assert!(left.is_empty(), "{left:?} outlived the kernel");

    client.restart().unwrap();
    ok(&mut client, "use visages::prelude::*;");
    assert_eq!(
        ok(
            &mut client,
            "println!(\"{:?}\", Tensor::<1>::ones([2], &Device::flex()).dims());"
        ),
        "[2]\n"
    );
    let pid = client.id();
    client.shutdown();
    assert!(!is_running(pid));
}

/// Kills the kernel while a cell runs; gives the processes that it had started.
fn killed_while_running(client: &mut Client) -> Vec<u32> {
    let pid = client.id();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        let family = descendants(pid);
        let killed = std::process::Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status();
        assert!(killed.unwrap().success());
        family
    });
    let result = client.execute(ENDLESS, LIMIT, &mut |_| ()).unwrap();
    let family = killer.join().unwrap();
    assert_eq!(result.status, CellStatus::Died);
    family
}

fn descendants(pid: u32) -> Vec<u32> {
    let mut found = platform::children(pid);
    let mut next = 0;
    while next < found.len() {
        found.extend(platform::children(found[next]));
        next += 1;
    }
    found
}

/// Whether a process exists and is no zombie.
fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(')')
            .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    })
}

#[test]
fn a_new_library_disturbs_no_open_kernel() {
    let _alone = alone();
    let scratch = Scratch::new("noyaux");
    let source = current();
    // Three generations of the library, oldest first; the first two are already out of date.
    let [unused, open, newest] =
        ["1", "2", "3"].map(|name| copy_of(&source, &scratch.0.join(name)));
    let mut client = start(&with_markers(open.command()));
    ok(
        &mut client,
        "let avant = Tensor::<1>::ones([3], &Device::flex());",
    );

    // What `tp setup` does after a rebuild, more often than it keeps old folders for.
    for generation in ["4", "5"] {
        let newer = copy_of(&source, &scratch.0.join(generation));
        folder::collect_unused(&scratch.0, newer.path());
    }
    assert!(
        !unused.path().exists() && !newest.path().exists(),
        "folders that nobody uses are removed"
    );
    assert!(open.path().exists(), "a folder in use stays");

    // The open kernel still compiles, with names that it had not used, completes, and has its variables.
    ok(
        &mut client,
        "let modele = visages::models::StandardCnnConfig::new().init(&Device::flex());",
    );
    assert_eq!(
        ok(
            &mut client,
            "println!(\"{}\", avant.sum().into_scalar::<f32>());"
        ),
        "3\n"
    );
    assert!(
        !client
            .complete("modele.", 7, LIMIT)
            .unwrap()
            .matches
            .is_empty()
    );
    // So does a kernel of the new library beside it.
    let latest = KernelFolder::open(&scratch.0.join("5")).unwrap();
    let mut other = start(&with_markers(latest.command()));
    ok(
        &mut other,
        "let modele = visages::models::StandardCnnConfig::new().init(&Device::flex());",
    );
    assert_eq!(
        run(&mut client, "modele.num_params()").value(),
        run(&mut other, "modele.num_params()").value()
    );

    client.shutdown();
    let last = copy_of(&source, &scratch.0.join("6"));
    folder::collect_unused(&scratch.0, last.path());
    assert!(
        !open.path().exists(),
        "once closed, it is removed like the others"
    );
}

/// A kernel folder at another place, made of links to the same files.
fn copy_of(source: &KernelFolder, target: &Path) -> KernelFolder {
    let copied = std::process::Command::new("cp")
        .arg("-rl")
        .arg(source.path())
        .arg(target)
        .status();
    assert!(copied.unwrap().success());
    // The one file that names its folder. Replaced, not rewritten: the original is the same file.
    let init = target.join("evcxr/init.evcxr");
    let text = std::fs::read_to_string(&init).unwrap();
    let moved = text.replace(&*source.path().to_string_lossy(), &target.to_string_lossy());
    assert_ne!(moved, text);
    std::fs::remove_file(&init).unwrap();
    std::fs::write(&init, moved).unwrap();
    KernelFolder::open(target).unwrap()
}
