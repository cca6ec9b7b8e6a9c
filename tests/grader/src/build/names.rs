//! What stands behind the names of a student's library.
//!
//! A test that says `use tcp_echo::listen_on` takes whatever has this name: the function, and a trait beside it. The
//! methods of a trait that is in scope may come before those of the standard library and the laboratory: a student's
//! `to_string(self)` would be called where a test says `addr.to_string()`. So the tests are compiled together with
//! lines that only compile when a function's or a constant's name has nothing else behind it, and a type's name a type.

use std::fmt::Write;

use crate::submission::collect::Sources;

/// A module for the tests of the library `library`, whose untouched sources are these.
pub fn check(library: &str, stub: &Sources) -> String {
    let mut text = String::from("\n#[allow(warnings)]\nmod names_without_a_trait {\n");
    let exported = stub.get("lib.rs").map(|lib| exported(lib));
    for name in exported.unwrap_or_default() {
        if is_value(stub, &name) {
            // An error when a type, a trait or a module is imported.
            let _ = writeln!(
                text,
                "    mod of_{name} {{ use {library}::{name}; type {name} = (); }}"
            );
        } else if let Some(parameters) = stub.values().find_map(|text| parameters(text, &name)) {
            let arguments = arguments(&parameters);
            let _ = writeln!(
                text,
                "    type Of{name}{arguments} = {library}::{name}{arguments};"
            );
        }
    }
    text + "}\n"
}

/// Whether it is a function or a constant, and nothing else has the same name.
fn is_value(stub: &Sources, name: &str) -> bool {
    let declares = |heads: &[&str]| {
        stub.values().flat_map(|text| text.lines()).any(|line| {
            let of_name = |head: &&str| line.trim_start().strip_prefix(*head)?.strip_prefix(name);
            heads
                .iter()
                .find_map(of_name)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    declares(&["pub fn ", "pub const fn ", "pub const ", "pub static "]) && !declares(&["pub mod "])
}

/// The names of a `lib.rs` that do not depend on a feature or a system.
fn exported(lib: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut before = "";
    let mut lines = lib.lines();
    while let Some(line) = lines.next() {
        let is_meant = line.starts_with("pub use ") && !before.starts_with("#[");
        before = line;
        if !is_meant {
            continue;
        }
        let mut whole = line.to_owned();
        while !whole.ends_with(';') {
            let Some(more) = lines.next() else { break };
            whole.push_str(more);
        }
        let of_path = whole.trim_end_matches([';', '}']);
        let leaves = of_path.rsplit(['{', ':']).next().unwrap_or_default();
        let leaves = leaves.split(',').map(str::trim);
        let named = leaves.map(|leaf| leaf.rsplit(' ').next().unwrap_or_default());
        let is_name =
            |name: &&str| name.starts_with(|c: char| c.is_alphabetic()) && *name != "self";
        names.extend(named.filter(is_name).map(str::to_owned));
    }
    names
}

/// `<E>` of `pub enum PoolError<E> {`, and nothing for a type without; none when this file has no such type.
fn parameters(text: &str, name: &str) -> Option<String> {
    let heads = ["pub struct ", "pub enum "].map(|word| format!("{word}{name}"));
    let rest = text
        .lines()
        .find_map(|line| heads.iter().find_map(|head| line.strip_prefix(&**head)))?;
    match rest.chars().next() {
        Some('<') => Some(rest[..=rest.find('>')?].to_owned()),
        Some(c) if c.is_alphanumeric() || c == '_' => None,
        _ => Some(String::new()),
    }
}

/// The parameters without their bounds.
fn arguments(parameters: &str) -> String {
    let inner = parameters.trim_matches(['<', '>']);
    let names = inner
        .split(',')
        .map(|one| one.split([':', '=']).next().unwrap_or_default().trim());
    match inner {
        "" => String::new(),
        _ => format!("<{}>", names.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_checked_for_what_it_is() {
        let stub = [
            (
                "lib.rs",
                "mod s1;\npub use s1::f;\npub use s1::{MOST,\n    Error, H2, Waits, code, g};\n#[cfg(unix)]\npub use s1::h;\n",
            ),
            (
                "s1.rs",
                "pub enum Error<'a, E: Copy> {\n}\npub struct H2;\npub trait Waits {}\npub mod code {}\n\
                 pub fn f() {}\npub const fn g() {}\npub const MOST: u8 = 1;\npub fn h() {}\n",
            ),
        ];
        let stub = stub.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let text = check("lib", &Sources::from(stub));
        let lines: Vec<&str> = text.lines().skip(3).map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "mod of_f { use lib::f; type f = (); }",
                "mod of_MOST { use lib::MOST; type MOST = (); }",
                "type OfError<'a, E> = lib::Error<'a, E>;",
                "type OfH2 = lib::H2;",
                "mod of_g { use lib::g; type g = (); }",
                "}",
            ]
        );
    }
}
