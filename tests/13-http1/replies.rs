//! What a server has written, read as a client on a kept connection has to read it.

use netlab::Lab;

use super::heads::shown;

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Name and value of each field, in their order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The values of a field; a name in any case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self
            .fields
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &value[..]).collect()
    }

    /// Whether `Connection` lists this word.
    pub fn says(&self, word: &str) -> bool {
        let values = self.all("Connection");
        let mut words = values.iter().flat_map(|value| value.split(','));
        words.any(|other| other.trim().eq_ignore_ascii_case(word))
    }
}

/// Reads the responses to requests with these methods, and demands that nothing is behind them. A client
/// on a kept connection has Content-Length to go by, and nothing else.
pub fn replies(lab: &Lab, written: &[u8], methods: &[&str]) -> Vec<Reply> {
    let mut rest = written;
    let mut all = Vec::new();
    for method in methods {
        let (reply, len) = reply(lab, rest, method);
        all.push(reply);
        rest = &rest[len..];
    }
    lab.holds(
        rest.is_empty(),
        format!("{} responses, and nothing behind them", methods.len()),
        format!("more: {}", shown(rest)),
    );
    all
}

/// The first response of `written`, which answers this method, and how many bytes it has.
pub fn reply(lab: &Lab, written: &[u8], method: &str) -> (Reply, usize) {
    let Some(end) = written.windows(4).position(|four| four == b"\r\n\r\n") else {
        lab.fails(
            format!("a response to {method}: lines, and an empty one"),
            shown(written),
        );
    };
    let head = String::from_utf8_lossy(&written[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let Some(status) = status_of(first) else {
        lab.fails(
            "a status line: HTTP/1.1, a status, a reason",
            format!("{first:?}"),
        );
    };
    let mut fields = Vec::new();
    for line in lines {
        match line.split_once(':') {
            Some((name, value)) if !name.is_empty() && !name.contains([' ', '\n', '\r']) => {
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
            _ => lab.fails("fields of the response: name: value", format!("{line:?}")),
        }
    }
    let mut reply = Reply {
        status,
        fields,
        body: Vec::new(),
    };
    let head = end + 4;
    let lengths = reply.all("Content-Length");
    if matches!(status, 100..=199 | 204 | 304) {
        lab.because("These responses have no body by definition, and a length in 1xx or 204 is forbidden (RFC 9110 §8.6).")
            .same(&format!("Content-Length of {status}"), lengths, Vec::new());
        return (reply, head);
    }
    let length: usize = match lengths[..] {
        [one] if !one.is_empty() && one.bytes().all(|b| b.is_ascii_digit()) => {
            one.parse().unwrap_or(usize::MAX)
        }
        ref other => lab
            .because(match other.len() {
                0 => "The client cannot know that you are done: a response on a connection that stays says its length. Without one it goes on until the connection ends, and the client waits.",
                1 => "Content-Length is a number, in decimal digits and nothing else.",
                _ => "A response that says its length more than once leaves it to the client which one counts, and a careful one refuses it (RFC 9112 §6.3).",
            })
            .fails(
                format!("one Content-Length in the response {}", shown(&written[..head])),
                format!("{other:?}"),
            ),
    };
    if method == "HEAD" {
        return (reply, head);
    }
    let Some(body) = written.get(head..head.saturating_add(length)) else {
        lab.because("Content-Length announces more than comes: the client waits for the rest, and takes the next response for it.")
            .fails(
                format!("{length} bytes of body, as announced"),
                format!("{} bytes", written.len() - head),
            );
    };
    reply.body = body.to_vec();
    (reply, head + length)
}

fn status_of(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.1 ")?;
    let (status, reason) = rest.split_at_checked(3)?;
    // The space is part of the line even where no reason follows (RFC 9112 §4).
    if !reason.starts_with(' ') || !status.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    status.parse().ok()
}
