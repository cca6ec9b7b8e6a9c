//! What happened in a test so far, line by line. The ladders are drawn from it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::hex;

/// The student's code in a story. Every other actor is a peer, an adapter or the laboratory.
pub const YOU: &str = "you";

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An actor does something alone. For [`YOU`] the text is a whole phrase.
    Act { who: String, text: String },
    /// Something goes from one actor to another.
    Arrow {
        from: String,
        to: String,
        text: String,
    },
    /// A remark of the test.
    Note(String),
}

/// How many bytes of an arrow are kept.
pub const CARRIED: usize = 256;

#[derive(Clone, Debug)]
pub struct Line {
    /// Time since the test began. Shown in pictures, never compared.
    pub at: Duration,
    pub what: What,
    /// Bytes or addresses, for the margin.
    pub detail: String,
    /// What an arrow carries, up to [`CARRIED`] bytes: a picture shows them to who points at it.
    pub bytes: Vec<u8>,
    /// How often the same thing happened in a row.
    pub times: usize,
    /// The step at which the test failed.
    pub failed: bool,
}

pub struct Story {
    began: Instant,
    lines: Mutex<Vec<Line>>,
    /// How many scenes have begun.
    scenes: AtomicUsize,
    /// How to read what arrows carry.
    words: OnceLock<Words>,
}

/// What bytes mean, if they mean anything.
pub type Words = fn(&[u8]) -> Option<String>;

impl Story {
    pub fn begin() -> Story {
        Story {
            began: Instant::now(),
            lines: Mutex::new(Vec::new()),
            scenes: AtomicUsize::new(0),
            words: OnceLock::new(),
        }
    }

    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn act(&self, who: &str, text: impl Into<String>, detail: impl Into<String>) {
        self.tell(
            What::Act {
                who: who.into(),
                text: text.into(),
            },
            detail.into(),
            &[],
            false,
        );
    }

    pub fn arrow(&self, from: &str, to: &str, text: impl Into<String>, detail: impl Into<String>) {
        let what = What::Arrow {
            from: from.into(),
            to: to.into(),
            text: text.into(),
        };
        self.tell(what, detail.into(), &[], false);
    }

    /// An arrow that carries bytes.
    pub fn carries(&self, from: &str, to: &str, text: impl Into<String>, bytes: &[u8]) {
        let what = What::Arrow {
            from: from.into(),
            to: to.into(),
            text: text.into(),
        };
        let words = self.words.get().and_then(|words| words(bytes));
        let detail = words.unwrap_or_else(|| hex::short(bytes));
        self.tell(what, detail, bytes, false);
    }

    /// From now on arrows say what their bytes mean, where `words` knows.
    pub fn reads(&self, words: Words) {
        self.words.get_or_init(|| words);
    }

    pub fn note(&self, text: impl Into<String>) {
        self.tell(What::Note(text.into()), String::new(), &[], false);
    }

    /// Begins a new scene. Those before it went as expected, and only their number stays.
    pub fn scene(&self, text: impl Into<String>) {
        let before = self.scenes.fetch_add(1, Ordering::Relaxed);
        if before > 0 {
            self.lock().clear();
            let scenes = if before == 1 { "scene" } else { "scenes" };
            self.note(format!(
                "{before} {scenes} went as expected; this is the next one"
            ));
        }
        self.note(text);
    }

    /// The step that did not come out as expected.
    pub fn fails(&self, who: &str, text: impl Into<String>) {
        self.tell(
            What::Act {
                who: who.into(),
                text: text.into(),
            },
            String::new(),
            &[],
            true,
        );
    }

    pub fn lines(&self) -> Vec<Line> {
        self.lock().clone()
    }

    fn tell(&self, what: What, detail: String, bytes: &[u8], failed: bool) {
        let mut lines = self.lock();
        if let Some(last) = lines.last_mut()
            && last.what == what
            && !failed
        {
            // A loop of a thousand equal calls is one line, and cannot fill the memory.
            last.times += 1;
            add_detail(&mut last.detail, &detail);
            let room = CARRIED.saturating_sub(last.bytes.len());
            last.bytes.extend(bytes.iter().take(room));
            return;
        }
        lines.push(Line {
            at: self.age(),
            what,
            detail,
            bytes: bytes.iter().copied().take(CARRIED).collect(),
            times: 1,
            failed,
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        // A panic while telling leaves the lines as they were.
        self.lines
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Adds what came with a repetition, as long as the margin has room: a number that is read byte by
/// byte shows as a whole.
fn add_detail(details: &mut String, more: &str) {
    const ROOM: usize = 26;
    if details.ends_with('…') || more.is_empty() {
        return;
    }
    details.push(' ');
    if details.chars().count() + more.chars().count() <= ROOM {
        details.push_str(more);
    } else {
        details.push('…');
    }
}
