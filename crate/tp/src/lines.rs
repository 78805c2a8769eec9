//! Lines for whoever reads the command. A reader that is gone (`cargo tp doctor | head -1`) wants no more of them: it is no
//! failure, and no reason to panic, as `println!` does.

/// A result, on standard output.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Progress or an error, on standard error.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}
