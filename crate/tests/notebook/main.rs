//! What a notebook meets: the prelude, checks, live displays, stops; and the worker that `tp` starts.

mod controls;
mod lab_checks;
mod live;
mod panic;
mod prelude;
mod rooms;
mod worker;
