//! A student's file: no keyword `unsafe` gets past, and none is seen where there is none. A first line that rustc passes
//! over is refused as well.
#![no_main]

use std::collections::BTreeMap;

use grader::submission::unsafe_token;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let sources = BTreeMap::from([("s1.rs".to_owned(), text.to_owned())]);
    let error = unsafe_token::error("chapters/00", &sources);
    let begin = text.strip_prefix('\u{feff}').unwrap_or(text);
    assert!(error.is_none() || text.contains("unsafe") || begin.starts_with("#!"));
    // The keyword in front, where nothing can hide it.
    let sources = BTreeMap::from([("s1.rs".to_owned(), format!("unsafe fn f() {{}}\n{text}"))]);
    assert!(unsafe_token::error("chapters/00", &sources).is_some());
});
