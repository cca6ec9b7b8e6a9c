//! Small protocols, each for one question.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use readiness::{EchoFrames, Protocol};

/// Each byte is a request. Its reply is the same byte, so many times.
#[derive(Clone, Copy, Debug)]
pub struct Times(pub usize);

impl Protocol for Times {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        let Some(&byte) = input.first() else {
            return Ok(0);
        };
        output.extend(&vec![byte; self.0]);
        Ok(1)
    }
}

/// A request is so many bytes. Its reply is a full stop.
#[derive(Clone, Copy, Debug)]
pub struct Long(pub usize);

impl Protocol for Long {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        if input.len() < self.0 {
            return Ok(0);
        }
        output.push_back(b'.');
        Ok(self.0)
    }
}

/// Each byte is a request, and its reply is the same byte. A question mark is an error with a text of its own. All clones
/// know together how often they were asked after that.
#[derive(Clone, Debug, Default)]
pub struct NoQuestions {
    has_failed: Arc<AtomicBool>,
    asked_after: Arc<AtomicUsize>,
}

/// The text of its error.
pub const NO_QUESTIONS: &str = "no questions, please";

impl NoQuestions {
    pub fn asked_after_its_error(&self) -> usize {
        self.asked_after.load(Ordering::Relaxed)
    }
}

impl Protocol for NoQuestions {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        if self.has_failed.load(Ordering::Relaxed) {
            self.asked_after.fetch_add(1, Ordering::Relaxed);
        }
        match input.first() {
            None => Ok(0),
            Some(b'?') => {
                self.has_failed.store(true, Ordering::Relaxed);
                Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    NO_QUESTIONS,
                ))
            }
            Some(&byte) => {
                output.push_back(byte);
                Ok(1)
            }
        }
    }
}

/// A frame is a request, and its reply is the same frame. While the first of all is taken, something else happens.
#[derive(Clone)]
pub struct Meanwhile {
    happens: Arc<dyn Fn() + Send + Sync>,
    happened: Arc<AtomicBool>,
}

impl Meanwhile {
    pub fn new(happens: impl Fn() + Send + Sync + 'static) -> Meanwhile {
        Meanwhile {
            happens: Arc::new(happens),
            happened: Arc::default(),
        }
    }
}

impl Protocol for Meanwhile {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        let taken = EchoFrames.take(input, output)?;
        if taken > 0 && !self.happened.swap(true, Ordering::Relaxed) {
            (self.happens)();
        }
        Ok(taken)
    }
}

/// Each byte is a request, and its reply is the same byte. All clones count together how often they are asked.
#[derive(Clone, Debug, Default)]
pub struct Counted(pub Arc<AtomicUsize>);

impl Protocol for Counted {
    fn take(&mut self, input: &[u8], output: &mut VecDeque<u8>) -> io::Result<usize> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Times(1).take(input, output)
    }
}
