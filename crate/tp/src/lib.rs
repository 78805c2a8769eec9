//! Command line of « TP visages »: set-up of the Rust kernel, execution of notebooks, diagnosis.
//!
//! The package does not depend on `visages`: it must compile in about a minute, before anything heavy exists.
//!
//! | module | owns |
//! |---|---|
//! | [`cli`] | the commands, their French help, exit codes |
//! | [`paths`] | where the repository, the cache and the data are |
//! | [`platform`] | everything that differs between operating systems |
//! | [`french`] | how numbers and counts are written |
//! | `lines` | lines for whoever reads the command |
//! | [`process`] | child commands: progress, French failures |
//! | [`kernel`] | the kernel folder, the launcher, the compiler wrapper |
//! | [`setup`] | what is installed, what is missing, how to install it |
//! | [`jupyter`] | our Jupyter client |
//! | [`notebook`] | notebooks on disk |
//! | [`publish`] | a Markdown source becomes the student's notebook and the solution |
//! | [`report`] | the page that a student hands in |
//! | [`worker`] | the program that does what needs the library |
//! | [`statistics`] | means over seeds, with their interval |
//! | [`commands`] | one file a command |

#[macro_use]
mod lines;

pub mod cli;
pub mod commands;
pub mod error;
pub mod french;
pub mod jupyter;
pub mod kernel;
pub mod notebook;
pub mod paths;
pub mod platform;
pub mod process;
pub mod publish;
pub mod report;
pub mod setup;
pub mod statistics;
pub mod worker;
