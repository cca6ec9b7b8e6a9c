//! Step 3: a body in chunks.

use crate::HttpError;
use crate::s1_head::{field, value};

/// The longest line with the size of a chunk, in bytes, without its CRLF.
pub const MAX_CHUNK_LINE: usize = 256;

/// The most bytes of all lines behind the last chunk, with their CRLFs but without the empty line.
pub const MAX_TRAILERS: usize = 8192;

/// Takes a chunked body (RFC 9112 §7.1) out of a stream, in the pieces in which it comes.
#[derive(Debug)]
pub struct Chunked {
    max: u64,
    /// Content bytes announced so far.
    announced: u64,
    /// Of the line that has begun, what has come.
    line: Vec<u8>,
    trailers: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Size,
    Data {
        left: u64,
    },
    /// The CRLF behind a chunk.
    DataEnd,
    Trailer,
    Done,
}

impl Chunked {
    /// For a body of at most `max` bytes of content.
    pub fn new(max: u64) -> Chunked {
        Chunked {
            max,
            announced: 0,
            line: Vec::new(),
            trailers: 0,
            state: State::Size,
        }
    }

    /// Takes the next bytes of the stream, puts the content among them at the end of `out`, and returns
    /// how many it has taken: all of `input`, or those up to the end of the body. What is behind that end
    /// belongs to the next message.
    ///
    /// Content comes out as soon as it is there, and nothing is kept but the line that has begun.
    ///
    /// - A chunk is a line with its size, so many bytes, and CRLF. The size is hexadecimal digits in
    ///   either case, one at least. Then the line may have an extension, which is passed over: blanks,
    ///   `;`, and anything that may stand in the value of a field.
    /// - A size of 0 is the last chunk. It has no bytes and no CRLF of its own. Behind it come lines that
    ///   are fields, as in the head of a request: the trailers. They are passed over. An empty line ends
    ///   the body.
    /// - All lines end with CRLF.
    ///
    /// # Errors
    ///
    /// After an error the decoder is of no use any more.
    ///
    /// | status | what is wrong |
    /// |---|---|
    /// | 413 | with the chunk that is announced now, the content is more than the maximum. Nobody waits for its bytes |
    /// | 431 | the trailers are more than `MAX_TRAILERS`, as soon as they are |
    /// | 400 | a size line is longer than `MAX_CHUNK_LINE`, as soon as it and one byte more are there without CRLF |
    /// | 400 | a line ends with LF alone, or behind a chunk stand two bytes other than CRLF, as soon as they are there |
    /// | 400 | anything else. A size that does not fit into 64 bits may be 400 or 413 |
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, HttpError> {
        let mut rest = input;
        while !rest.is_empty() && self.state != State::Done {
            match self.state {
                State::Data { left } => {
                    let n = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    out.extend_from_slice(&rest[..n]);
                    rest = &rest[n..];
                    self.state = match left - n as u64 {
                        0 => State::DataEnd,
                        left => State::Data { left },
                    };
                }
                _ => {
                    // A line, a byte at a time: it is short.
                    let byte = rest[0];
                    rest = &rest[1..];
                    if byte == b'\n' {
                        let line = std::mem::take(&mut self.line);
                        let line = line
                            .strip_suffix(b"\r")
                            .ok_or(bad("a line ends with CRLF"))?;
                        self.state = self.line_ends(line)?;
                    } else {
                        self.line.push(byte);
                        self.line_grows()?;
                    }
                }
            }
        }
        Ok(input.len() - rest.len())
    }

    /// Whether the end of the body has come.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn line_grows(&self) -> Result<(), HttpError> {
        // The CR is part of the line as yet.
        let len = self.line.len() - usize::from(self.line.ends_with(b"\r"));
        match self.state {
            State::Size if len > MAX_CHUNK_LINE => Err(bad("the line of a chunk is too long")),
            State::DataEnd if len > 0 => Err(bad("a chunk ends with CRLF")),
            State::Trailer if self.trailers + self.line.len() > MAX_TRAILERS + 1 => {
                Err(HttpError::new(431, "the trailers are too long"))
            }
            _ => Ok(()),
        }
    }

    fn line_ends(&mut self, line: &[u8]) -> Result<State, HttpError> {
        match (self.state, line) {
            (State::Size, _) => match self.size(line)? {
                0 => Ok(State::Trailer),
                left => Ok(State::Data { left }),
            },
            (State::DataEnd, []) => Ok(State::Size),
            (State::Trailer, []) => Ok(State::Done),
            (State::Trailer, _) => {
                field(line).ok_or(bad("a trailer is name: value"))?;
                self.trailers += line.len() + 2;
                if self.trailers > MAX_TRAILERS {
                    return Err(HttpError::new(431, "the trailers are too long"));
                }
                Ok(State::Trailer)
            }
            _ => Err(bad("a chunk ends with CRLF")),
        }
    }

    fn size(&mut self, line: &[u8]) -> Result<u64, HttpError> {
        let size = match line.iter().position(|&b| b == b';') {
            Some(at) => {
                value(&line[at..]).ok_or(bad("a control character in an extension"))?;
                let mut size = &line[..at];
                while let [more @ .., b' ' | b'\t'] = size {
                    size = more;
                }
                size
            }
            None => line,
        };
        if size.is_empty() {
            return Err(bad("a chunk without a size"));
        }
        let mut number: u64 = 0;
        for &digit in size {
            let digit = char::from(digit)
                .to_digit(16)
                .ok_or(bad("a size is hexadecimal digits"))?;
            number = number
                .checked_mul(16)
                .map(|number| number | u64::from(digit))
                .ok_or(bad("a size of more than 64 bits"))?;
        }
        self.announced = self
            .announced
            .checked_add(number)
            .filter(|&announced| announced <= self.max)
            .ok_or(HttpError::new(413, "the body is too long"))?;
        Ok(number)
    }
}

fn bad(why: &'static str) -> HttpError {
    HttpError::new(400, why)
}
