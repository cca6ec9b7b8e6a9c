//! The map of the chapters: a row for each, and an arrow to each from those whose code it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use course::Course;
use netlab::picture::Picture;

const ROW: usize = 27;
/// Where the dots stand. The arrows are on their left, and the titles on their right.
const DOTS: usize = 150;
const WIDTH: usize = 420;
/// Legible on light and on dark.
const COLOURS: [&str; 5] = ["#3f8fd6", "#2f9e6e", "#d98b2b", "#8e6fd8", "#cf5566"];

/// The numbers of the chapters whose reference answers each chapter's manifest names.
pub fn needs(root: &Path, course: &Course) -> BTreeMap<String, BTreeSet<String>> {
    let chapters = course.chapters.iter().map(|chapter| {
        let manifest = root.join(chapter.dir()).join("Cargo.toml");
        let manifest = std::fs::read_to_string(&manifest).expect("a chapter's manifest");
        let found = manifest.split("solutions/").skip(1);
        let needed = found.filter_map(|rest| rest.get(..2).map(str::to_owned));
        (chapter.number().to_string(), needed.collect())
    });
    chapters.collect()
}

/// All that a chapter needs, and what these need.
fn reaches(needs: &BTreeMap<String, BTreeSet<String>>, chapter: &str) -> BTreeSet<String> {
    let mut all = needs[chapter].clone();
    for needed in &needs[chapter] {
        all.extend(reaches(needs, needed));
    }
    all
}

/// What a chapter needs and does not get through another one that it needs.
fn arrows(needs: &BTreeMap<String, BTreeSet<String>>, chapter: &str) -> Vec<String> {
    let through: BTreeSet<String> = needs[chapter]
        .iter()
        .flat_map(|needed| reaches(needs, needed))
        .collect();
    needs[chapter].difference(&through).cloned().collect()
}

pub fn draw(root: &Path, course: &Course) -> String {
    let needs = needs(root, course);
    let height = ROW * course.chapters.len() + 6;
    let mut picture = Picture::new(
        WIDTH,
        height,
        "Which chapters the code of each chapter uses",
    );
    let y = |number: &str| {
        let is_it = |it: &course::Chapter| it.number() == number;
        let row = course.chapters.iter().position(is_it).expect("a chapter");
        ROW * row + 18
    };
    for chapter in &course.chapters {
        let number = chapter.number().to_string();
        for source in arrows(&needs, &number) {
            let nth: usize = source.parse().expect("a number");
            let colour = COLOURS[nth % COLOURS.len()];
            // It leaves below the middle of its row and comes in above it, so that the two do not touch.
            let (from, to) = (y(&source) + 3, y(&number) - 3);
            let rows = (to - from).div_ceil(ROW);
            let (left, x) = (18 + 7 * rows, DOTS - 8);
            let tip = x - 6;
            picture.raw(&format!(
                "<g><title>{number} uses {source}</title>\
                 <path d=\"M{x} {from} H{tip} A{left} {} 0 0 0 {tip} {to}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>\
                 <path d=\"M{x} {to} l-8 -4 v8 Z\" fill=\"{colour}\"/></g>",
                (to - from) as f64 / 2.0
            ));
        }
    }
    for chapter in &course.chapters {
        let number = chapter.number().to_string();
        let y = y(&number);
        picture.dot(DOTS, y);
        picture.raw(&format!(
            "<a href=\"{}\">",
            chapter.page().replace(".md", ".html")
        ));
        picture.text(
            DOTS + 12,
            y + 5,
            "start",
            14,
            1.0,
            &format!("{number} {}", chapter.title),
        );
        picture.raw("</a>");
    }
    picture.finish()
}
