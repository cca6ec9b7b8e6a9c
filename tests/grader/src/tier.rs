//! Whose process decides a test: read from the tests' source.
//!
//! A test is a black box when nothing that it calls, however indirectly, is the student's library: then
//! it knows the student's program only from outside.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::report::Tier;

/// The words of each function in a folder of tests, and the names that come from the student's library.
#[derive(Debug, Default)]
pub struct Tiers {
    words: HashMap<String, HashSet<String>>,
    students: HashSet<String>,
}

impl Tiers {
    /// `library` is the name of the student's library, `tcp_echo`.
    pub fn of(folder: &Path, library: &str) -> Tiers {
        let mut tiers = Tiers::default();
        tiers.students.insert(library.to_owned());
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let source = fs::read_to_string(entry.path()).unwrap_or_default();
            if let Ok(tokens) = source.parse() {
                tiers.add(tokens, library);
            }
        }
        tiers
    }

    pub fn tier(&self, test: &str) -> Tier {
        let mut seen = HashSet::new();
        let mut next = vec![test];
        while let Some(function) = next.pop() {
            if !seen.insert(function) {
                continue;
            }
            for word in self.words.get(function).into_iter().flatten() {
                if self.students.contains(word) {
                    return Tier::InProcess;
                }
                next.push(word);
            }
        }
        match self.words.contains_key(test) {
            true => Tier::BlackBox,
            // Not found: nothing is promised.
            false => Tier::InProcess,
        }
    }

    fn add(&mut self, tokens: TokenStream, library: &str) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) if word == "use" => {
                    let end = tokens[at..].iter().position(is_semicolon);
                    let end = end.map_or(tokens.len(), |length| at + length);
                    let mut names = HashSet::new();
                    collect(tokens[at + 1..end].iter().cloned().collect(), &mut names);
                    if names.contains(library) {
                        // Only what stands for something of the student's.
                        names.retain(|name| !matches!(name.as_str(), "as" | "self" | "crate"));
                        self.students.extend(names);
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
        let mut tiers = Tiers::default();
        tiers.students.insert("tcp_echo".into());
        tiers.add(source.parse().expect("tokens"), "tcp_echo");
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
}
