use std::process::ExitCode;

fn main() -> ExitCode {
    races::run()
}
