//! One file a command: its arguments (French help) and what it does.

pub mod bench;
pub mod classe;
pub mod data;
pub mod doctor;
pub mod kernel;
pub mod lab;
pub mod publish;
pub mod rapport;
pub mod run;
pub mod setup;
pub mod test;
