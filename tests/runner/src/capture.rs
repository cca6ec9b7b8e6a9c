//! The output of a process, of which the beginning and the end are kept.

use std::io::Read;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The beginning and the end of what came. Nobody fills our memory with a loop full of `println!`.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
    /// How many bytes between them were not kept.
    pub dropped: u64,
}

impl Captured {
    /// Bytes of the head, and at least as many of the tail.
    const ENOUGH: usize = 32 * 1024;

    fn push(&mut self, piece: &[u8]) {
        let room = Captured::ENOUGH - self.head.len();
        let (first, rest) = piece.split_at(piece.len().min(room));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        // In large strides: cutting at every piece would copy the tail each time.
        if self.tail.len() > 2 * Captured::ENOUGH {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let cut = self.tail.len().saturating_sub(Captured::ENOUGH);
        self.tail.drain(..cut);
        self.dropped += cut as u64;
    }

    /// Takes everything away up to the first of these words, and the words. Whether they are there.
    pub fn begin_after(&mut self, words: &[u8]) -> bool {
        let at = self.head.windows(words.len()).position(|w| w == words);
        if let Some(at) = at {
            self.head.drain(..at + words.len());
        }
        at.is_some()
    }

    /// As text, with a word where something is missing.
    pub fn text(&self) -> String {
        let gap = match self.dropped {
            0 => String::new(),
            n => format!("\n[… {n} bytes left out …]\n"),
        };
        let bytes = [self.head.as_slice(), gap.as_bytes(), &self.tail].concat();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Reads a pipe to its end in the background.
pub struct Capture {
    kept: Arc<Mutex<Captured>>,
    /// Disconnected at the end of the pipe.
    ended: Receiver<()>,
}

impl Capture {
    pub fn of(mut pipe: impl Read + Send + 'static) -> Capture {
        let kept = Arc::new(Mutex::new(Captured::default()));
        let (until_the_end, ended) = mpsc::channel();
        let keeper = kept.clone();
        thread::spawn(move || {
            let _until_the_end: Sender<()> = until_the_end;
            let mut piece = [0; 16 * 1024];
            while let Ok(n @ 1..) = pipe.read(&mut piece) {
                keeper
                    .lock()
                    .expect("keeping does not panic")
                    .push(&piece[..n]);
            }
        });
        Capture { kept, ended }
    }

    pub fn finish(self) -> Captured {
        // The pipe ends with the last process that holds it. Where nothing ends those that were left
        // behind, one of them may hold it longer.
        let _ = self.ended.recv_timeout(Duration::from_secs(1));
        let mut kept = std::mem::take(&mut *self.kept.lock().expect("keeping does not panic"));
        kept.cut();
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_keeps_its_head_and_its_tail_and_is_counted() {
        let flood = [
            b"first".as_slice(),
            &vec![b'x'; 100 * Captured::ENOUGH],
            b"last",
        ]
        .concat();
        let kept = Capture::of(std::io::Cursor::new(flood.clone())).finish();
        assert!(kept.head.starts_with(b"first") && kept.tail.ends_with(b"last"));
        assert_eq!(
            kept.head.len() + kept.tail.len() + kept.dropped as usize,
            flood.len()
        );
        assert!(kept.head.len() + kept.tail.len() <= 64 * 1024);
        assert!(kept.text().contains("bytes left out"));
    }

    #[test]
    fn what_is_short_is_kept_whole() {
        let kept = Capture::of(&b"all of it"[..]).finish();
        assert_eq!((kept.text().as_str(), kept.dropped), ("all of it", 0));
    }
}
