//! What a person should look at in a chapter's files: words that no answer needs. They take no points: some
//! student may have a good reason, and a list like this is never complete.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use serde::{Deserialize, Serialize};

use super::collect::Sources;

/// A place to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// `chapters/02-tcp-echo/src/s1_listen.rs`
    pub file: String,
    pub line: usize,
    /// `catch_unwind`
    pub word: String,
}

/// So many of a chapter are shown: more say nothing new.
const MOST: usize = 20;

/// Names that mean the same wherever they stand.
const NAMES: [&str; 34] = [
    // A failed check is a panic.
    "catch_unwind",
    "resume_unwind",
    "set_hook",
    "take_hook",
    // Names that lead to a program, also where a macro puts them together.
    "Command",
    "current_exe",
    // What the compiler was told.
    "option_env",
    // The laboratory's sockets are descriptors of the same process.
    "RawFd",
    "OwnedFd",
    "BorrowedFd",
    "AsRawFd",
    "FromRawFd",
    "IntoRawFd",
    "AsFd",
    "as_raw_fd",
    "from_raw_fd",
    "into_raw_fd",
    "as_fd",
    "try_clone_to_owned",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "sendmsg",
    "recvmsg",
    "asm",
    "global_asm",
    "naked_asm",
    "no_mangle",
    "export_name",
    "link_section",
    // Crates that the tests use.
    "netlab",
    "rustix",
    "assert_cmd",
    "predicates",
];

/// Macros that read files while the chapter is compiled. The name of the first is a word like others.
const READERS: [&str; 3] = ["include", "include_str", "include_bytes"];

/// Folders of the system, in a text.
const FOLDERS: [&str; 4] = ["/proc", "/sys", "/dev", "solutions/"];

/// A module of std, and what an answer may need of it.
type Module = (&'static str, &'static [&'static str]);

const MODULES: [Module; 3] = [
    ("fs", &["self"]),
    ("process", &["ExitCode", "exit", "self", "Termination"]),
    ("env", &["args", "args_os", "Args", "ArgsOs", "self"]),
];

/// What to look at in the files of `folder`, without what stands in the course's `own` file of the same name, and
/// without the words that this chapter's `answers_use`. A file that is no Rust does not compile, and is not
/// looked at.
pub fn at(folder: &str, sources: &Sources, own: &Sources, answers_use: &[String]) -> Vec<Look> {
    let mut looks = Vec::new();
    for (name, text) in sources {
        let own = own.get(name).map_or(Vec::new(), |text| words(text));
        let mut seen: BTreeSet<String> = own.into_iter().map(|(word, _)| word).collect();
        seen.extend(answers_use.iter().cloned());
        for (word, line) in words(text) {
            if seen.insert(word.clone()) {
                looks.push(Look {
                    file: format!("{folder}/src/{name}"),
                    line,
                    word,
                });
            }
        }
    }
    // Each word once, before one is said again: whoever says one twenty times hides no other.
    let mut said = BTreeSet::new();
    let (mut first, again): (Vec<Look>, Vec<Look>) =
        (looks.into_iter()).partition(|look| said.insert(look.word.clone()));
    first.extend(again);
    first.truncate(MOST);
    first
}

/// A token, and its line. A bracket is a token of its own.
struct Token {
    text: String,
    is_literal: bool,
    line: usize,
}

/// The tokens without documentation, which is an attribute of a name, a mark and a text. Without recursion: brackets
/// may be deep.
fn flat(tokens: TokenStream) -> Vec<Token> {
    let mut flat = Vec::new();
    let mut open = vec![tokens.into_iter()];
    while let Some(tokens) = open.last_mut() {
        match tokens.next() {
            Some(TokenTree::Group(group)) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().take(4).collect();
                let is_doc = is_of_attribute(&group, &flat)
                    && match &inner[..] {
                        [TokenTree::Ident(name), _, TokenTree::Literal(_)] => name == "doc",
                        _ => false,
                    };
                if !is_doc {
                    flat.push(Token {
                        text: "(".into(),
                        is_literal: false,
                        line: group.span_open().start().line,
                    });
                    open.push(group.stream().into_iter());
                }
            }
            Some(token) => flat.push(Token {
                text: token.to_string().trim_start_matches("r#").to_owned(),
                is_literal: matches!(token, TokenTree::Literal(_)),
                line: token.span().start().line,
            }),
            None => {
                open.pop();
                flat.push(Token {
                    text: ")".into(),
                    is_literal: false,
                    line: 0,
                });
            }
        }
    }
    flat
}

/// Whether this is the bracket of `#[…]` or `#![…]`.
fn is_of_attribute(group: &Group, before: &[Token]) -> bool {
    let marks = match before {
        [.., hash, mark] if mark.text == "!" => Some(hash),
        [.., hash] => Some(hash),
        [] => None,
    };
    group.delimiter() == Delimiter::Bracket && marks.is_some_and(|hash| hash.text == "#")
}

/// Whether a macro may be meant: it is called, or its name is all that another macro is given in a place.
fn may_be_reader(name: &str, before: &str, after: &str) -> bool {
    let is_handed_on = ["(", ","].contains(&before) && [")", ","].contains(&after);
    READERS.contains(&name) && (name != READERS[0] || after == "!" || is_handed_on)
}

/// The text with the characters that are written as numbers in it: `\x2f`, `\u{2f}`.
fn without_numbers(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let long = after.strip_prefix("u{").and_then(|hex| hex.split_once('}'));
        let short = after
            .strip_prefix('x')
            .filter(|hex| hex.is_char_boundary(2));
        let (hex, end) = match (long, short) {
            (Some((hex, end)), _) => (hex, end),
            (_, Some(hex)) if hex.len() >= 2 => hex.split_at(2),
            _ => ("", after),
        };
        let number = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        text.push(number.unwrap_or('\\'));
        rest = if number.is_some() { end } else { after };
    }
    text + rest
}

/// The words and their lines. Each token is looked at once: a file may have a hundred thousand groups in each other.
fn words(text: &str) -> Vec<(String, usize)> {
    let tokens = text.parse().map_or(Vec::new(), flat);
    let mut found = Vec::new();
    // For each group that is open: the module of which it lists names.
    let mut open: Vec<Option<&Module>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = |n: usize| tokens.get(at + n).map_or("", |one| &*one.text);
        let before = |n: usize| at.checked_sub(n).map_or("", |at| &*tokens[at].text);
        let mut add = |word: String| found.push((word, token.line));
        let listed = open.last().copied().flatten();
        if let Some((module, harmless)) = listed
            && is_name(&token.text)
            && !harmless.contains(&&*token.text)
        {
            add(format!("{module}::{}", token.text));
        }
        if token.is_literal {
            let text = without_numbers(&token.text);
            let folders = FOLDERS.iter().filter(|folder| text.contains(**folder));
            folders.for_each(|folder| add((*folder).to_owned()));
        } else if NAMES.contains(&&*token.text) || may_be_reader(&token.text, before(1), next(1)) {
            add(token.text.clone());
        } else if (before(2), before(1), &*token.text, next(1)) == ("#", "(", "path", "=") {
            // A module from elsewhere.
            add("#[path]".to_owned());
        } else if let Some((module, harmless)) = module(&token.text) {
            let used = match (next(1), next(2), next(3)) {
                ("as", name, _) | (":", ":", name) => name,
                _ => "",
            };
            if is_name(used) && !harmless.contains(&used) {
                add(format!("{module}::{used}"));
            }
        }
        match &*token.text {
            "(" => open.push(listing(&tokens[..at]).or(listed)),
            ")" => drop(open.pop()),
            _ => {}
        }
    }
    found
}

fn module(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|(module, _)| *module == name)
}

/// The module of which a group behind these tokens lists names, as in a `use`.
fn listing(before: &[Token]) -> Option<&'static Module> {
    match before {
        [.., name, one, other] if one.text == ":" && other.text == ":" => module(&name.text),
        _ => None,
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<String> {
        let sources = Sources::from([("a.rs".to_owned(), text.to_owned())]);
        let own = Sources::from([("a.rs".to_owned(), "fn f() { as_fd() }".to_owned())]);
        let looks = at("chapters/00-x", &sources, &own, &["set_hook".to_owned()]);
        looks.into_iter().map(|look| look.word).collect()
    }

    #[test]
    fn what_no_answer_needs_is_found_wherever_it_stands() {
        for (text, word) in [
            ("use std::process::Command;", "process::Command"),
            (
                "use std::process::{ExitCode, Command as C};",
                "process::Command",
            ),
            ("use std::{io, process as p};", "process::p"),
            ("use std::process::*;", "process::*"),
            ("fn f() { std::env::var(\"X\"); }", "env::var"),
            ("fn f() { panic::catch_unwind(|| ()); }", "catch_unwind"),
            (
                "macro_rules! m { () => { r#catch_unwind } }",
                "catch_unwind",
            ),
            ("fn f() { File::open(\"/proc/self/fd\"); }", "/proc"),
            ("const A: &str = include_str!(\"../x\");", "include_str"),
            ("#[no_mangle] fn f() {}", "no_mangle"),
            ("fn f() { doc(); as_raw_fd() }", "as_raw_fd"),
            ("use std::os::unix::net::UnixStream;", "UnixStream"),
            (
                "use std as s; fn f() { s::process::abort() }",
                "process::abort",
            ),
            ("use std::fs::File as F;", "fs::File"),
            ("m!(process, Command);", "Command"),
            ("m!(include_str, \"x\");", "include_str"),
            ("m!(include);", "include"),
            ("#[path = \"../x.rs\"] mod x;", "#[path]"),
            ("fn f() { (doc, \"/proc/self/mem\"); }", "/proc"),
            ("fn f() { [doc = \"/proc/self/mem\"]; }", "/proc"),
            ("fn f() { open(\"/\\x70r\\u{6f}c/self\"); }", "/proc"),
            ("#[doc = include_str!(\"/x\")] fn f() {}", "include_str"),
        ] {
            assert!(
                words_of(text).contains(&word.to_owned()),
                "{text}: {:?}",
                words_of(text)
            );
        }
    }

    #[test]
    fn an_ordinary_answer_has_nothing_to_look_at() {
        for text in [
            "use std::{env, process::{self, ExitCode}}; fn f() { env::args(); process::exit(1) }",
            "/// Reads `/proc/net/tcp` with catch_unwind.\nfn f() { /* UnixStream */ }",
            "fn include(asm_text: &str) { set_hook(); as_fd() }",
            "#![doc = \"/proc\"] fn include(path: u8) { let path = path; (path) = 1; x(\"\\x7\", \"\\u{}\\\\\") }",
            "\" unfinished",
        ] {
            assert_eq!(words_of(text), Vec::<String>::new(), "{text}");
        }
    }

    /// Who looked at each group once for each that it lies in would need hours here, and all memory.
    #[test]
    fn groups_in_each_other_are_read_once() {
        let depth = 60_000;
        let text = format!("{}{}", "process::{a, ".repeat(depth), "}".repeat(depth));
        let words = words(&text);
        assert!(words.len() <= 4 * depth, "{} words", words.len());
        assert!(words.iter().any(|(word, _)| word == "process::a"));
    }

    /// Ten such files may be in a submission.
    #[test]
    fn no_file_takes_long_to_read() {
        for piece in [
            "/*", "(", "{", "r#\"", "'a", "b'", "\"\\\n", "#", "1.", "r", "//!\n", "c\"", "'",
            "\\u{", "r##", "é", "#[doc=", "/**/", "a!", "\"\\x\"",
        ] {
            let text = piece.repeat((256 << 10) / piece.len());
            let sources = Sources::from([("a.rs".to_owned(), format!("{text} unsafe"))]);
            let began = std::time::Instant::now();
            super::super::unsafe_token::error("chapters/00-x", &sources);
            at("chapters/00-x", &sources, &Sources::new(), &[]);
            let took = began.elapsed();
            assert!(took.as_secs() < 10, "{piece:?}: {took:?}");
        }
    }

    #[test]
    fn a_word_that_is_said_often_hides_no_other() {
        let mut sources: Sources = (0..3 * MOST)
            .map(|n| {
                (
                    format!("a{n}.rs"),
                    "use std::os::unix::net::UnixStream;".to_owned(),
                )
            })
            .collect();
        sources.insert("z.rs".into(), "fn f() { set_hook() }".into());
        let looks = at("chapters/00-x", &sources, &Sources::new(), &[]);
        assert_eq!(looks.len(), MOST);
        assert!(looks.iter().any(|look| look.word == "set_hook"));
    }

    #[test]
    fn the_place_is_named_once_a_file() {
        let sources = Sources::from([(
            "a.rs".to_owned(),
            "fn f() {}\n\nfn g() { set_hook(); set_hook() }".to_owned(),
        )]);
        let look = Look {
            file: "chapters/00-x/src/a.rs".into(),
            line: 3,
            word: "set_hook".into(),
        };
        assert_eq!(at("chapters/00-x", &sources, &Sources::new(), &[]), [look]);
    }
}
