//! The process that runs the cells: where it works, when it must end.

use std::{thread, time::Duration};

/// Folder that the kernel's launcher asks cells to run in, when evcxr itself had to start elsewhere.
const FOLDER_VARIABLE: &str = "TP_DOSSIER";

/// How often the process looks whether its kernel still lives.
const WATCH_PERIOD: Duration = Duration::from_millis(500);

/// Called once, before the first cell.
pub(super) fn prepare() {
    // evcxr asks for backtraces: of a process that ends for want of memory, they are pages of the runtime's own names.
    // SAFETY: the first cell has not run, no thread of ours reads the environment.
    unsafe { std::env::remove_var("RUST_BACKTRACE") };
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        // An unreadable folder shows at the first relative path, with its name.
        let _ = std::env::set_current_dir(folder);
    }
    end_with_kernel();
}

/// Ends this process when its parent dies: it reads its orders between cells only, so a training would go on for nobody.
///
/// The kernel's own «die with parent» signal follows the thread that started the process, which may end before it: hence a
/// look at the parent's number twice a second.
fn end_with_kernel() {
    let kernel = std::os::unix::process::parent_id();
    let watch = move || {
        while std::os::unix::process::parent_id() == kernel {
            thread::sleep(WATCH_PERIOD);
        }
        std::process::exit(1);
    };
    // Without a thread there is no watch; the cells still run.
    let _ = thread::Builder::new()
        .name("veille".to_owned())
        .spawn(watch);
}
