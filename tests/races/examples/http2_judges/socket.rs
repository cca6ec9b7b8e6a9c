//! A Unix socket whose other end is examined.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::rules::play::Taken;

/// Who says nothing for so long may still say something.
const SILENCE: Duration = Duration::from_millis(30);
/// After so many silences nothing more comes.
pub const PATIENCE: usize = 60;

pub struct Socket {
    pub stream: UnixStream,
    pub is_told: bool,
}

impl Socket {
    pub fn new(stream: UnixStream, is_told: bool) -> Socket {
        stream.set_read_timeout(Some(SILENCE)).expect("a time-out");
        Socket { stream, is_told }
    }

    pub fn gives(&mut self, bytes: &[u8]) {
        // It may have gone.
        let _ = self.stream.write_all(bytes);
    }

    pub fn takes(&mut self) -> Taken {
        let mut piece = [0; 65_536];
        match self.stream.read(&mut piece) {
            Ok(0) => Taken::Closed,
            Ok(length) => Taken::Bytes(piece[..length].to_vec()),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Taken::Nothing
                }
                _ => Taken::Closed,
            },
        }
    }

    pub fn tells(&self, what: &str) {
        if self.is_told {
            println!("  {what}");
        }
    }
}
