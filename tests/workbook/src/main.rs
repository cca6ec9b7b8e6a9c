use std::process::ExitCode;

fn main() -> ExitCode {
    workbook::run()
}
