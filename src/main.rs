//! The program: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser as _;
use migration_gate::{app, cli::Cli, host};

fn main() -> ExitCode {
    host::read_failpoints();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap prints them to standard output.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    ExitCode::from(app::main(&cli))
}
