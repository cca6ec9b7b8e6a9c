//! Where a function of the reader's stands.

use std::fs;
use std::path::Path;

use crate::report::test_name::TestName;

/// The place that a failure is most likely about: `chapters/02-tcp-echo/src/s3_serve_one.rs:25, serve_one`
/// for a call such as `serve_one(listener)`, or the step's file where no such function is found. Nothing
/// outside of a chapter, nor where the source is not at hand.
pub fn place_of(call: &str, test: &TestName) -> Option<String> {
    let package = test.package.as_deref()?;
    let (_, step) = test.chapter_and_step()?;
    let step = format!("s{step}_");
    // `cargo test` starts a test in its package's folder.
    let found = [Path::new("src"), &Path::new(package).join("src")]
        .into_iter()
        .find_map(|folder| find(&sources(folder), call, &step))?;
    Some(format!("{package}/src/{found}"))
}

/// The files of the steps with their text, in order. What else is in the folder is given: no failure is about it.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sources: Vec<_> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            let step = name.strip_prefix('s')?.strip_suffix(".rs")?;
            let is_step = step.starts_with(|c: char| c.is_ascii_digit());
            let text = fs::read_to_string(file.path()).ok()?;
            is_step.then_some((name, text))
        })
        .collect();
    sources.sort();
    sources
}

/// Of several functions of the name, one of the type that the call names, then one in the step's file.
fn find(sources: &[(String, String)], call: &str, step: &str) -> Option<String> {
    let (owner, name) = name_of(call);
    let functions = sources.iter().flat_map(|(file, text)| {
        let mut header = "";
        text.lines().enumerate().filter_map(move |(number, line)| {
            if line.starts_with("impl") {
                header = line;
            }
            let rest = line.trim_start().split_once("fn ")?.1.strip_prefix(name?)?;
            let is_function = rest.starts_with(['(', '<']) && !line.trim_start().starts_with("//");
            let is_of_owner = owner.is_none_or(|owner| header.contains(owner));
            let key = (!is_of_owner, !file.starts_with(step));
            is_function.then_some((key, file, number + 1))
        })
    });
    match functions.min() {
        Some((_, file, line)) => Some(format!("{file}:{line}, {}", name?)),
        None => {
            let (file, text) = sources.iter().find(|(file, _)| file.starts_with(step))?;
            // A program, and no function: what it does begins in the step's `run`, if it has one.
            let run = text
                .lines()
                .position(|line| line.starts_with("pub fn run("));
            Some(run.map_or(file.clone(), |line| format!("{file}:{}, run", line + 1)))
        }
    }
}

/// `Reader` and `new` for `Reader::new(12 bytes)`; only the name for `pool.get()`.
fn name_of(call: &str) -> (Option<&str>, Option<&str>) {
    let head = match call.split_once('(') {
        Some((head, _)) if !head.contains(' ') => head,
        _ => return (None, None),
    };
    if let Some((path, name)) = head.rsplit_once("::") {
        return (path.rsplit("::").next(), Some(name));
    }
    (None, head.rsplit('.').next())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_function_of_a_call_is_found() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let sources = [
            file("lib.rs", "mod s1_a;\n"),
            file(
                "s1_a.rs",
                "impl Reader {\n    pub fn new() {}\n}\nimpl<T> Pool<T> {\n    pub fn new() {}\n}\n",
            ),
            file(
                "s2_b.rs",
                "// fn serve(x)\npub fn serve<H>(h: H) {}\nfn new() {}\nfn server() {}\n",
            ),
            file(
                "s4_d.rs",
                "use x;\npub fn run(args: &[String]) -> u8 { 0 }\n",
            ),
        ];
        let cases = [
            ("serve(listener)", "s1_", Some("s2_b.rs:2, serve")),
            ("server.new()", "s2_", Some("s2_b.rs:3, new")),
            ("Pool::new(2)", "s2_", Some("s1_a.rs:5, new")),
            ("Reader::new(2)", "s2_", Some("s1_a.rs:2, new")),
            ("nothing(2)", "s2_", Some("s2_b.rs")),
            ("ch02 serve 127.0.0.1:0", "s1_", Some("s1_a.rs")),
            ("", "s1_", Some("s1_a.rs")),
            ("ch02 serve 127.0.0.1:0", "s4_", Some("s4_d.rs:2, run")),
            ("nothing()", "s3_", None),
        ];
        for (call, step, place) in cases {
            assert_eq!(find(&sources, call, step).as_deref(), place, "{call}");
        }
    }
}
