//! Odd messages and what is made of them: `requests.txt`, `responses.txt`.
//!
//! Both are read by the author's test, which asks our answer again, and by `tests/races/examples/http_judges.rs`, which
//! asks the other judges, too, and keeps their verdicts.
//!
//! ```text
//! # Fields                                  a section
//!
//! ## a space before the colon               a case, and its bytes: the ends of these lines are not among them
//! GET / HTTP/1.1\r\n
//! B : {100*c}\r\n                           100 times c
//! \r\n
//! => ours 400 | nginx 400 | httparse ok     a verdict of each judge
//! RFC 9112 §5.1: MUST be refused.           why ours is right
//! ```

pub const REQUESTS: &str = include_str!("requests.txt");
pub const RESPONSES: &str = include_str!("responses.txt");

/// Of the judges the one that must do as the corpus says.
pub const OURS: &str = "ours";

#[derive(Clone)]
pub struct Case {
    pub section: String,
    pub name: String,
    pub bytes: Vec<u8>,
    /// Judges and what they say, in the order of the file.
    pub verdicts: Vec<(String, String)>,
    pub why: String,
}

impl Case {
    /// What the corpus says of this judge.
    pub fn kept(&self, judge: &str) -> Option<&str> {
        let mut verdicts = self.verdicts.iter();
        verdicts
            .find(|(name, _)| name == judge)
            .map(|(_, verdict)| verdict.as_str())
    }

    pub fn title(&self) -> String {
        format!("{}: {}", self.section, self.name)
    }
}

/// The cases of a corpus.
///
/// # Panics
/// If the text is not written as the head of this file says.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut section = String::new();
    let mut written = String::new();
    for line in text.lines() {
        let open = |cases: &mut Vec<Case>| {
            let last = cases.pop();
            last.unwrap_or_else(|| panic!("{line:?} stands before the first case"))
        };
        if let Some(name) = line.strip_prefix("## ") {
            written.clear();
            cases.push(Case {
                section: section.clone(),
                name: name.to_owned(),
                bytes: Vec::new(),
                verdicts: Vec::new(),
                why: String::new(),
            });
        } else if let Some(name) = line.strip_prefix("# ") {
            name.clone_into(&mut section);
        } else if let Some(verdicts) = line.strip_prefix("=> ") {
            let mut case = open(&mut cases);
            case.bytes = bytes(&written);
            for verdict in verdicts.split(" | ") {
                let (judge, verdict) = verdict.split_once(' ').expect("a judge and a verdict");
                case.verdicts.push((judge.to_owned(), verdict.to_owned()));
            }
            cases.push(case);
        } else if !line.is_empty() && !section.is_empty() {
            let mut case = open(&mut cases);
            if case.verdicts.is_empty() {
                written.push_str(line);
            } else {
                let space = if case.why.is_empty() { "" } else { " " };
                case.why.push_str(space);
                case.why.push_str(line);
            }
            cases.push(case);
        }
    }
    cases
}

/// What stands in the file, as bytes.
fn bytes(written: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        if let Some((count, inner, behind)) = repetition(rest) {
            bytes.extend(self::bytes(inner).repeat(count));
            rest = behind;
        } else if first == '\\' {
            let escape = rest[1..].chars().next().expect("something behind a \\");
            let (byte, length) = match escape {
                'r' => (b'\r', 2),
                'n' => (b'\n', 2),
                't' => (b'\t', 2),
                '0' => (0, 2),
                '\\' => (b'\\', 2),
                'x' => (u8::from_str_radix(&rest[2..4], 16).expect("two digits"), 4),
                other => panic!("\\{other} means nothing here"),
            };
            bytes.push(byte);
            rest = &rest[length..];
        } else {
            bytes.extend(first.to_string().bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes
}

/// `{3*ab}c` as 3, `ab` and `c`.
fn repetition(text: &str) -> Option<(usize, &str, &str)> {
    let (count, rest) = text.strip_prefix('{')?.split_once('*')?;
    let count = count.parse().ok()?;
    let (inner, behind) = rest.split_once('}')?;
    Some((count, inner, behind))
}
