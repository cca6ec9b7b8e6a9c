//! What a test's process says about itself, which a student's code may have written.
#![no_main]

use netlab::protocol::{Patience, Testimony, paragraph, task_of};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(said) = text.parse::<Testimony>() {
        assert_eq!(said.to_string(), text);
    }
    let _ = text.parse::<Patience>();
    let _ = task_of(text);
    for label in ["to do", "got", "why"] {
        let _ = paragraph(text, label);
    }
});
