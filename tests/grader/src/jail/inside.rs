//! The jail of limits alone: the grader's own binary sets them on itself, then becomes the program.

use std::process::ExitCode;

use super::order::Order;

/// The argument by which the binary knows that it is meant.
pub const WORD: &str = "--inside";

/// With this code the binary says that it could not build the jail. Standard error says why.
const NO_JAIL: u8 = 125;
/// The binary's last word on standard error, when everything is in force. What comes before it is ours,
/// and what comes after it, the end as well, is the program's: a submission that says it has no jail
/// is not believed, and a jail that was not built costs nobody a point.
pub const READY: &str = "cargo grader's jail is closed\n";

/// Comes back only with an error.
pub fn run(order: &str) -> ExitCode {
    let why = match Order::read(order) {
        Ok(order) => become_program(order),
        Err(why) => why,
    };
    eprintln!("cargo grader's jail: {why}");
    ExitCode::from(NO_JAIL)
}

#[cfg(unix)]
fn become_program(mut order: Order) -> String {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if let Some(user) = order.user.take() {
        let own = match std::env::current_exe() {
            Ok(own) => own,
            Err(error) => return format!("cannot find its own program: {error}"),
        };
        // Also gives up the supplementary groups.
        let error = Command::new(own)
            .args([WORD, &order.written()])
            .uid(user)
            .gid(user)
            .exec();
        return format!("cannot become user {user}: {error}");
    }
    let cell = &order.cell;
    // Whether we may start it, we look before: afterwards it is too late to say so.
    let prepared = super::limits::apply(cell.quotas).and_then(|()| {
        std::env::set_current_dir(&cell.dir)
            .map_err(|error| format!("cannot enter {}: {error}", cell.dir.display()))?;
        rustix::fs::access(&cell.program, rustix::fs::Access::EXEC_OK)
            .map_err(|error| format!("cannot run {}: {error}", cell.program.display()))
    });
    if let Err(why) = prepared {
        return why;
    }
    // From here on nobody but the program speaks and ends.
    eprint!("{READY}");
    let error = Command::new(&cell.program)
        .args(&cell.args)
        .env_clear()
        .envs(cell.env.iter().map(|(name, value)| (name, value)))
        .exec();
    format!("cannot run {}: {error}", cell.program.display())
}

#[cfg(not(unix))]
fn become_program(_: Order) -> String {
    "there is none on this system".into()
}
