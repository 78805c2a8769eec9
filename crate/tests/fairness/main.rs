//! Measures by group, and the figures that show them.

mod ages;
mod audit;
mod compare;
mod detector;
mod figures;
