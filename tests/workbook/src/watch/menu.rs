//! The keys of `watch`, and what they are for.

use super::keys::Keys;
use crate::ui::{Ui, faint};
use course::Course;

#[derive(Clone, Copy, PartialEq)]
pub enum Key {
    Hint,
    List,
    Next,
    All,
    Read,
    Solution,
    Quit,
}

impl Key {
    const NAMES: [(Key, char, &str); 7] = [
        (Key::Hint, 'h', "hint"),
        (Key::List, 'l', "list"),
        (Key::Next, 'n', "next step"),
        (Key::All, 'a', "all failures"),
        (Key::Read, 'r', "read"),
        (Key::Solution, 's', "solution"),
        (Key::Quit, 'q', "quit"),
    ];

    pub fn of(letter: char) -> Option<Key> {
        let letter = letter.to_ascii_lowercase();
        let (key, ..) = Key::NAMES.iter().find(|(_, its, _)| *its == letter)?;
        Some(*key)
    }
}

pub fn name_keys(ui: &Ui, course: &Course, keys: &Keys) {
    let here = Key::NAMES.iter();
    let here = here.filter(|(key, ..)| course.has_solutions() || *key != Key::Solution);
    let names: Vec<String> = here
        .map(|(_, letter, name)| format!("{letter} {name}"))
        .collect();
    let names = names.join(", ");
    let what = if keys.are_single() {
        "Keys"
    } else {
        "A letter, then Enter"
    };
    ui.prose(&faint(format!("{what}: {names}.")));
}
