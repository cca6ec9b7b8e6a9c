//! Whether a wrong answer differs from the right one only in bodies of functions of which no other
//! crate compiles a copy. Then what was compiled against the right one can be linked with the wrong
//! one.
//!
//! What is not surely such a body counts as a difference.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::items::{Item, words};

pub fn are_all_that_differs(right: &str, wrong: &str) -> bool {
    let seen = |text: &str| Some(seen(text.parse().ok()?).to_string());
    match (seen(right), seen(wrong)) {
        (Some(right), Some(wrong)) => right == wrong,
        _ => false,
    }
}

/// What another crate may compile, or look at: all but the hidden bodies.
fn seen(tokens: TokenStream) -> TokenStream {
    let mut all = TokenStream::new();
    for item in Item::all(tokens) {
        let kind = kind(&item);
        let mut tokens = item.tokens;
        if let Some(TokenTree::Group(body)) = tokens.last_mut()
            && body.delimiter() == Delimiter::Brace
        {
            let rest = match kind {
                Kind::HidesBody => TokenStream::new(),
                Kind::HasItems => seen(body.stream()),
                Kind::Other => body.stream(),
            };
            *body = Group::new(Delimiter::Brace, rest);
        }
        all.extend(tokens);
    }
    all
}

enum Kind {
    HidesBody,
    HasItems,
    Other,
}

fn kind(item: &Item) -> Kind {
    let tokens: Vec<String> = item.tokens.iter().map(TokenTree::to_string).collect();
    let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    tokens.pop(); // the body
    let mut head = &tokens[..];
    loop {
        head = match head {
            ["#", "!", _, rest @ ..] => rest,
            // Another attribute, such as `inline`, may say that the body is copied.
            ["#", docs, rest @ ..] if docs.starts_with("[doc") => rest,
            ["pub", within, rest @ ..] if within.starts_with('(') => rest,
            ["pub", rest @ ..] => rest,
            _ => break,
        };
    }
    match head {
        // A name with `<` behind it has parameters of its own. The last token is one of a type, unless
        // the braces are no body but a number in a type: `Bytes<{ 4 }>`.
        ["fn", _, arguments, rest @ ..]
            if arguments.starts_with('(') && !matches!(rest.last(), Some(&("<" | ","))) =>
        {
            // A type that only the body tells; or something for all the crate, though in a body.
            let words = words(item.tokens.iter().cloned().collect());
            match ["impl", "macro_rules"]
                .iter()
                .any(|&word| words.contains(word))
            {
                true => Kind::Other,
                false => Kind::HidesBody,
            }
        }
        ["mod", _] => Kind::HasItems,
        ["impl", first, ..] if *first != "<" => Kind::HasItems,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::are_all_that_differs;

    #[track_caller]
    fn differs_only_in_bodies(expected: bool, form: &str) {
        let [right, wrong] = ["1 + 1", "{ let a = 3; a }"].map(|body| form.replace("BODY", body));
        assert_eq!(are_all_that_differs(&right, &wrong), expected, "{form}");
    }

    #[test]
    fn a_body_of_an_ordinary_function_is_hidden() {
        for form in [
            "fn f() { BODY }",
            "use a::{b, c}; /// Adds.\npub fn f(a: &[u8; 4]) -> Vec<u8> { BODY } struct S { a: u8 }",
            "//! A file.\n\npub(crate) fn f(self: Box<dyn T>) where Self: Sized { BODY }",
            "impl S { const A: u8 = 4; pub fn f(&self) -> [u8; 2] { BODY } }",
            "impl T for S<'_> { fn f() { BODY } fn g<U>() {} }",
            "pub mod m { mod n { fn f() -> Option<u8> { BODY } } }",
        ] {
            differs_only_in_bodies(true, form);
        }
    }

    #[test]
    fn what_another_crate_compiles_too_is_seen() {
        for form in [
            "fn f<T>() { BODY }",
            "impl<T> S<T> { fn f() { BODY } }",
            "fn f(a: impl Fn()) { BODY }",
            "fn f() -> impl Iterator<Item = u8> { BODY }",
            "async fn f() { BODY }",
            "const fn f() { BODY }",
            "#[inline] fn f() { BODY }",
            "impl S { #[inline(always)] fn f() { BODY } }",
            "trait T { fn f() { BODY } }",
            "fn f() { impl Drop for S { fn drop(&mut self) { BODY } } }",
            "macro_rules! m { () => { fn f() { BODY } } }",
            "thread_local! { static A: u8 = BODY }",
            "const A: u8 = BODY;",
            "const A: u8 = { BODY };",
            "fn f() -> Bytes<{ BODY }> { 1 }",
            "fn f() -> Bytes<u8, { BODY }> { 1 }",
            "enum E { A = BODY }",
        ] {
            differs_only_in_bodies(false, form);
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
            assert!(!are_all_that_differs(right, wrong), "{wrong}");
        }
    }
}
