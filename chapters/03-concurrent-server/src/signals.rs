//! Given, not an exercise: the signals that ask a program to stop.

use std::io;

/// Ctrl-C (SIGINT) and what `kill` sends (SIGTERM). On Windows, Ctrl-C.
///
/// A signal interrupts a thread anywhere, and a handler may do almost nothing there. Two
/// well-maintained crates do this, `signal-hook` on Unix and `ctrlc` on Windows.
#[derive(Debug)]
pub struct StopSignals(system::Signals);

impl StopSignals {
    /// From now on these signals do not end the program: [`StopSignals::wait`] gets them.
    ///
    /// A signal that was ignored when the program started stays ignored: in this way a shell keeps
    /// Ctrl-C from its background programs. The signal of a closed terminal (SIGHUP) is not
    /// changed, so `nohup` works.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn catch() -> io::Result<StopSignals> {
        system::catch().map(StopSignals)
    }

    /// Sleeps until the next of them comes.
    pub fn wait(&mut self) {
        system::wait(&mut self.0);
    }
}

#[cfg(unix)]
mod system {
    use std::{fs, io};

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::SignalsInfo;

    pub type Signals = SignalsInfo;

    pub fn catch() -> io::Result<Signals> {
        SignalsInfo::new([SIGINT, SIGTERM].into_iter().filter(|&n| !is_ignored(n)))
    }

    pub fn wait(signals: &mut Signals) {
        signals.forever().next();
    }

    /// Whether the program was started with this signal ignored. Linux tells
    /// (proc_pid_status(5)); elsewhere we take it that it was not.
    fn is_ignored(signal: i32) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;
    use std::sync::mpsc::{Receiver, sync_channel};

    pub type Signals = Receiver<()>;

    pub fn catch() -> io::Result<Signals> {
        // Room for two: the second one may come before the first was taken.
        let (stop, stopped) = sync_channel(2);
        let tell = move || {
            let _ = stop.try_send(());
        };
        ctrlc::set_handler(tell).map_err(io::Error::other)?;
        Ok(stopped)
    }

    pub fn wait(signals: &mut Signals) {
        // The handler keeps the sender for ever, so this ends with a signal.
        let _ = signals.recv();
    }
}
