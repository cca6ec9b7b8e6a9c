//! Tests of what the tests are made of. They run with the reference answer only.

use crate::exercise::banned;

#[test]
fn banned_helpers_are_found() {
    let cases = [
        ("w.write_all(b)?;", Some((1, "write_all"))),
        ("\n\nWrite::write_all(&mut w, b)", Some((3, "write_all"))),
        ("use std::io::BufReader;", Some((1, "BufReader"))),
        ("io::copy(&mut r, &mut w)", Some((1, "copy"))),
        ("copy::<R, W>(r, w)", Some((1, "copy"))),
        ("for b in r.bytes() {}", Some((1, "bytes"))),
        ("write!(w, \"{text}\")", Some((1, "write"))),
        (
            "/* a /* nested */ comment */ r.read_exact(b)",
            Some((1, "read_exact")),
        ),
        (
            "let quote = '\"'; r.read_to_end(b) // \"",
            Some((1, "read_to_end")),
        ),
        (
            "let s = r#\"a \" quote\"#; r.read_to_end(b)",
            Some((1, "read_to_end")),
        ),
        (
            "fn f<'a>(b: &'a [u8]) { w.write_all(b) }",
            Some((1, "write_all")),
        ),
        (
            "let c = '\\''; w.write_all(b); let d = '\\'';",
            Some((1, "write_all")),
        ),
    ];
    for (source, want) in cases {
        let want = want.map(|(line, name): (usize, &str)| (line, name.to_owned()));
        assert_eq!(banned::find(source), want, "{source}");
    }
}

#[test]
fn banned_helpers_in_text_or_in_other_names_are_not() {
    let cases = [
        "// like write_all",
        "/// `io::copy(r, w)` does it for you\nfn f() {}",
        "/* write_all /* read_exact */ BufReader */",
        "todo!(\"2.2 no write_all here, no \\\"BufReader\\\"\")",
        "let s = r##\"write_all \"# read_exact\"##;",
        "let s = br\"write_all\";",
        "buf.copy_from_slice(b); buf.copy_within(1.., 0);",
        "let copy = buf; let bytes = copy; f(bytes)",
        "w.write(buf)?; r.read(buf)?",
        "my_write_all(w)",
    ];
    for source in cases {
        assert_eq!(banned::find(source), None, "{source}");
    }
}
