//! Our Jupyter client: starts a kernel, runs cells through the real protocol, and reports what happened in typed form.
//!
//! The API blocks: each [`Client`] owns a small asynchronous runtime of its own, so that commands and tests stay plain
//! functions. Two kernels at once are two clients in two threads.
//!
//! | file | owns |
//! |---|---|
//! | [`process`] | the kernel's process group, its private folder, its end |
//! | [`tree`] | the descendants of a process and their memory |
//! | [`outputs`] | messages of one cell → notebook outputs and markers |
//! | `exchange` | channels, handshake, the messages of one cell |
//! | [`client`] | what a caller asks and gets back |
//! | [`page`] | a client that shows live controls |

pub mod client;
mod exchange;
pub mod outputs;
pub mod page;
pub mod process;
pub mod tree;

pub use client::{CellError, CellResult, CellStatus, Client, Completion, StartOptions};
pub use outputs::{Event, StreamName};
pub use page::Page;
pub use process::KernelCommand;
