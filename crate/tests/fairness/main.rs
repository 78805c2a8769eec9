//! Measures by group, and the figures that show them.

mod audit;
mod compare;
mod detector;
mod figures;
