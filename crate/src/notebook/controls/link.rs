//! The connection of this process to the kernel adapter, and what comes over it.

use std::{
    collections::HashMap,
    io::Write,
    os::unix::net::UnixStream,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use tp_protocol::controls::{
    File, Frame, FromCells, SOCKET_VARIABLE, ToCells, VERSION, Value, View as Shown,
};

use super::{builder::Panel, view::View};

/// How long the adapter may take to open a set.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a set hears.
pub(super) enum Told {
    /// It is there, shown by this model, if a page shows it.
    Opened(Option<String>),
    /// Its values now.
    Values {
        serial: u64,
        values: Vec<Value>,
        file: Option<(File, Vec<u8>)>,
    },
}

/// A set that the adapter knows.
pub(super) struct Opened {
    pub(super) number: u64,
    /// The model that pages show it by; none where no page does.
    pub(super) model: Option<String>,
    /// Ends when the set is closed.
    pub(super) told: Receiver<Told>,
}

struct Link {
    writer: Mutex<UnixStream>,
    sets: Mutex<HashMap<u64, Sender<Told>>>,
}

/// One connection a process, made by its first set.
fn link() -> Option<&'static Link> {
    static LINK: OnceLock<Option<Link>> = OnceLock::new();
    let link = LINK.get_or_init(connect).as_ref()?;
    static READER: OnceLock<bool> = OnceLock::new();
    let reads = READER.get_or_init(|| {
        let stream = lock(&link.writer).try_clone();
        let Ok(stream) = stream else { return false };
        let reading = thread::Builder::new().name("curseurs".to_owned());
        reading.spawn(move || read(link, stream)).is_ok()
    });
    reads.then_some(link)
}

fn connect() -> Option<Link> {
    let mut stream = UnixStream::connect(std::env::var_os(SOCKET_VARIABLE)?).ok()?;
    let hello = Frame::new(&FromCells::Hello { version: VERSION }, b"");
    stream.write_all(&hello.encode()).ok()?;
    Some(Link {
        writer: Mutex::new(stream),
        sets: Mutex::default(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives each set what it is told, until the adapter ends.
fn read(link: &Link, mut stream: UnixStream) {
    while let Ok(Some(frame)) = Frame::read(&mut stream) {
        let (set, told) = match frame.message() {
            Ok(ToCells::Opened { set, model }) => (set, Told::Opened(model)),
            Ok(ToCells::Values {
                set,
                serial,
                values,
                file,
            }) => {
                let file = file.map(|file| (file, frame.bytes));
                (
                    set,
                    Told::Values {
                        serial,
                        values,
                        file,
                    },
                )
            }
            Ok(ToCells::Close { set }) => {
                lock(&link.sets).remove(&set);
                continue;
            }
            Err(_) => continue,
        };
        if let Some(sender) = lock(&link.sets).get(&set) {
            let _ = sender.send(told);
        }
    }
    // Their threads end.
    lock(&link.sets).clear();
}

impl Link {
    fn send(&self, message: &FromCells, bytes: &[u8]) -> bool {
        let frame = Frame::new(message, bytes).encode();
        lock(&self.writer).write_all(&frame).is_ok()
    }
}

/// Opens a set at the adapter; `None` where there is none.
pub(super) fn open(panel: &Panel, view: &View) -> Option<Opened> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let link = link()?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (sender, told) = mpsc::channel();
    lock(&link.sets).insert(number, sender);
    let (view, bytes) = view.message();
    let message = FromCells::Open {
        set: number,
        controls: panel.controls.clone(),
        rows: panel.rows.clone(),
        view,
    };
    let sent = link.send(&message, bytes);
    match sent.then(|| told.recv_timeout(PATIENCE)) {
        Some(Ok(Told::Opened(model))) => {
            if model.is_none() {
                forget(number);
            }
            Some(Opened {
                number,
                model,
                told,
            })
        }
        _ => {
            forget(number);
            link.send(&FromCells::Close { set: number }, b"");
            None
        }
    }
}

/// Nothing more is told to a set.
pub(super) fn forget(number: u64) {
    if let Some(link) = link() {
        lock(&link.sets).remove(&number);
    }
}

/// Sends what values gave.
pub(super) fn output(set: u64, serial: u64, view: Shown, bytes: &[u8]) {
    if let Some(link) = link() {
        link.send(&FromCells::Output { set, serial, view }, bytes);
    }
}
