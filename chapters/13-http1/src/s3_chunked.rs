//! Step 3: a body in chunks.

use crate::HttpError;

/// The longest line with the size of a chunk, in bytes, without its CRLF.
pub const MAX_CHUNK_LINE: usize = 256;

/// The most bytes of all lines behind the last chunk, with their CRLFs but without the empty line.
pub const MAX_TRAILERS: usize = 8192;

/// Takes a chunked body (RFC 9112 §7.1) out of a stream, in the pieces in which it comes.
#[derive(Debug)]
pub struct Chunked {
    max: u64,
    // Add what you need to remember.
}

impl Chunked {
    /// For a body of at most `max` bytes of content.
    pub fn new(max: u64) -> Chunked {
        Chunked { max }
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
        let _ = out;
        todo!(
            "13.3 Chunked::push({:?}) with a maximum of {}: take what there is, and remember where you are: in a size, a chunk, its CRLF, the trailers",
            String::from_utf8_lossy(input),
            self.max
        )
    }

    /// Whether the end of the body has come.
    pub fn is_done(&self) -> bool {
        todo!("13.3 Chunked::is_done(): has the empty line behind the trailers come?")
    }
}
