//! What became of a cell that stops: one line the reader (or `tp run`) understands.
//!
//! evcxr catches a cell's panic, prints Rust's own report on stderr and answers « ok ». The kernel's
//! compiler wrapper therefore runs each cell within [`run_cell`] and gives its errors to
//! [`cell_failed`]. None of them panics: they run while a cell is going wrong.

mod wording;

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt::Display,
    io::{ErrorKind, Read, Write},
    panic::{self, AssertUnwindSafe, Location, PanicHookInfo},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tp_protocol::Marker;

use super::{
    capture, live,
    output::{print_line, speaks_protocol},
    process,
};
use wording::{explain, one_line, short_location, shorten, todo_text};

/// The file of the cells, as evcxr has them compiled.
const CELL_FILE: &str = "src/lib.rs";

/// What a panic left behind.
#[derive(Debug, Clone)]
struct Record {
    message: String,
    location: Option<String>,
    /// Line of the generated file, where the panic came from a cell.
    line: Option<u32>,
    /// The function of a cell that stopped on `todo!`, when it was looked for.
    function: Option<String>,
}

/// What the hook does with a panic of the current thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A thread that is not ours: say one line.
    Elsewhere,
    /// The cell's thread: stay silent, [`cell_panicked`] speaks.
    Cell,
    /// Within [`catch`]: stay silent, the caller speaks.
    Caught,
    /// Within [`catch_named`]: the same, and look for the function that is still to write.
    Named,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Elsewhere) };
    static LAST: RefCell<Option<Record>> = const { RefCell::new(None) };
}

// A panic hook belongs to the whole process, and a rayon worker's panic reaches the cell without
// passing the hook again: hence these, the only global state of the crate.
static INSTALL: Once = Once::new();
static PREPARE: Once = Once::new();
static IN_KERNEL: AtomicBool = AtomicBool::new(false);
static LAST_ELSEWHERE: Mutex<Option<Record>> = Mutex::new(None);

/// Called at the start of each cell: marks this thread as the cell's, forgets earlier panics, and
/// on first use installs the panic hook and prepares the process.
pub fn enter_cell() {
    install_hook();
    PREPARE.call_once(|| {
        process::prepare();
        live::prepare();
    });
    IN_KERNEL.store(true, Ordering::Relaxed);
    set_mode(Mode::Cell);
    take_last();
}

/// Runs a cell in place of `std::panic::catch_unwind`: the wrapper puts it there.
///
/// What the cell prints goes to the adapter's own pipes where there are some; a panic is told as
/// [`cell_panicked`] does.
pub fn run_cell<R>(cell: impl FnOnce() -> R) -> std::thread::Result<R> {
    enter_cell();
    capture::begin();
    let outcome = panic::catch_unwind(AssertUnwindSafe(cell));
    if outcome.is_err() {
        cell_panicked();
    }
    capture::end();
    outcome
}

/// Keeps one line for evcxr itself, which [`leave_cell`] gives it.
pub fn tell_evcxr(line: &str) {
    capture::tell_evcxr(line);
}

/// Called at the very end of a cell, however it ended: evcxr hears of it. The wrapper puts it there.
pub fn leave_cell() {
    capture::leave_cell();
}

/// Called when the cell's panic was caught: prints one line on stdout, a marker where the reader
/// understands markers, else a French sentence.
pub fn cell_panicked() {
    let record = take_last();
    let message = record.as_ref().map_or_else(
        || "cause inconnue".to_owned(),
        |record| explain(&record.message),
    );
    if speaks_protocol() {
        print_place(record.as_ref().and_then(|record| record.line));
        print_line(
            &Marker::Panic {
                message,
                location: record.and_then(|record| record.location),
            }
            .encode(),
        );
    } else {
        print_line(&format!(
            "✘ La cellule s'est arrêtée (panique) : {}",
            one_line(&message)
        ));
    }
}

/// Called when `?` ended the cell on an error: prints one line on stdout, as [`cell_panicked`] does.
///
/// The wrapper passes `&error`, or `&format_args!("{error:?}")` where the error is only `Debug`. The
/// caller's place is that of the `?`.
#[track_caller]
pub fn cell_failed(error: &dyn Display) {
    let place = Location::caller();
    // A student's own `Display` may panic.
    let message = catch(|| error.to_string())
        .unwrap_or_else(|_| "l'affichage de l'erreur a lui-même échoué".to_owned());
    let message = shorten(&message);
    if speaks_protocol() {
        print_place((place.file() == CELL_FILE).then(|| place.line()));
        print_line(&Marker::Failure { message }.encode());
    } else {
        print_line(&format!(
            "✘ La cellule s'est arrêtée (erreur) : {}",
            one_line(&message)
        ));
    }
}

fn print_place(line: Option<u32>) {
    if let Some(line) = line {
        print_line(&Marker::Line { line }.encode());
    }
}

/// Why [`catch`]ed code stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stopped {
    /// On `todo!`: the student has not written it yet.
    Todo,
    /// On another panic; the message is short and in French as far as we can.
    Panicked(String),
}

/// Runs student code; a panic is silent and comes back as a value.
pub(super) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Stopped> {
    caught(Mode::Caught, run).map_err(|(stopped, _)| stopped)
}

/// [`catch`], with the name of the student's function that is still `todo!`, where it is found. Finding it takes a moment.
pub(super) fn catch_named<T>(run: impl FnOnce() -> T) -> Result<T, (Stopped, Option<String>)> {
    caught(Mode::Named, run)
}

fn caught<T>(mode: Mode, run: impl FnOnce() -> T) -> Result<T, (Stopped, Option<String>)> {
    install_hook();
    let before = set_mode(mode);
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    set_mode(before);
    outcome.map_err(|payload| {
        let (message, function) = match take_last() {
            Some(record) => (record.message, record.function),
            None => (payload_text(&*payload), None),
        };
        // Dropping the payload may run a destructor that panics.
        std::mem::forget(payload);
        match todo_text(&message) {
            Some(_) => (Stopped::Todo, function),
            None => (Stopped::Panicked(explain(&message)), None),
        }
    })
}

fn install_hook() {
    INSTALL.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| hook(info, &*default)));
    });
}

fn hook(info: &PanicHookInfo<'_>, default: &dyn Fn(&PanicHookInfo<'_>)) {
    let mode = MODE.try_with(Cell::get).unwrap_or(Mode::Elsewhere);
    let line = match info.location() {
        Some(location) if location.file() == CELL_FILE => Some(location.line()),
        // A backtrace takes a moment: only where the cell ends on it.
        _ if mode == Mode::Cell && speaks_protocol() => cell_line(),
        _ => None,
    };
    let message = payload_text(info.payload());
    let function = match mode {
        Mode::Named if speaks_protocol() && todo_text(&message).is_some() => cell_function(),
        _ => None,
    };
    let record = Record {
        message,
        function,
        location: info
            .location()
            .map(|location| short_location(&location.to_string())),
        line,
    };
    match mode {
        Mode::Cell | Mode::Caught | Mode::Named => {
            let _ = LAST.try_with(|last| {
                if let Ok(mut last) = last.try_borrow_mut() {
                    *last = Some(record);
                }
            });
        }
        Mode::Elsewhere if IN_KERNEL.load(Ordering::Relaxed) => {
            let line = format!(
                "⚠ Un calcul en arrière-plan s'est arrêté (panique) : {}\n",
                one_line(&explain(&record.message))
            );
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
            *LAST_ELSEWHERE
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(record);
        }
        // Outside our kernel (tests, programs), Rust's own report is the useful one.
        Mode::Elsewhere => {
            default(info);
            *LAST_ELSEWHERE
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(record);
        }
    }
}

fn set_mode(mode: Mode) -> Mode {
    MODE.try_with(|current| current.replace(mode))
        .unwrap_or(Mode::Elsewhere)
}

/// The last panic of this thread, else of another one; both are forgotten.
fn take_last() -> Option<Record> {
    let here = LAST
        .try_with(|last| last.try_borrow_mut().ok().and_then(|mut last| last.take()))
        .ok()
        .flatten();
    let elsewhere = LAST_ELSEWHERE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    here.or(elsewhere)
}

fn payload_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "cause inconnue".to_owned()
    }
}

/// Longest wait for the line of a panic.
const SEARCH: Duration = Duration::from_secs(2);

unsafe extern "C" {
    /// POSIX: a copy of the process, with this thread alone.
    fn fork() -> i32;
    /// POSIX: ends the process without running anything more.
    fn _exit(status: i32) -> !;
    /// POSIX: has the process ended by a signal in so many seconds.
    fn alarm(seconds: u32) -> u32;
    /// POSIX: sends a signal; [`KILL`] ends the process.
    fn kill(process: i32, signal: i32) -> i32;
    /// POSIX: takes note that a child has ended.
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
}

const KILL: i32 = 9;
/// Seconds after which a copy ends by itself, should its process be gone.
const ALARM: u32 = 3;

/// The line of the innermost frame that lies in a cell.
///
/// The standard library lists the process's libraries at its first backtrace and never again, while every cell is a
/// library loaded later. A copy of the process, which has never made a backtrace, makes it and gives the line.
fn cell_line() -> Option<u32> {
    from_copy(|| {
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        let line = trace.lines().find_map(frame_line);
        line.map_or_else(String::new, |line| line.to_string())
    })?
    .parse()
    .ok()
}

/// The name of the innermost function that lies in a cell, found as [`cell_line`] finds its line.
fn cell_function() -> Option<String> {
    from_copy(|| {
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        frame_function(&trace).unwrap_or_default()
    })
}

/// What `work` finds in a copy of the process; `None` for nothing, or when the copy does not answer.
fn from_copy(work: impl FnOnce() -> String) -> Option<String> {
    let (mut reader, mut writer) = std::io::pipe().ok()?;
    // SAFETY: the copy only works, writes and ends. The allocator works in a copy; should another lock be held there by a
    // thread that was not copied, the copy waits until its alarm.
    let copy = unsafe { fork() };
    if copy < 0 {
        return None;
    }
    if copy == 0 {
        // SAFETY: sets an alarm of this copy.
        unsafe { alarm(ALARM) };
        let _ = writer.write_all(work().as_bytes());
        // SAFETY: ends this copy.
        unsafe { _exit(0) };
    }
    drop(writer);
    let (sender, receiver) = std::sync::mpsc::channel();
    let waiting = thread::Builder::new().spawn(move || {
        let mut text = String::new();
        let read = reader.read_to_string(&mut text);
        let _ = sender.send(read.map(|_| text));
    });
    let answer = waiting
        .ok()
        .and_then(|_| receiver.recv_timeout(SEARCH).ok()?.ok());
    // SAFETY: `copy` is a child of ours that nobody else waits for.
    unsafe {
        kill(copy, KILL);
        let interrupted = || std::io::Error::last_os_error().kind() == ErrorKind::Interrupted;
        while waitpid(copy, std::ptr::null_mut(), 0) < 0 && interrupted() {}
    }
    answer.filter(|found| !found.is_empty())
}

/// The name of the first function of a backtrace whose place is a cell's; none for the cell's own code.
fn frame_function(trace: &str) -> Option<String> {
    let lines: Vec<&str> = trace.lines().collect();
    let name = lines.windows(2).find_map(|pair| {
        frame_line(pair[1])?;
        let (number, path) = pair[0].trim_start().split_once(": ")?;
        number.parse::<u32>().ok().map(|_| path)
    })?;
    // `<ctx::DbVae as visages::…::DebiasingModel>::decode`, `ctx::latent_loss`, `ctx::f::{{closure}}`.
    let last = name
        .rsplit("::")
        .find(|part| !part.starts_with('{') && !part.is_empty())?;
    let is_name = last.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !last.starts_with("run_user_code")).then(|| last.to_owned())
}

/// The line of a backtrace's « at …/src/lib.rs:12:5 », when the file is a cell's.
fn frame_line(text: &str) -> Option<u32> {
    let place = text.trim_start().strip_prefix("at ")?;
    let (path, place) = place.rsplit_once(CELL_FILE)?;
    // Other crates of ours have no line numbers; the standard library's have the compiler's path.
    if path.starts_with("/rustc/") || path.contains("/registry/src/") {
        return None;
    }
    place.split(':').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_cell_is_found_in_a_backtrace() {
        let cases = [
            ("             at ./src/lib.rs:41:9", Some(41)),
            ("             at /ailleurs/noyau/src/lib.rs:7:13", Some(7)),
            ("   3: ctx::run_user_code_2::{{closure}}", None),
            (
                "             at /rustc/0123/library/std/src/lib.rs:7:13",
                None,
            ),
            (
                "             at /u/registry/src/index-1/burn-0.22.1/src/lib.rs:7:13",
                None,
            ),
        ];
        for (text, line) in cases {
            assert_eq!(frame_line(text), line, "{text}");
        }
    }

    #[test]
    fn the_function_of_a_cell_is_found_in_a_backtrace() {
        let trace = |name: &str| {
            format!(
                "   0: std::backtrace::Backtrace::force_capture\n             at /rustc/0123/library/std/src/lib.rs:7:13\n   \
                 1: core::panicking::panic_fmt\n   2: {name}\n             at ./src/lib.rs:4:5\n   3: ctx::run_user_code_2\n"
            )
        };
        for (name, found) in [
            ("ctx::latent_loss", Some("latent_loss")),
            ("ctx::train_cnn::{{closure}}", Some("train_cnn")),
            (
                "<ctx::DbVae as visages::train::debiasing_model::DebiasingModel>::decode",
                Some("decode"),
            ),
            ("ctx::run_user_code_3::{{closure}}", None),
        ] {
            assert_eq!(frame_function(&trace(name)).as_deref(), found, "{name}");
        }
        assert_eq!(frame_function("rien"), None);
    }

    #[test]
    fn a_copy_of_the_process_answers_or_is_given_up() {
        assert_eq!(from_copy(|| "41".to_owned()), Some("41".to_owned()));
        assert_eq!(from_copy(String::new), None);
        // The copy ends without a word.
        // SAFETY: ends the copy.
        assert_eq!(from_copy(|| unsafe { _exit(1) }), None);
    }

    #[test]
    fn caught_code_comes_back_as_a_value() {
        assert_eq!(catch(|| 7), Ok(7));
        assert_eq!(catch(|| -> u8 { todo!("À FAIRE") }), Err(Stopped::Todo));
        assert_eq!(
            catch(|| -> u8 { panic!("raté {}", 3) }),
            Err(Stopped::Panicked("raté 3".to_owned()))
        );
        // A payload that is no text, and a panic while catching within catching.
        assert_eq!(
            catch(|| panic::panic_any(5_u64)),
            Err(Stopped::Panicked("cause inconnue".to_owned()))
        );
        let nested = catch(|| catch(|| -> u8 { panic!("dedans") }));
        assert_eq!(nested, Ok(Err(Stopped::Panicked("dedans".to_owned()))));
    }
}
