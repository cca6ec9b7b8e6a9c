//! House rule: within a crate, arrows between files point one way. Two files that import each other
//! are one file in two pieces, and neither can be understood alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

const CRATES: [&str; 6] = ["netlab", "runner", "course", "workbook", "grader", "races"];

/// A module's path in its crate: `lab`, `clock`. The crate's root has none.
type Module = Vec<String>;

#[test]
fn no_two_files_import_each_other() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut circles = Vec::new();
    for name in CRATES {
        let src = tests.join(name).join("src");
        if src.is_dir() {
            for [one, other] in circles_in(&files_of(&src)) {
                circles.push(format!("tests/{name}: {one} and {other}"));
            }
        }
    }
    assert!(
        circles.is_empty(),
        "These files import each other. Move what both need into a file that needs neither.\n\n{}\n",
        circles.join("\n")
    );
}

/// The source files of a crate, as modules.
fn files_of(src: &Path) -> BTreeMap<Module, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(src.join(&folder)).expect("a folder of sources") {
            let entry = entry.expect("it can be read");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(entry.path()).expect("a source file");
                files.insert(module_of(&path), text);
            }
        }
    }
    files
}

/// `lab/mod.rs` and `lab.rs` are `lab`; `lib.rs` and `main.rs` are the root.
fn module_of(file: &Path) -> Module {
    let names = file.with_extension("");
    let mut names: Module = names
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names
        .last()
        .is_some_and(|name| ["mod", "lib", "main"].contains(&&**name))
    {
        names.pop();
    }
    names
}

fn circles_in(files: &BTreeMap<Module, String>) -> Vec<[String; 2]> {
    let uses: BTreeMap<&Module, BTreeSet<Module>> = files
        .iter()
        .map(|(module, text)| (module, used_by(module, text, files)))
        .collect();
    let mut circles = Vec::new();
    for (&one, used) in &uses {
        for other in used.iter().filter(|other| one < other) {
            // A folder's own file and what lies in the folder belong together: it calls its parts, and
            // they speak of what it is about.
            if uses[other].contains(one) && !other.starts_with(one) {
                circles.push([one, other].map(|module| module.join("::")));
            }
        }
    }
    circles
}

/// The other files that a file's paths lead to. Paths begin with `crate`, `super`, `self`, or with a
/// module that the file declares. Tests within the file do not count.
fn used_by(module: &Module, text: &str, files: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{module:?}: {error}"));
    let mut paths = Vec::new();
    collect(tokens, &mut paths);
    let mut used = BTreeSet::new();
    for path in paths {
        let mut at = match &*path[0] {
            "crate" => Module::new(),
            "super" | "self" => module.clone(),
            name if files.contains_key(&[module, &[name.to_owned()][..]].concat()) => {
                module.clone()
            }
            _ => continue,
        };
        // As deep as there are files: what follows is an item in the last one.
        for name in path
            .iter()
            .filter(|name| !["crate", "self"].contains(&&***name))
        {
            if name == "super" {
                at.pop();
                continue;
            }
            let deeper = [&at[..], std::slice::from_ref(name)].concat();
            if !files.contains_key(&deeper) {
                break;
            }
            at = deeper;
        }
        // The root only declares and re-exports: it stands for what is in it.
        if at != *module && !at.is_empty() {
            used.insert(at);
        }
    }
    used
}

/// The paths in the code, those of a `use` with braces one by one.
fn collect(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            // `#[cfg(test)] mod tests { … }`
            TokenTree::Group(group) if group.stream().to_string() == "cfg (test)" => {
                while at < tokens.len() && !ends_item(&tokens[at]) {
                    at += 1;
                }
                at += 1;
            }
            TokenTree::Group(group) => {
                collect(group.stream(), paths);
                at += 1;
            }
            TokenTree::Ident(_) => at = path(&tokens, at, &[], paths),
            _ => at += 1,
        }
    }
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
        token => is_mark(Some(token), ';'),
    }
}

/// Adds the path that begins at `at`, and says where it ends. `begun` is what stands before a brace.
fn path(
    tokens: &[TokenTree],
    mut at: usize,
    begun: &[String],
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let mut names = begun.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(name)) => names.push(name.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == proc_macro2::Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut within = 0;
                while within < inner.len() {
                    within = match &inner[within] {
                        TokenTree::Ident(_) => path(&inner, within, &names, paths),
                        _ => within + 1,
                    };
                }
                return at + 1;
            }
            _ => return at,
        }
        let goes_on = is_mark(tokens.get(at + 1), ':') && is_mark(tokens.get(at + 2), ':');
        if !goes_on {
            paths.push(names);
            return at + 1;
        }
        at += 3;
    }
}

fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

#[test]
fn a_circle_is_found() {
    let files = |texts: &[(&str, &str)]| -> BTreeMap<Module, String> {
        let file = |(path, text): &(&str, &str)| (module_of(Path::new(path)), (*text).to_owned());
        texts.iter().map(file).collect()
    };
    let circle = files(&[
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a.rs", "use crate::{b::{self, B}, c::C}; pub struct A;"),
        ("b.rs", "pub struct B; fn f(a: super::a::A) {}"),
        ("c/mod.rs", "mod d; pub struct C; fn g() { d::h() }"),
        (
            "c/d.rs",
            "pub fn h() {} #[cfg(test)] mod tests { use super::super::C; }",
        ),
    ]);
    assert_eq!(circles_in(&circle), [["a".to_owned(), "b".to_owned()]]);
    let none = files(&[
        (
            "a.rs",
            "use crate::b::B; // crate::c\nconst S: &str = \"crate::c::C\";",
        ),
        (
            "b.rs",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
        ),
        ("c.rs", "use crate::a::A;"),
    ]);
    assert!(circles_in(&none).is_empty());
}
