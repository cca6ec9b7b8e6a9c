//! From text to lines.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::line::{At, Call, Gives, Item, Line, What, Whom};
use super::segment::{Pattern, Segment};
use super::token::{number, quoted, split};

/// A script that has been read.
#[derive(Clone, Debug)]
pub struct Script {
    /// The text as it was written, without the indentation that all its lines have.
    rows: Vec<String>,
    lines: Vec<Line>,
    settings: BTreeMap<String, String>,
    asked: RefCell<BTreeSet<String>>,
}

/// What is wrong with the text of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Of the text as it was given, counted from 1.
    pub line: usize,
    /// Where the word begins at which reading ended, in characters, counted from 1.
    pub column: usize,
    pub row: String,
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "line {}, column {} of the script: {}\n  {}",
            self.line, self.column, self.what, self.row
        )
    }
}

impl Script {
    pub fn parse(text: &str) -> Result<Script, Mistake> {
        let (above, indent, rows) = dedented(text);
        let mut reader = Reader {
            lines: Vec::new(),
            settings: BTreeMap::new(),
            window: 65535,
            reasons: Vec::new(),
            latest: Duration::ZERO,
        };
        for (number, row) in rows.iter().enumerate() {
            let (tokens, comment) = split(row);
            let mut tokens = Tokens { tokens, next: 0 };
            let read = reader.row(number, &mut tokens, comment);
            read.map_err(|what| Mistake {
                line: above + number + 1,
                column: indent + tokens.column(row),
                row: row.clone(),
                what,
            })?;
        }
        Ok(Script {
            lines: reader.lines,
            settings: reader.settings,
            rows,
            asked: RefCell::default(),
        })
    }

    /// The lines that say something.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The text, line by line.
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// What `with NAME=…` says.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.settings.get(name).map(String::as_str)
    }

    /// The same as a number, or this one where the script does not say.
    pub fn number(&self, name: &str, default: u32) -> u32 {
        let Some(text) = self.setting(name) else {
            return default;
        };
        number(text).unwrap_or_else(|| panic!("`with {name}={text}` is no number"))
    }

    /// A setting for which nobody has asked: a slip of the pen.
    pub fn unread(&self) -> Option<&str> {
        let asked = self.asked.borrow();
        let mut names = self.settings.keys();
        names
            .find(|name| *name != "linux" && !asked.contains(*name))
            .map(String::as_str)
    }
}

/// The lines without what indents all of them, and without empty ones at both ends; before them, how many lines and
/// columns that took away above and on the left.
fn dedented(text: &str) -> (usize, usize, Vec<String>) {
    let rows: Vec<&str> = text.lines().map(str::trim_end).collect();
    let is_full = |row: &&str| !row.is_empty();
    let first = rows.iter().position(is_full).unwrap_or(0);
    let last = rows.iter().rposition(is_full).map_or(0, |last| last + 1);
    let rows = &rows[first.min(last)..last];
    let indent = |row: &&str| row.len() - row.trim_start().len();
    let common = rows.iter().filter(|row| !row.is_empty()).map(indent).min();
    let common = common.unwrap_or(0);
    let rows = rows
        .iter()
        .map(|row| row.get(common..).unwrap_or("").to_owned())
        .collect();
    (first, common, rows)
}

/// What has been read so far.
struct Reader<'a> {
    lines: Vec<Line>,
    settings: BTreeMap<String, String>,
    /// That of the last segment which arrives.
    window: u16,
    /// Comments of the line that comes next.
    reasons: Vec<&'a str>,
    latest: Duration,
}

impl<'a> Reader<'a> {
    fn row(&mut self, number: usize, tokens: &mut Tokens, comment: &'a str) -> Result<(), String> {
        if !comment.is_empty() {
            self.reasons.push(comment);
        }
        match tokens.peek() {
            None if comment.is_empty() => self.reasons.clear(),
            None => {}
            Some("with") => {
                if !self.lines.is_empty() {
                    return Err("`with` stands before all else".into());
                }
                self.settings.extend(tokens.settings()?);
                self.reasons.clear();
            }
            Some(_) => {
                let at = tokens.time()?;
                if let Some(at) = at {
                    if at.latest < self.latest || at.latest < at.earliest {
                        return Err("time goes back".into());
                    }
                    self.latest = at.earliest.max(self.latest);
                }
                let items = tokens.items(&mut self.window)?;
                if items.is_empty() {
                    return Err("a time, and nothing happens; is `nothing` meant?".into());
                }
                self.lines.push(Line {
                    number,
                    at,
                    items,
                    why: std::mem::take(&mut self.reasons).join(" "),
                });
            }
        }
        Ok(())
    }
}

struct Tokens<'a> {
    tokens: Vec<&'a str>,
    next: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let token = self.peek();
        self.next += 1;
        token
    }

    /// The next token, if `f` can make something of it.
    fn take_if<T>(&mut self, f: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let value = f(self.peek()?)?;
        self.next += 1;
        Some(value)
    }

    /// Where in the row the last token begins that was taken.
    fn column(&self, row: &str) -> usize {
        let token = self.tokens.get(self.next.saturating_sub(1));
        // A token is a part of the row.
        let at = token.map_or(row.len(), |token| {
            token.as_ptr() as usize - row.as_ptr() as usize
        });
        row[..at].chars().count() + 1
    }

    fn settings(&mut self) -> Result<Vec<(String, String)>, String> {
        self.take();
        let mut settings = Vec::new();
        while let Some(token) = self.take() {
            let (name, value) = token
                .split_once('=')
                .ok_or_else(|| format!("`{token}` is not NAME=VALUE"))?;
            settings.push((name.to_owned(), value.to_owned()));
        }
        Ok(settings)
    }

    /// `25`, `25 ms`, `3 s`, `200..500 ms`.
    fn time(&mut self) -> Result<Option<At>, String> {
        let Some(token) = self.take_if(|token| {
            token
                .starts_with(|c: char| c.is_ascii_digit())
                .then_some(token)
        }) else {
            return Ok(None);
        };
        let unit = self.take_if(|unit| match unit {
            "ms" => Some(1e-3),
            "s" => Some(1.0),
            _ => None,
        });
        let moment = |text: &str| {
            let number: Option<f64> = text.parse().ok();
            let nanos = number.map(|number| (number * unit.unwrap_or(1e-3) * 1e9).round() as u64);
            nanos
                .map(Duration::from_nanos)
                .ok_or_else(|| format!("`{token}` is no time"))
        };
        let (earliest, latest) = token.split_once("..").unwrap_or((token, token));
        Ok(Some(At {
            earliest: moment(earliest)?,
            latest: moment(latest)?,
        }))
    }

    fn items(&mut self, window: &mut u16) -> Result<Vec<Item>, String> {
        let (mut whom, mut peer) = (Whom::Both, String::new());
        let mut items = Vec::new();
        while let Some(token) = self.take() {
            let what = match token {
                "ours" => {
                    whom = Whom::Ours;
                    continue;
                }
                "linux" => {
                    whom = Whom::Linux;
                    continue;
                }
                "lost" => continue, // a remark: the machine cannot know
                "-->" => What::Leaves(self.pattern()?),
                "<--" => What::Arrives(self.segment(window, &peer)?),
                "nothing" => What::Nothing,
                _ if token.ends_with(':') => {
                    token[..token.len() - 1].clone_into(&mut peer);
                    continue;
                }
                _ if token.contains('(') => What::Call(self.call(token)?),
                _ => word(token)?,
            };
            let peer = std::mem::take(&mut peer);
            items.push(Item { whom, peer, what });
        }
        Ok(items)
    }

    fn call(&mut self, token: &str) -> Result<Call, String> {
        let (name, rest) = token.split_once('(').expect("a call has one");
        let arguments = rest
            .strip_suffix(')')
            .ok_or_else(|| format!("`{token}` does not end with `)`"))?;
        let arguments: Vec<String> = match arguments {
            "" => Vec::new(),
            // A quoted text is the last argument, whatever it holds.
            _ => match arguments.split_once('"') {
                Some((before, text)) => {
                    let names = before
                        .split(',')
                        .map(str::trim)
                        .filter(|name| !name.is_empty());
                    names
                        .map(str::to_owned)
                        .chain([format!("\"{text}")])
                        .collect()
                }
                None => arguments
                    .split(',')
                    .map(|name| name.trim().to_owned())
                    .collect(),
            },
        };
        let gives = match self.take_if(|token| (token == "=").then_some(())) {
            None => None,
            Some(()) => {
                let token = self.take().ok_or("nothing stands behind `=`")?;
                let word = || Gives::Word(token.to_owned());
                Some(quoted(token).map_or_else(word, Gives::Bytes))
            }
        };
        Ok(Call {
            name: name.to_owned(),
            data: arguments
                .last()
                .and_then(|last| quoted(last))
                .unwrap_or_default(),
            arguments,
            gives,
        })
    }

    fn segment(&mut self, window: &mut u16, peer: &str) -> Result<Segment, String> {
        let pattern = self.pattern()?;
        let seq = pattern
            .seq
            .ok_or("a segment that arrives needs its `seq`")?;
        *window = pattern.window.unwrap_or(*window);
        Ok(Segment {
            peer: peer.to_owned(),
            seq,
            ack: pattern.ack,
            syn: pattern.syn,
            fin: pattern.fin,
            rst: pattern.rst,
            psh: pattern.psh == Some(true),
            window: *window,
            mss: pattern.mss,
            payload: pattern.payload.unwrap_or_else(|| {
                super::stream(seq.wrapping_add(u32::from(pattern.syn)), pattern.len)
            }),
        })
    }

    /// The words behind an arrow.
    fn pattern(&mut self) -> Result<Pattern, String> {
        let mut pattern = Pattern::default();
        let mut needs_ack = false;
        let is_flags = |token: &str| token.split(',').all(|flag| FLAGS.contains(&flag));
        if let Some(flags) = self.take_if(|token| is_flags(token).then_some(token)) {
            for flag in flags.split(',') {
                match flag {
                    "SYN" => pattern.syn = true,
                    "FIN" => pattern.fin = true,
                    "RST" => pattern.rst = true,
                    "PSH" => pattern.psh = Some(true),
                    _ => needs_ack = true,
                }
            }
        }
        loop {
            match self.peek() {
                Some("seq") => pattern.seq = Some(self.value()?),
                Some("ack") => pattern.ack = Some(self.value()?),
                Some("len") => pattern.len = self.value()? as usize,
                Some("win") => pattern.window = Some(self.small()?),
                Some("mss") => pattern.mss = Some(self.small()?),
                Some("no") => {
                    self.take();
                    self.take_if(|token| (token == "PSH").then_some(()))
                        .ok_or("only `no PSH` can be said")?;
                    pattern.psh = Some(false);
                }
                Some(token) if token.starts_with('"') => {
                    self.take();
                    let bytes = quoted(token).ok_or_else(|| format!("{token} is no text"))?;
                    pattern.len = bytes.len();
                    pattern.payload = Some(bytes);
                }
                _ if needs_ack && pattern.ack.is_none() => {
                    return Err("the flag ACK needs its number: `ack N`".into());
                }
                _ => return Ok(pattern),
            }
        }
    }

    /// The number behind a name.
    fn value(&mut self) -> Result<u32, String> {
        let name = self.take().unwrap_or_default();
        let value = self.take().unwrap_or_default();
        number(value).ok_or_else(|| format!("`{name} {value}`: no number of 32 bits"))
    }

    fn small(&mut self) -> Result<u16, String> {
        let value = self.value()?;
        u16::try_from(value).map_err(|_| format!("{value} does not fit 16 bits"))
    }
}

const FLAGS: [&str; 5] = ["SYN", "FIN", "RST", "PSH", "ACK"];

/// What a word by itself says.
fn word(token: &str) -> Result<What, String> {
    let is_made_of = |is_letter: fn(&u8) -> bool| {
        let is_fine = |b: &u8| is_letter(b) || b.is_ascii_digit() || *b == b'-';
        token.bytes().all(|b| is_fine(&b))
    };
    if let Some((name, value)) = token.split_once('=')
        && !name.is_empty()
    {
        let (name, value) = (name.to_owned(), value.to_owned());
        Ok(What::Var { name, value })
    } else if is_made_of(u8::is_ascii_uppercase) {
        Ok(What::State(token.to_owned()))
    } else if is_made_of(u8::is_ascii_lowercase) {
        Ok(What::Told(token.to_owned()))
    } else {
        Err(format!("`{token}` is nothing that a script can say"))
    }
}
