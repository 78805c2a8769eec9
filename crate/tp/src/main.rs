//! Entry point: the same binary is the `tp` command and, under the name `tp-rustc`, the compiler wrapper of the kernel.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let name = std::path::Path::new(&name).file_name().unwrap_or_default();
    if name == tp::kernel::WRAPPER_NAME {
        return tp::kernel::wrapper::main(arguments.collect());
    }
    tp::cli::main()
}
