//! The items of a Rust text, by its tokens.

use std::collections::HashSet;
use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A function, a module, an `impl`, …, with its attributes and comments.
pub struct Item {
    pub tokens: Vec<TokenTree>,
}

impl Item {
    pub fn all(tokens: TokenStream) -> Vec<Item> {
        let mut items = Vec::new();
        let mut item = Vec::new();
        for token in tokens {
            // An item ends with its body or with a semicolon.
            let is_end = match &token {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(mark) => mark.as_char() == ';',
                _ => false,
            };
            item.push(token);
            if is_end {
                items.push(Item {
                    tokens: std::mem::take(&mut item),
                });
            }
        }
        items.push(Item { tokens: item });
        items
    }

    pub fn range(&self) -> Range<usize> {
        let first = self.tokens.first().map(|token| token.span().byte_range());
        let last = self.tokens.last().map(|token| token.span().byte_range());
        first.map_or(0, |first| first.start)..last.map_or(0, |last| last.end)
    }

    pub fn is_test(&self) -> bool {
        self.tokens.iter().any(|token| {
            matches!(token, TokenTree::Group(group)
                if group.delimiter() == Delimiter::Bracket && group.stream().to_string() == "test")
        })
    }

    /// `mod name;`
    pub fn is_module_file(&self) -> bool {
        let ends_with_mark = matches!(self.tokens.last(), Some(TokenTree::Punct(_)));
        ends_with_mark && self.name_after("mod").is_some()
    }

    pub fn name_after(&self, keyword: &str) -> Option<String> {
        let at = self
            .tokens
            .iter()
            .position(|token| matches!(token, TokenTree::Ident(word) if word == keyword))?;
        Some(self.tokens.get(at + 1)?.to_string())
    }
}

/// All words of the code.
pub fn words(tokens: TokenStream) -> HashSet<String> {
    fn add(tokens: TokenStream, words: &mut HashSet<String>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => add(group.stream(), words),
                TokenTree::Ident(word) => {
                    words.insert(word.to_string());
                }
                _ => {}
            }
        }
    }
    let mut words = HashSet::new();
    add(tokens, &mut words);
    words
}
