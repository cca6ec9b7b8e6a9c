//! What `watch` waits for.

use std::path::PathBuf;

use super::keys::Typed;

pub enum Event {
    Touched(PathBuf),
    Typed(Typed),
}

impl From<Typed> for Event {
    fn from(typed: Typed) -> Event {
        Event::Typed(typed)
    }
}
