//! Plays a script of your own to your connection: `cargo run -p ch12 --example script12 -- FILE`.

use std::process::ExitCode;

use netlab::script::{Script, play};

mod player;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("Which script? cargo run -p ch12 --example script12 -- FILE");
        return ExitCode::FAILURE;
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let script = match Script::parse(&text) {
        Ok(script) => script,
        Err(mistake) => {
            eprintln!("{file}, {mistake}");
            return ExitCode::FAILURE;
        }
    };
    let mut player = player::Player::new(&script, "arrives(now, segment)");
    if let Some(name) = script.unread() {
        eprintln!("{file}: a connection has no setting {name}");
        return ExitCode::FAILURE;
    }
    match play(&script, &mut player, &mut |_| {}) {
        Ok(()) => {
            println!("Every line came true.");
            ExitCode::SUCCESS
        }
        Err(mismatch) => {
            println!("{}", mismatch.report(&script));
            ExitCode::FAILURE
        }
    }
}
