//! Plays a script of your own to your connection: `cargo run -p ch12 --example script12 -- FILE`.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
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
    set_hook(Box::new(explain));
    let mut row = 0;
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut player = player::Player::new(&script, "arrives(now, segment)");
        if let Some(name) = script.unread() {
            panic!("a connection has no setting {name}");
        }
        play(&script, &mut player, &mut |step| row = step.row)
    }));
    match played {
        Ok(Ok(())) => {
            println!("Every line came true.");
            return ExitCode::SUCCESS;
        }
        Ok(Err(mismatch)) => println!("{}", mismatch.report(&script)),
        Err(_) => {
            let line = script.rows().get(row).map_or("", |line| line.trim());
            eprintln!("{file} was at: {line}");
        }
    }
    ExitCode::FAILURE
}

/// A panic: of your code, which is where it says, or about what the script asks for.
fn explain(panic: &PanicHookInfo) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let text = text.unwrap_or_default();
    match panic.location() {
        Some(place) if place.file().starts_with("chapters") => eprintln!("{place}: {text}"),
        _ => eprintln!("{text}"),
    }
}
