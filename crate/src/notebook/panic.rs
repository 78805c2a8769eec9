//! What became of a cell that stops: one line the reader (or `tp run`) understands.
//!
//! evcxr catches a cell's panic, prints Rust's own report on stderr and answers « ok ». The kernel's
//! compiler wrapper therefore runs each cell within [`run_cell`] and gives its errors to
//! [`cell_failed`]. None of them panics: they run while a cell is going wrong.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt::Display,
    io::Write,
    panic::{self, AssertUnwindSafe, Location, PanicHookInfo},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tp_protocol::{Marker, PROTOCOL_VARIABLE};

use super::{
    capture::{self, Capture},
    live, process,
};

/// The file of the cells, as evcxr has them compiled.
const CELL_FILE: &str = "src/lib.rs";

/// Longest message shown, in characters.
const LONGEST_MESSAGE: usize = 600;

/// What a panic left behind.
#[derive(Debug, Clone)]
struct Record {
    message: String,
    location: Option<String>,
    /// Line of the generated file, where the panic came from a cell.
    line: Option<u32>,
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
/// What the cell prints goes to the adapter's own pipes where there are some, and ends with a
/// marker on each stream; a panic is told as [`cell_panicked`] does.
pub fn run_cell<R>(cell: impl FnOnce() -> R) -> std::thread::Result<R> {
    enter_cell();
    let capture = Capture::begin();
    let outcome = panic::catch_unwind(AssertUnwindSafe(cell));
    if outcome.is_err() {
        cell_panicked();
    }
    capture.end();
    outcome
}

/// Prints one line for evcxr itself, once the cell no longer prints for the adapter.
pub fn tell_evcxr(line: &str) {
    capture::tell_evcxr(line);
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
    install_hook();
    let before = set_mode(Mode::Caught);
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    set_mode(before);
    outcome.map_err(|payload| {
        let message = take_last().map_or_else(|| payload_text(&*payload), |record| record.message);
        // Dropping the payload may run a destructor that panics.
        std::mem::forget(payload);
        match todo_text(&message) {
            Some(_) => Stopped::Todo,
            None => Stopped::Panicked(explain(&message)),
        }
    })
}

/// Writes one whole line at once; a closed output is no reason to fail.
pub(super) fn print_line(line: &str) {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
}

/// Whether the reader of stdout understands markers.
pub(super) fn speaks_protocol() -> bool {
    std::env::var_os(PROTOCOL_VARIABLE).is_some_and(|value| value == "1")
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
    let record = Record {
        message: payload_text(info.payload()),
        location: info
            .location()
            .map(|location| short_location(&location.to_string())),
        line,
    };
    match mode {
        Mode::Cell | Mode::Caught => {
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

/// What `todo!` and `unimplemented!` say, if the message comes from one of them.
fn todo_text(message: &str) -> Option<&str> {
    ["not yet implemented", "not implemented"]
        .into_iter()
        .find_map(|prefix| message.strip_prefix(prefix))
        .and_then(|rest| match rest {
            "" => Some(""),
            _ => rest.strip_prefix(": "),
        })
}

/// A panic message made short, and French where it is one of the usual ones.
fn explain(message: &str) -> String {
    if let Some(text) = todo_text(message) {
        let text = if text.is_empty() { "À FAIRE" } else { text };
        return format!("Exercice à compléter : {}", shorten(text));
    }
    if let Some(explained) = tensor_error(message) {
        return shorten(&explained);
    }
    let explained = if let Some(rest) = message.strip_prefix("index out of bounds: the len is ") {
        match rest.split_once(" but the index is ") {
            Some((len, index)) => format!("indice {index} hors limites : il y a {len} élément(s)"),
            None => message.to_owned(),
        }
    } else if message == "attempt to divide by zero" {
        "division d'un entier par zéro".to_owned()
    } else if let Some(operation) = message
        .strip_prefix("attempt to ")
        .and_then(|rest| rest.strip_suffix(" with overflow"))
    {
        format!("dépassement de capacité d'un entier (opération « {operation} »)")
    } else if message == "called `Option::unwrap()` on a `None` value" {
        "`unwrap()` sur une option vide (`None`)".to_owned()
    } else if let Some(error) =
        message.strip_prefix("called `Result::unwrap()` on an `Err` value: ")
    {
        format!("`unwrap()` sur une erreur : {error}")
    } else {
        message.to_owned()
    };
    shorten(&explained)
}

/// Burn's report of a refused tensor operation, on one line: the operation, the shapes, and burn's
/// own reasons, whose English words the reader can look up.
fn tensor_error(message: &str) -> Option<String> {
    let report = message.split_once("=== Tensor Operation Error ===")?.1;
    let operation = report
        .split_once("Operation: '")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map_or("inconnue", |(name, _)| name);
    let reasons: Vec<&str> = report
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .filter_map(|line| line.split_once(". ").map(|(_, reason)| reason.trim()))
        .collect();
    let reasons = reasons
        .join(" ")
        .replace("Shape { dims: [", "[")
        .replace("] }", "]");
    let cause = match shapes(&reasons).as_slice() {
        [left, right] => format!("formes {left} et {right} incompatibles"),
        _ => "arguments refusés".to_owned(),
    };
    Some(format!(
        "opération « {operation} » impossible, {cause} (burn : {reasons})"
    ))
}

/// The bracketed lists of a text: `[2, 4]`.
fn shapes(text: &str) -> Vec<&str> {
    text.match_indices('[')
        .filter_map(|(start, _)| {
            let end = start + text[start..].find(']')?;
            Some(&text[start..=end])
        })
        .collect()
}

/// The line of the innermost frame that lies in a cell.
fn cell_line() -> Option<u32> {
    let trace = std::backtrace::Backtrace::force_capture().to_string();
    trace.lines().find_map(frame_line)
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

/// A source location without the folder where cargo unpacks crates.
fn short_location(location: &str) -> String {
    match location.split_once("/registry/src/") {
        Some((_, rest)) => rest
            .split_once('/')
            .map_or(rest, |(_, path)| path)
            .to_owned(),
        None => location.to_owned(),
    }
}

/// The first meaningful lines, at most [`LONGEST_MESSAGE`] characters.
fn shorten(message: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty())
        .take(LINES)
        .collect();
    let text = lines.join("\n");
    if text.chars().count() <= LONGEST_MESSAGE {
        return text;
    }
    let start: String = text.chars().take(LONGEST_MESSAGE).collect();
    format!("{start}…")
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_panics_become_short_french() {
        let cases = [
            (
                "not yet implemented: À FAIRE",
                "Exercice à compléter : À FAIRE",
            ),
            ("not yet implemented", "Exercice à compléter : À FAIRE"),
            (
                "index out of bounds: the len is 3 but the index is 7",
                "indice 7 hors limites : il y a 3 élément(s)",
            ),
            ("attempt to divide by zero", "division d'un entier par zéro"),
            (
                "attempt to subtract with overflow",
                "dépassement de capacité d'un entier (opération « subtract »)",
            ),
            ("mon message", "mon message"),
        ];
        for (message, expected) in cases {
            assert_eq!(explain(message), expected);
        }
        // A message that merely begins alike is not a `todo!`.
        assert_eq!(explain("not implementedness"), "not implementedness");
    }

    #[test]
    fn a_tensor_report_keeps_operation_shapes_and_reasons() {
        let report = "=== Tensor Operation Error ===\n  Operation: 'Matmul'\n  Reason:\n    \
                      1. The inner dimension of matmul should be the same, but got 4 and 5. Lhs shape \
                      Shape { dims: [2, 4] }, rhs shape Shape { dims: [5, 3] }. \n";
        assert_eq!(
            explain(report),
            "opération « Matmul » impossible, formes [2, 4] et [5, 3] incompatibles (burn : The inner \
             dimension of matmul should be the same, but got 4 and 5. Lhs shape [2, 4], rhs shape [5, 3].)"
        );
        let other = "=== Tensor Operation Error ===\n  Operation: 'Stack'\n  Reason:\n    \
                     1. Can't stack an empty list of tensors. \n";
        assert_eq!(
            explain(other),
            "opération « Stack » impossible, arguments refusés (burn : Can't stack an empty list of \
             tensors.)"
        );
        // Cut in the middle, it is still told.
        assert!(explain("=== Tensor Operation Error ===\n  Operation: 'Mat").contains("inconnue"));
        assert_eq!(shapes("[1] [2, 3] [4"), ["[1]", "[2, 3]"]);
    }

    #[test]
    fn the_line_of_a_cell_is_found_in_a_backtrace() {
        let cases = [
            ("             at ./src/lib.rs:41:9", Some(41)),
            ("             at /tmp/tp-noyau-1/src/lib.rs:7:13", Some(7)),
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
    fn a_location_does_not_show_the_readers_folders() {
        assert_eq!(
            short_location("/home/x/.cargo/registry/src/index-1949/burn-0.22.1/src/a.rs:8:9"),
            "burn-0.22.1/src/a.rs:8:9"
        );
        assert_eq!(short_location("crate/src/a.rs:1:2"), "crate/src/a.rs:1:2");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let long = "é".repeat(10_000);
        assert_eq!(shorten(&long).chars().count(), LONGEST_MESSAGE + 1);
        assert_eq!(shorten("a\n\n\nb\nc\nd\ne\nf"), "a\nb\nc\nd");
        assert_eq!(one_line("a\n  b\tc"), "a b c");
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
