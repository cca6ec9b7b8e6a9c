//! Whose process decides a test: read from the tests' source.
//!
//! A test is a black box when nothing that it calls, however indirectly, is the student's library: then
//! it knows the student's program only from outside.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::report::Tier;

/// The files of a folder of tests, by their modules' names.
#[derive(Debug, Default)]
pub struct Tiers {
    files: BTreeMap<String, File>,
}

#[derive(Debug, Default)]
struct File {
    /// The words of each function, and of all that a type does.
    words: HashMap<String, HashSet<String>>,
    /// The names that come from the student's library.
    students: HashSet<String>,
    /// The names in each other `use`.
    uses: Vec<HashSet<String>>,
}

impl Tiers {
    /// `library` is the name of the student's library, `tcp_echo`.
    pub fn of(folder: &Path, library: &str) -> Tiers {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        Tiers::read(
            entries.filter_map(|entry| {
                let path = entry.path();
                let module = path.file_stem()?.to_string_lossy().into_owned();
                Some((module, fs::read_to_string(&path).ok()?))
            }),
            library,
        )
    }

    fn read(sources: impl Iterator<Item = (String, String)>, library: &str) -> Tiers {
        let mut tiers = Tiers::default();
        for (module, source) in sources {
            if let Ok(tokens) = source.parse() {
                let mut file = File::default();
                file.students.insert(library.to_owned());
                file.add(tokens, library);
                tiers.files.insert(module, file);
            }
        }
        tiers
    }

    pub fn tier(&self, test: &str) -> Tier {
        let home = self
            .files
            .values()
            .find(|file| file.words.contains_key(test));
        // Not found: nothing is promised.
        let Some(home) = home else {
            return Tier::InProcess;
        };
        let mut seen: HashSet<(*const File, &str)> = HashSet::new();
        let mut next: Vec<(&File, &str)> = vec![(home, test)];
        while let Some((file, function)) = next.pop() {
            if !seen.insert((file, function)) {
                continue;
            }
            for word in &file.words[function] {
                match self.meant(file, function, word) {
                    Some(files) => next.extend(files.into_iter().map(|file| (file, word.as_str()))),
                    None => return Tier::InProcess,
                }
            }
        }
        Tier::BlackBox
    }

    /// The files whose function or type a file means by a word in one of its functions; none when it may
    /// be the student's.
    fn meant<'a>(&'a self, file: &'a File, function: &str, word: &str) -> Option<Vec<&'a File>> {
        if file.students.contains(word) {
            return None;
        }
        if file.words.contains_key(word) {
            return Some(vec![file]);
        }
        // `use super::scene::{Scene, asked}` says whose `asked` it is.
        let is_named = |module: &String| {
            let mut uses = file.uses.iter();
            uses.any(|names| names.contains(word) && names.contains(module))
        };
        // `use super::wire`, `use super::scene::*` or `super::scene::asked` may; `use super::*` as well.
        let is_in_sight = |module: &String| {
            let mut uses = file.uses.iter();
            module == "main"
                || file.words[function].contains(module)
                || uses.any(|names| names.contains(module))
        };
        let of = |belongs: &dyn Fn(&String) -> bool| -> Vec<&File> {
            let files = self.files.iter().filter(|(module, _)| belongs(module));
            files.map(|(_, other)| other).collect()
        };
        let define = |files: &[&'a File]| -> Vec<&'a File> {
            let files = files.iter().copied();
            files
                .filter(|other| other.words.contains_key(word))
                .collect()
        };
        let named = define(&of(&is_named));
        if !named.is_empty() {
            return Some(named);
        }
        let in_sight = of(&is_in_sight);
        let is_students = in_sight.iter().any(|other| other.students.contains(word));
        (!is_students).then(|| define(&in_sight))
    }
}

impl File {
    fn add(&mut self, tokens: TokenStream, library: &str) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) if word == "use" => {
                    let end = tokens[at..].iter().position(is_semicolon);
                    let end = end.map_or(tokens.len(), |length| at + length);
                    let mut names = HashSet::new();
                    collect(in_scope(&tokens[at + 1..end]), &mut names);
                    let is_students = matches!(&tokens[at + 1..end], [TokenTree::Ident(first), ..]
                        if first == library);
                    if is_students || names.contains(library) {
                        // Only what stands for something of the student's.
                        names.retain(|name| !matches!(name.as_str(), "as" | "self" | "crate"));
                        self.students.extend(names);
                    } else {
                        self.uses.push(names);
                    }
                    at = end;
                }
                // A function, whole: its signature names types as well.
                TokenTree::Ident(word) if word == "fn" => {
                    let end = tokens[at..].iter().position(is_body);
                    let end = end.map_or(tokens.len() - 1, |length| at + length);
                    let mut names = HashSet::new();
                    collect(tokens[at + 1..=end].iter().cloned().collect(), &mut names);
                    if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                        // Functions of one name are taken together.
                        self.words
                            .entry(name.to_string())
                            .or_default()
                            .extend(names);
                    }
                    at = end;
                }
                // What a type does belongs to its name.
                TokenTree::Ident(word) if word == "impl" || word == "macro_rules" => {
                    let end = tokens[at..].iter().position(is_body);
                    let end = end.map_or(tokens.len() - 1, |length| at + length);
                    let mut names = HashSet::new();
                    collect(tokens[at..=end].iter().cloned().collect(), &mut names);
                    if let Some(name) = type_of(&tokens[at..end]) {
                        self.words.entry(name).or_default().extend(names);
                    }
                    at = end;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.add(group.stream(), library);
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// Of `run as run_here` it is `run_here` that a file can say.
fn in_scope(tokens: &[TokenTree]) -> TokenStream {
    let is_as =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if word == "as");
    let kept = tokens.iter().enumerate();
    let kept = kept.filter(|(at, _)| !is_as(tokens.get(at + 1)));
    kept.map(|(_, token)| match token {
        TokenTree::Group(group) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            Group::new(group.delimiter(), in_scope(&inner)).into()
        }
        token => token.clone(),
    })
    .collect()
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';')
}

fn is_body(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// `Peer` in `impl<T> Read for Peer<T>`.
fn type_of(head: &[TokenTree]) -> Option<String> {
    let is_for = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "for");
    let mut depth = 0;
    let from = head.iter().rposition(is_for).unwrap_or(0);
    head[from + 1..].iter().find_map(|token| match token {
        TokenTree::Punct(mark) => {
            depth += match mark.as_char() {
                '<' => 1,
                '>' => -1,
                _ => 0,
            };
            None
        }
        TokenTree::Ident(name) if depth == 0 => Some(name.to_string()),
        _ => None,
    })
}

/// The names that something is called by: of `Peer::new(x).read()` it is `Peer` and `x`. Whoever has a
/// value of the student's to call a method on has named a function or a type of the student's.
fn collect(tokens: TokenStream, into: &mut HashSet<String>) {
    const KEYWORDS: [&str; 9] = ["as", "for", "fn", "impl", "in", "let", "mut", "self", "_"];
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mark = |at: Option<usize>, wanted: char| matches!(at.and_then(|at| tokens.get(at)), Some(TokenTree::Punct(mark)) if mark.as_char() == wanted);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) => {
                let word = word.to_string();
                let before = |n: usize| at.checked_sub(n);
                let is_method = mark(before(1), '.') && !mark(before(2), '.');
                let is_of_a_type = mark(before(1), ':')
                    && mark(before(2), ':')
                    && before(3).is_some_and(|at| begins_large(&tokens[at]));
                if !is_method && !is_of_a_type && !KEYWORDS.contains(&word.as_str()) {
                    into.insert(word);
                }
            }
            TokenTree::Group(group) => collect(group.stream(), into),
            _ => {}
        }
    }
}

fn begins_large(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word.to_string().starts_with(char::is_uppercase),
        // `Vec::<T>::new`
        TokenTree::Punct(mark) => mark.as_char() == '>',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_never_reaches_the_library_is_a_black_box() {
        let source = "
            use tcp_echo::{serve_one, Frame};
            #[test] fn direct() { lab(|l| serve_one(l)); }
            #[test] fn by_a_helper() { lab(|l| helper(l)); }
            fn helper(l: &L) { deeper(l) }
            fn deeper(_: &L) -> Frame { todo() }
            #[test] fn full_path() { tcp_echo::run() }
            #[test] fn outside() { lab(|l| start(l).serve_one()); }
            fn start(l: &L) { Peer::new(l.program(PATH)) }
            fn new() { serve_one() }
            #[test] fn by_a_type() { Server::start(); }
            struct Server;
            impl Drop for Server { fn drop(&mut self) { serve_one(self) } }
        ";
        let tiers = tiers(&[("s1_frames", source)]);
        for test in [
            "direct",
            "by_a_helper",
            "full_path",
            "by_a_type",
            "no_such_test",
        ] {
            assert_eq!(tiers.tier(test), Tier::InProcess, "{test}");
        }
        assert_eq!(tiers.tier("outside"), Tier::BlackBox);
    }

    fn tiers(files: &[(&str, &str)]) -> Tiers {
        let files = files
            .iter()
            .map(|(module, text)| (module.to_string(), text.to_string()));
        Tiers::read(files, "tcp_echo")
    }

    #[test]
    fn a_word_means_what_its_file_says() {
        let tiers = tiers(&[
            (
                "s1_frames",
                "use tcp_echo::{run, Message}; #[test] fn s1() { run(Message) }",
            ),
            (
                "wire",
                "pub struct Message; impl Message { fn new() -> Message { bytes() } } fn bytes() {}",
            ),
            (
                "s2_program",
                "use super::{scene::words, wire::Message};
                 use super::scene::helper;
                 #[test] fn s2() { run(Message::new()) }
                 fn run(message: Message) { lab.program(message) }
                 #[test] fn s3() { helper() }
                 #[test] fn s4() { words() }",
            ),
            (
                "scene",
                "use tcp_echo::connect as helper; pub fn words() { helper() }",
            ),
        ]);
        assert_eq!(tiers.tier("s1"), Tier::InProcess);
        assert_eq!(
            tiers.tier("s2"),
            Tier::BlackBox,
            "its own run, and the tests' Message"
        );
        assert_eq!(
            tiers.tier("s3"),
            Tier::InProcess,
            "nobody but the student has a helper"
        );
        assert_eq!(tiers.tier("s4"), Tier::InProcess);
    }
}
