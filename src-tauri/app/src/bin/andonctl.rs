//! `andonctl`: the console on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    andon_app::ctl::main()
}
