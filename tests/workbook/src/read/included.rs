//! The text of a page with all that it includes.

use std::fs;
use std::path::Path;

use crate::book::{self, Include, PAGES};

/// How deep an included page may include others.
const DEPTH: usize = 4;

/// Puts in what `page` includes. A picture becomes a Markdown image.
pub fn resolve(root: &Path, page: &str, text: &str) -> String {
    at_depth(root, page, text, DEPTH)
}

fn at_depth(root: &Path, page: &str, text: &str, depth: usize) -> String {
    let mut resolved = String::new();
    for line in text.lines() {
        let mut rest = line;
        for (asks, include) in Include::all(line) {
            let (before, after) = rest.split_once(asks).unwrap_or((rest, ""));
            resolved.push_str(before);
            resolved.push_str(included(root, page, &include, depth).trim_end());
            rest = after;
        }
        resolved.push_str(rest);
        resolved.push('\n');
    }
    resolved
}

fn included(root: &Path, page: &str, include: &Include, depth: usize) -> String {
    let path = include.path(page);
    let shown = path.display().to_string().replace('\\', "/");
    let Ok(text) = fs::read_to_string(root.join(&path)) else {
        return format!("({shown} is not in this copy of the workbook.)");
    };
    if shown.ends_with(".svg") {
        return picture(&text, &include.file);
    }
    let part = book::part_of(&text, include.part.as_deref());
    let text = part.unwrap_or_else(|mark| format!("({shown} has no mark {mark}.)"));
    match shown.strip_prefix(&format!("{PAGES}/")) {
        Some(inner) if depth > 0 => at_depth(root, inner, &text, depth - 1),
        _ => text,
    }
}

/// The picture's title is what a screen reader says of it.
fn picture(svg: &str, file: &str) -> String {
    let title = svg.split_once("<title>").map_or("", |(_, rest)| rest);
    let title = title.split("</title>").next().unwrap_or_default();
    format!("![{title}]({file})")
}
