//! House rule: a stub and the reference answer have the same public items, with the same signatures
//! and the same docs, for the docs are the contract that both fulfil.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use course::Course;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a public item says of itself.
#[derive(PartialEq, Eq)]
struct Said {
    docs: String,
    signature: String,
}

/// The public items of a file, by their paths in it.
type Items = BTreeMap<String, Said>;

const KINDS: [&str; 8] = [
    "const", "enum", "fn", "mod", "static", "struct", "trait", "type",
];

#[test]
fn stub_and_solution_say_the_same() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let course = Course::find(here).unwrap_or_else(|problem| panic!("{problem}"));
    let mut complaints = Vec::new();
    for chapter in &course.chapters {
        // That both have the same files, another rule says.
        let folder = course.root.join(chapter.dir()).join("src");
        let names = fs::read_dir(folder).expect("the chapter has a src");
        for name in names.map(|entry| entry.expect("it can be read").file_name()) {
            let name = name.to_string_lossy();
            let files =
                [chapter.dir(), chapter.solution_dir()].map(|dir| format!("{dir}/src/{name}"));
            let [stub, solution] = files
                .each_ref()
                .map(|file| public_items(&course.root, file));
            for (name, said) in &stub {
                match solution.get(name) {
                    None => complaints.push(format!("{}: no {name}, which the stub has", files[1])),
                    Some(other) if other.signature != said.signature => complaints.push(format!(
                        "{}: {name}\n  stub      {}\n  solution  {}",
                        files[1], said.signature, other.signature
                    )),
                    Some(other) if other.docs != said.docs => complaints.push(format!(
                        "{}: the docs of {name}\n{}",
                        files[1],
                        first_difference(&said.docs, &other.docs)
                    )),
                    Some(_) => {}
                }
            }
            for name in solution.keys().filter(|name| !stub.contains_key(*name)) {
                complaints.push(format!("{}: no {name}, which the solution has", files[0]));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "A stub and its solution have the same public items, signatures and docs. Mend the one that is \
         wrong.\n\n{}\n",
        complaints.join("\n")
    );
}

fn first_difference(stub: &str, solution: &str) -> String {
    let mut lines = stub.lines().map(Some).chain(std::iter::repeat(None));
    let mut others = solution.lines().map(Some).chain(std::iter::repeat(None));
    loop {
        let pair = (lines.next().flatten(), others.next().flatten());
        if pair.0 != pair.1 || pair == (None, None) {
            let [stub, solution] = [pair.0, pair.1].map(|line| line.unwrap_or("(no line)"));
            return format!("  stub      {stub}\n  solution  {solution}");
        }
    }
}

fn public_items(root: &Path, file: &str) -> Items {
    let text = fs::read_to_string(root.join(file));
    let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
    items_of(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn items_of(text: &str) -> Result<Items, proc_macro2::LexError> {
    let mut items = Items::new();
    let tokens: TokenStream = text.parse()?;
    add(tokens.clone(), "", false, &mut items);
    // The methods of a type that is not public are `pub` for the crate only.
    let words: Vec<String> = tokens.into_iter().map(|token| token.to_string()).collect();
    let types = words
        .windows(2)
        .filter(|pair| pair[0] == "struct" || pair[0] == "enum");
    for name in types
        .map(|pair| &pair[1])
        .filter(|name| !items.contains_key(*name))
        .collect::<Vec<_>>()
    {
        items.retain(|item, _| {
            !(item.starts_with("impl ") && item.split([' ', ':']).any(|word| word == name))
        });
    }
    Ok(items)
}

/// Adds the items of a file or a body. In the body of a public trait or enum everything is public.
fn add(tokens: TokenStream, scope: &str, all_public: bool, items: &mut Items) {
    let mut docs = Vec::new();
    let mut head: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                let is_inner = tokens.next_if(|next| is_mark(next, '!')).is_some();
                let Some(TokenTree::Group(attribute)) = tokens.next() else {
                    continue;
                };
                let Some(line) = doc_line(attribute.stream()) else {
                    continue;
                };
                match is_inner {
                    true => {
                        let file = items.entry(format!("{scope}(beginning)"));
                        let file = file.or_insert_with(|| Said {
                            docs: String::new(),
                            signature: String::new(),
                        });
                        file.docs += &format!("{line}\n");
                    }
                    false => docs.push(line),
                }
            }
            // An item, a field or a variant ends with its body or with a mark.
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                end(&head, &docs, Some(body.stream()), scope, all_public, items);
                (head, docs) = (Vec::new(), Vec::new());
            }
            token if is_mark(token, ';') || is_mark(token, ',') && depth(&head) == 0 => {
                end(&head, &docs, None, scope, all_public, items);
                (head, docs) = (Vec::new(), Vec::new());
            }
            _ => head.push(token),
        }
    }
    end(&head, &docs, None, scope, all_public, items);
}

/// Adds one item, field or variant with what is in it.
fn end(
    head: &[TokenTree],
    docs: &[String],
    body: Option<TokenStream>,
    scope: &str,
    all_public: bool,
    items: &mut Items,
) {
    let word = |at: usize| head.get(at).map(TokenTree::to_string).unwrap_or_default();
    // `pub(crate)` is not public.
    let says_pub = word(0) == "pub" && !matches!(head.get(1), Some(TokenTree::Group(_)));
    if head.is_empty() || word(0) == "use" || word(1) == "use" {
        return;
    }
    if word(0) == "impl" {
        let whole = text_of(head);
        let is_of_trait = head.iter().any(|token| token.to_string() == "for");
        if let (Some(body), false) = (body, is_of_trait) {
            add(body, &format!("{scope}{whole}: "), false, items);
        }
        return;
    }
    if !says_pub && !all_public {
        return;
    }
    let kind = head
        .iter()
        .position(|token| KINDS.contains(&&*token.to_string()));
    // `const fn`: the last of the words that stand together.
    let kind = kind.map(|at| if word(at + 1) == "fn" { at + 1 } else { at });
    let name = match kind {
        Some(at) => format!("{scope}{}", word(at + 1)),
        None => format!("{scope}{}", word(usize::from(says_pub))),
    };
    // The value of a constant is not part of its signature.
    let shown: Vec<TokenTree> = match kind.map(word) {
        Some(kind) if kind == "const" || kind == "static" => {
            let value = head.iter().position(|token| is_mark(token, '='));
            head[..value.unwrap_or(head.len())].to_vec()
        }
        // Nor are the private fields of `struct Name(…);`.
        Some(kind) if kind == "struct" => {
            let is_shown = |token: &&TokenTree| match token {
                TokenTree::Group(fields) => fields.to_string().contains("pub "),
                _ => true,
            };
            head.iter().filter(is_shown).cloned().collect()
        }
        _ => head.to_vec(),
    };
    if let (Some(body), Some(at)) = (body, kind)
        && ["struct", "enum", "trait", "mod"].contains(&&*word(at))
    {
        let inner = word(at) == "enum" || word(at) == "trait";
        add(body, &format!("{name}."), inner, items);
    }
    let said = Said {
        docs: docs.join("\n"),
        signature: text_of(&shown),
    };
    items.insert(name, said);
}

/// How many `<` are open: a comma between type arguments ends no field.
fn depth(head: &[TokenTree]) -> i32 {
    let mut depth = 0;
    for pair in head.windows(2) {
        // The arrow of a function type closes nothing.
        depth += i32::from(is_mark(&pair[1], '<'));
        depth -= i32::from(is_mark(&pair[1], '>') && !is_mark(&pair[0], '-'));
    }
    depth
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// `doc = "…"`, which is what a comment `/// …` becomes.
fn doc_line(attribute: TokenStream) -> Option<String> {
    let mut tokens = attribute.into_iter();
    let is_doc = tokens.next()?.to_string() == "doc" && is_mark(&tokens.next()?, '=');
    is_doc.then(|| tokens.next().map(|text| text.to_string()))?
}

/// The words and marks, without the `mut` of a parameter's name, which says nothing to a caller.
fn text_of(tokens: &[TokenTree]) -> String {
    let mut words: Vec<String> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "mut" => {
                let is_of_name = words.last().is_none_or(|last| last == ",");
                if !is_of_name {
                    words.push("mut".into());
                }
            }
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                words.push(format!("{open}{}{close}", text_of(&inner)));
            }
            token => words.push(token.to_string()),
        }
    }
    words.join(" ")
}

#[test]
fn public_items_are_found_with_their_docs() {
    let text = "//! A file.\n\n/// One.\n/// More.\npub fn a(x: u8) -> u8 { 1 }\nfn hidden() {}\npub(crate) fn b() {}\n\
        /// S.\npub struct S {\n    /// F.\n    pub f: Vec<(u8, u8)>,\n    g: u8,\n}\n\
        impl S {\n    /// M.\n    pub fn m(&self) {}\n    fn n(&self) {}\n}\n\
        /// E.\npub enum E {\n    /// V.\n    V(u8),\n    W { x: u8 },\n}\n/// C.\npub const C: u8 = 7;\n";
    let items = items_of(text).expect("tokens");
    let names: Vec<&str> = items.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "(beginning)",
            "C",
            "E",
            "E.V",
            "E.W",
            "S",
            "S.f",
            "a",
            "impl S: m"
        ]
    );
    assert_eq!(items["a"].docs, "\" One.\"\n\" More.\"");
    assert_eq!(items["S.f"].signature, "pub f : Vec < (u8 , u8) >");
    assert_eq!(items["C"].signature, "pub const C : u8");
    assert_eq!(items["impl S: m"].docs, "\" M.\"");
}
