//! Step 1: names on the wire.

use std::error::Error;
use std::fmt;

/// The most octets one label may have (RFC 1035 §2.3.4).
pub const MAX_LABEL: usize = 63;
/// The most octets a whole name may take on the wire, length octets and the final zero included
/// (RFC 1035 §2.3.4).
pub const MAX_NAME: usize = 255;

/// A domain name: its labels from left to right, without the root's empty one.
///
/// A label is bytes, not text (RFC 2181 §11). There is no `==` for names on purpose: `EXAMPLE.test`
/// and `example.TEST` are one name, so compare with [`Name::eq_ignore_case`].
#[derive(Clone)]
pub struct Name {
    labels: Vec<Vec<u8>>,
}

/// Why something is not a domain name.
#[derive(Clone, Copy, Debug)]
pub enum NameError {
    /// Two dots in a row, a dot at the front, or nothing at all.
    EmptyLabel,
    /// A label of more than [`MAX_LABEL`] octets.
    LabelTooLong,
    /// More than [`MAX_NAME`] octets on the wire.
    NameTooLong,
    /// A character outside ASCII. Such names travel in an ASCII form (`xn--…`, RFC 5891), which
    /// this chapter leaves out.
    NotAscii,
}

impl Name {
    /// Makes a name of its labels, from left to right. No labels at all: the root.
    ///
    /// # Errors
    ///
    /// [`NameError::EmptyLabel`], [`NameError::LabelTooLong`] or [`NameError::NameTooLong`].
    pub fn from_labels(labels: Vec<Vec<u8>>) -> Result<Name, NameError> {
        // The root's zero octet, then each label with the octet that tells its length.
        let mut on_the_wire = 1;
        for label in &labels {
            match label.len() {
                0 => return Err(NameError::EmptyLabel),
                1..=MAX_LABEL => on_the_wire += 1 + label.len(),
                _ => return Err(NameError::LabelTooLong),
            }
        }
        if on_the_wire > MAX_NAME {
            return Err(NameError::NameTooLong);
        }
        Ok(Name { labels })
    }

    /// Reads a name as people write it: labels with dots between them. One dot may stand at the
    /// end, and a lone dot is the root. A backslash is an ordinary character.
    ///
    /// # Errors
    ///
    /// [`NameError`]; nothing is shortened or corrected.
    pub fn from_text(text: &str) -> Result<Name, NameError> {
        if !text.is_ascii() {
            return Err(NameError::NotAscii);
        }
        if text == "." {
            return Name::from_labels(Vec::new());
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        Name::from_labels(text.split('.').map(|l| l.as_bytes().to_vec()).collect())
    }

    /// The labels from left to right, without the root's empty one.
    pub fn labels(&self) -> &[Vec<u8>] {
        &self.labels
    }

    /// Appends the name in wire form: each label as one octet with its length and then its bytes;
    /// a zero octet ends the name (RFC 1035 §3.1). The letters keep their case.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for label in &self.labels {
            // from_labels let no label through that is longer than 63.
            out.push(label.len() as u8);
            out.extend_from_slice(label);
        }
        out.push(0);
    }

    /// Whether both are the same name. ASCII letters count as equal in either case, every other
    /// byte only to itself (RFC 4343 §3).
    pub fn eq_ignore_case(&self, other: &Name) -> bool {
        self.labels.len() == other.labels.len()
            && self
                .labels
                .iter()
                .zip(&other.labels)
                .all(|(mine, theirs)| mine.eq_ignore_ascii_case(theirs))
    }
}

/// As people write it, without the final dot. Misleading bytes are escaped as in a zone file (RFC
/// 1035 §5.1): a dot inside a label as `\.`, bytes that do not print as `\DDD`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.is_empty() {
            return f.write_str(".");
        }
        for (i, label) in self.labels.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            for &byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", byte as char)?,
                    b'!'..=b'~' => write!(f, "{}", byte as char)?,
                    _ => write!(f, "\\{byte:03}")?,
                }
            }
        }
        Ok(())
    }
}

/// So that a question in a message can be read.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameError::EmptyLabel => "a label is empty",
            NameError::LabelTooLong => "a label has more than 63 octets",
            NameError::NameTooLong => "the name takes more than 255 octets on the wire",
            NameError::NotAscii => "the name has a character outside ASCII",
        })
    }
}

impl Error for NameError {}
