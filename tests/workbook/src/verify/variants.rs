//! Many wrong answers in one text: each body of a function that some of them change becomes a choice
//! between the right body and theirs, made when the program runs.
//!
//! So the tests are compiled and linked once for all these answers. What differs elsewhere than in the
//! bodies of functions has no place in such a text, and is compiled by itself.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::items::{Item, words};

/// Tells the program which answer to give: a number, the same as in the text.
pub const CHOICE: &str = "LOOPBACK_WRONG_ANSWER";

/// What the crate's root needs: the number that was chosen, or 0 for the right answer.
pub const CHOOSER: &str = r#"
mod wrong_answer {
    pub(crate) fn number() -> usize {
        static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let number = std::env::var("LOOPBACK_WRONG_ANSWER");
            number.ok().and_then(|number| number.parse().ok()).unwrap_or(0)
        })
    }
}
"#;

/// A file of the right answer, and the bodies that may stand in it instead.
pub struct Variants<'a> {
    right: &'a str,
    /// By the place of the body in the file.
    bodies: BTreeMap<usize, Body>,
}

struct Body {
    range: Range<usize>,
    instead: Vec<(usize, String)>,
}

impl<'a> Variants<'a> {
    pub fn of(right: &'a str) -> Variants<'a> {
        Variants {
            right,
            bodies: BTreeMap::new(),
        }
    }

    /// Takes up a wrong answer. False when it differs in something else than bodies of functions.
    pub fn add(&mut self, number: usize, wrong: &str) -> bool {
        let parse = |text: &str| text.parse::<TokenStream>().ok();
        let (Some(right), Some(tokens)) = (parse(self.right), parse(wrong)) else {
            return false;
        };
        let Some(changed) = changed_bodies(right, tokens) else {
            return false;
        };
        for (here, there) in changed {
            let body = self.bodies.entry(here.start).or_insert(Body {
                range: here,
                instead: Vec::new(),
            });
            body.instead.push((number, wrong[there].to_owned()));
        }
        true
    }

    /// Leaves wrong answers out again.
    pub fn remove(&mut self, is_unwanted: impl Fn(usize) -> bool) {
        for body in self.bodies.values_mut() {
            body.instead.retain(|(number, _)| !is_unwanted(*number));
        }
        self.bodies.retain(|_, body| !body.instead.is_empty());
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut done = 0;
        for Body { range, instead } in self.bodies.values() {
            text.push_str(&self.right[done..range.start]);
            text.push_str("{ match crate::wrong_answer::number() {");
            for (number, body) in instead {
                text.push_str(&format!("\n{MARK}{number}\n{number} => {body}"));
            }
            text.push_str(&format!(
                "\n{MARK}0\n_ => {} }} }}",
                &self.right[range.clone()]
            ));
            done = range.end;
        }
        text.push_str(&self.right[done..]);
        text
    }
}

/// Stands, with the number, on a line of its own before each body.
const MARK: &str = "// answer ";

/// Whose body a line of [`Variants::text`] belongs to; lines count from 1.
pub fn answer_at(text: &str, line: usize) -> Option<usize> {
    let above = text.lines().take(line).collect::<Vec<_>>();
    let number = above
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix(MARK))?;
    number.parse().ok().filter(|number| *number != 0)
}

/// Where the bodies stand that differ, here and there. None when something else differs, too.
fn changed_bodies(
    right: TokenStream,
    wrong: TokenStream,
) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let (right, wrong) = (Item::all(right), Item::all(wrong));
    if right.len() != wrong.len() {
        return None;
    }
    let mut changed = Vec::new();
    for (right, wrong) in right.into_iter().zip(wrong) {
        if text(&right.tokens) == text(&wrong.tokens) {
            continue;
        }
        let (head, body) = split(&right)?;
        let (other_head, other_body) = split(&wrong)?;
        if text(head) != text(other_head) {
            return None;
        }
        match kind(head) {
            Kind::Function if may_stand_twice(body) && may_stand_twice(other_body) => {
                let range = |body: &Group| body.span().byte_range();
                changed.push((range(body), range(other_body)));
            }
            Kind::HasItems => changed.extend(changed_bodies(body.stream(), other_body.stream())?),
            _ => return None,
        }
    }
    Some(changed)
}

fn text(tokens: &[TokenTree]) -> String {
    tokens.iter().cloned().collect::<TokenStream>().to_string()
}

/// What stands before the braces at the end, and these.
fn split(item: &Item) -> Option<(&[TokenTree], &Group)> {
    match item.tokens.split_last()? {
        (TokenTree::Group(body), head) if body.delimiter() == Delimiter::Brace => {
            Some((head, body))
        }
        _ => None,
    }
}

/// Something for the whole crate, though in a body, cannot.
fn may_stand_twice(body: &Group) -> bool {
    let words = words(body.stream());
    !["impl", "macro_rules"]
        .iter()
        .any(|&word| words.contains(word))
}

enum Kind {
    Function,
    HasItems,
    Other,
}

fn kind(head: &[TokenTree]) -> Kind {
    let tokens: Vec<String> = head.iter().map(TokenTree::to_string).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let mut head = &tokens[..];
    loop {
        head = match head {
            ["#", "!", _, rest @ ..] | ["#", _, rest @ ..] => rest,
            ["pub", within, rest @ ..] if within.starts_with('(') => rest,
            ["pub" | "async", rest @ ..] => rest,
            _ => break,
        };
    }
    match head {
        // The braces may be no body but a number in a type: `Bytes<{ 4 }>`. And each body has a type of
        // its own where only the body tells it: `-> impl Iterator`.
        ["fn", _, rest @ ..] if !matches!(rest.last(), Some(&("<" | ",")) | None) => {
            let arrow = rest.windows(2).position(|tokens| tokens == ["-", ">"]);
            match arrow.is_some_and(|arrow| rest[arrow..].contains(&"impl")) {
                true => Kind::Other,
                false => Kind::Function,
            }
        }
        ["mod" | "trait" | "impl", ..] => Kind::HasItems,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "1 + 1";
    const WRONG: &str = "{ let a = 3; a }";

    #[track_caller]
    fn has_a_place(expected: bool, form: &str) {
        let [right, wrong] = [RIGHT, WRONG].map(|body| form.replace("BODY", body));
        let is_there = Variants::of(&right).add(1, &wrong);
        assert_eq!(is_there, expected, "{form}");
    }

    #[test]
    fn bodies_of_functions_have_a_place() {
        for form in [
            "fn f() { BODY }",
            "use a::{b, c}; /// Adds.\npub fn f(a: &[u8; 4]) -> Vec<u8> { BODY } struct S { a: u8 }",
            "//! A file.\n\npub(crate) fn f(self: Box<dyn T>) where Self: Sized { BODY }",
            "impl S { const A: u8 = 4; pub fn f(&self) -> [u8; 2] { BODY } }",
            "impl<T> T for S<'_, T> { fn f() { BODY } fn g<U>() {} }",
            "pub mod m { mod n { fn f() -> Option<u8> { BODY } } }",
            "fn f<T>(a: impl Fn()) { BODY }",
            "#[inline] async fn f() { BODY }",
            "trait T { fn f() { BODY } }",
        ] {
            has_a_place(true, form);
        }
    }

    #[test]
    fn other_places_have_none() {
        for form in [
            "fn f() -> impl Iterator<Item = u8> { BODY }",
            "const fn f() { BODY }",
            "fn f() { impl Drop for S { fn drop(&mut self) { BODY } } }",
            "macro_rules! m { () => { fn f() { BODY } } }",
            "thread_local! { static A: u8 = BODY }",
            "const A: u8 = BODY;",
            "const A: u8 = { BODY };",
            "fn f() -> Bytes<{ BODY }> { 1 }",
            "fn f() -> Bytes<u8, { BODY }> { 1 }",
            "enum E { A = BODY }",
        ] {
            has_a_place(false, form);
        }
    }

    #[test]
    fn everything_beside_the_bodies_must_be_the_same() {
        let right = "use a::b; fn f(a: u8) -> u8 { a }";
        for wrong in [
            "use a::c; fn f(a: u8) -> u8 { a }",
            "use a::b; fn f(b: u8) -> u8 { a }",
            "use a::b; fn f(a: u8) -> u16 { a }",
            "use a::b; pub fn f(a: u8) -> u8 { a }",
            "use a::b; fn f(a: u8) -> u8 { a } fn g() {}",
            "use a::b; fn f(a: u8) -> u8 { a ",
        ] {
            assert!(!Variants::of(right).add(1, wrong), "{wrong}");
        }
    }

    #[test]
    fn each_answer_stands_in_the_text() {
        let right = "fn f() -> u8 { 1 } /* é */ fn g() -> u8 { 2 }\nfn h() {}";
        let mut variants = Variants::of(right);
        assert!(variants.add(7, &right.replace('1', "7")));
        assert!(variants.add(8, &right.replace('1', "8").replace('2', "9")));
        let text = variants.text();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            words,
            "fn f() -> u8 { match crate::wrong_answer::number() { \
             // answer 7 7 => { 7 } // answer 8 8 => { 8 } // answer 0 _ => { 1 } } } /* é */ \
             fn g() -> u8 { match crate::wrong_answer::number() { \
             // answer 8 8 => { 9 } // answer 0 _ => { 2 } } } fn h() {}"
        );
        let line = 1 + text
            .lines()
            .position(|line| line.contains("{ 9 }"))
            .expect("it is there");
        assert_eq!(answer_at(&text, line), Some(8));
        assert_eq!(answer_at(&text, line + 2), None);
        assert_eq!(answer_at(&text, 1), None);
        assert!(CHOOSER.contains(CHOICE));
        variants.remove(|number| number == 8);
        assert!(!variants.text().contains("{ 9 }") && variants.text().contains("{ 7 }"));
    }
}
