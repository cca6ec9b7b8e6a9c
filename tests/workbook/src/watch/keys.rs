//! What the student types while `watch` runs: single keys on a terminal, lines elsewhere.

use std::sync::mpsc::Sender;
use std::thread;

pub enum Typed {
    /// A key, or the first letter of a line; none for an empty line.
    Letter(Option<char>),
    Ended,
}

/// Reads keys or lines until it is dropped.
pub struct Keys {
    /// While it lives, the terminal gives single keys.
    terminal: Option<single::Terminal>,
}

impl Keys {
    pub fn read<T: From<Typed> + Send + 'static>(sender: Sender<T>) -> Keys {
        let terminal = single::Terminal::enter();
        let is_single = terminal.is_some();
        thread::spawn(move || {
            let send = |typed| sender.send(T::from(typed)).is_ok();
            if is_single {
                single::read(send);
            } else {
                read_lines(send);
            }
        });
        Keys { terminal }
    }

    /// Without Enter.
    pub fn are_single(&self) -> bool {
        self.terminal.is_some()
    }
}

/// `send` says whether anybody listens still.
fn read_lines(send: impl Fn(Typed) -> bool) {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if !send(Typed::Letter(line.trim().chars().next())) {
            return;
        }
    }
    send(Typed::Ended);
}

/// A terminal gives lines, and shows what is typed, until it is told otherwise. It must be told back
/// whatever ends the program.
#[cfg(unix)]
mod single {
    use std::io::{IsTerminal, Read};
    use std::thread;

    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::low_level::emulate_default_handler;

    use super::Typed;
    use crate::ui;

    pub struct Terminal {
        before: Termios,
        signals: Handle,
    }

    impl Terminal {
        /// `None` where there is no terminal, or one that cannot do it.
        pub fn enter() -> Option<Terminal> {
            let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
            if !is_terminal || !ui::has_escapes() {
                return None;
            }
            let before = tcgetattr(std::io::stdin()).ok()?;
            let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP]).ok()?;
            let handle = signals.handle();
            set(&single_keys(&before));
            let saved = before.clone();
            thread::spawn(move || {
                for signal in &mut signals {
                    set(&saved);
                    // Ends the process as if nobody had listened, or stops it until `fg`.
                    let _ = emulate_default_handler(signal);
                    set(&single_keys(&saved));
                }
            });
            Some(Terminal {
                before,
                signals: handle,
            })
        }
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            self.signals.close();
            set(&self.before);
        }
    }

    /// Ctrl-C and Ctrl-Z stay signals.
    fn single_keys(before: &Termios) -> Termios {
        let mut modes = before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        modes
    }

    fn set(modes: &Termios) {
        // A terminal that has gone needs nothing.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, modes);
    }

    pub fn read(send: impl Fn(Typed) -> bool) {
        const CTRL_D: char = '\x04';
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = std::io::stdin().read(&mut bytes) {
            for letter in letters(&bytes[..count]) {
                if letter == CTRL_D {
                    send(Typed::Ended);
                    return;
                }
                if !send(Typed::Letter(Some(letter))) {
                    return;
                }
            }
        }
        send(Typed::Ended);
    }

    /// The keys of one letter. An arrow or a function key comes as an escape, a bracket, and more up
    /// to a letter, which is not the key of that letter.
    fn letters(bytes: &[u8]) -> Vec<char> {
        const ESCAPE: u8 = 0x1b;
        let mut letters = Vec::new();
        let mut bytes = bytes.iter().copied();
        while let Some(byte) = bytes.next() {
            if byte != ESCAPE {
                letters.push(char::from(byte));
            } else if bytes.next() == Some(b'[') {
                let _ = bytes.find(|byte| matches!(byte, 0x40..=0x7e));
            }
        }
        letters
    }

    #[cfg(test)]
    #[test]
    fn an_arrow_is_no_letter() {
        assert_eq!(letters(b"h\x1b[A\x1b[1;5Ax\x1b"), ['h', 'x']);
    }
}

#[cfg(not(unix))]
mod single {
    use super::Typed;

    pub struct Terminal;

    impl Terminal {
        pub fn enter() -> Option<Terminal> {
            None
        }
    }

    pub fn read(_: impl Fn(Typed) -> bool) {}
}
