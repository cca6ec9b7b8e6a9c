//! Step 6: ends, and limits for peers that would never end.

use crate::{Fault, Frame, H2};

/// What a peer may do before it is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many more streams may be cut off than come to their end.
    pub resets: u32,
    /// How many frames may come in a row that bring nothing.
    pub idle_frames: u32,
    /// How many CONTINUATION frames one block may have.
    pub continuations: u32,
}

/// Counts what costs us more than the peer. All of it is allowed, and the sum of it is an attack (RFC 9113 §10.5).
#[derive(Debug)]
pub struct Guard {
    limits: Limits,
    // Add what you need to remember.
}

/// Every error is a connection error, `ENHANCE_YOUR_CALM`, when a count is above its limit.
impl Guard {
    pub fn new(limits: Limits) -> Guard {
        Guard { limits }
    }

    /// A frame has come. It counts as idle unless it is DATA with data or with an end, or a CONTINUATION with bytes. (Whether
    /// HEADERS bring anything is found out later: [`Guard::useful`].) A CONTINUATION also counts for its block, which begins
    /// with HEADERS.
    pub fn frame(&mut self, frame: &Frame) -> Result<(), Fault> {
        todo!(
            "15.6 Guard::frame({frame:?}), {:?}: is it idle, is it one CONTINUATION more?",
            self.limits
        )
    }

    /// Something useful has happened: a head or trailers were given out (not one of 1xx), content has come or was sent. The
    /// idle frames are counted from 0.
    pub fn useful(&mut self) {
        todo!("15.6 Guard::useful(), {:?}", self.limits)
    }

    /// A stream was cut off: the peer has sent RST_STREAM for a stream that was not over, or we have for a stream error.
    pub fn cut_off(&mut self) -> Result<(), Fault> {
        todo!("15.6 Guard::cut_off(), {:?}: one more", self.limits)
    }

    /// A stream has come to its end on both sides. That makes up for one that was cut off before.
    pub fn completed(&mut self) {
        todo!(
            "15.6 Guard::completed(), {:?}: one less, but not below 0",
            self.limits
        )
    }
}

/// What `H2` does in this step. The functions that are not public are called by `connection.rs`.
impl H2 {
    /// Ends a stream with RST_STREAM (§6.4). What waits on it is not sent, and what still comes on it is ignored, as behind
    /// a stream error. On a stream that is over, or was none, nothing happens. It does not count for the [`Guard`].
    pub fn reset(&mut self, stream: u32, code: u32) {
        todo!(
            "15.6 reset({stream}, {code}) among {} streams: RST_STREAM, and forget it",
            self.streams.len()
        )
    }

    /// Asks the peer for an answer (§6.7).
    pub fn ping(&mut self, data: [u8; 8]) {
        todo!("15.6 ping({data:02x?}) behind {} bytes", self.out.len())
    }

    /// Says that no more streams are taken (§6.8): GOAWAY with `NO_ERROR` and the highest stream that was taken
    /// (`last_taken`). The streams up to that one go on; new ones of the peer are ignored. A second call does nothing.
    pub fn shut_down(&mut self) {
        todo!(
            "15.6 shut_down() behind {} bytes, {}: GOAWAY, and no new streams",
            self.out.len(),
            self.is_leaving
        )
    }

    /// RST_STREAM has come: the stream is over, what waits on it is forgotten, and the program hears of it
    /// ([`Event::Reset`](crate::Event::Reset)). No other stream notices. It is never answered with RST_STREAM (§5.4.2). On a
    /// closed stream it is ignored.
    ///
    /// # Errors
    ///
    /// On an idle stream, a connection error, `PROTOCOL_ERROR` (§6.4).
    pub(crate) fn reset_arrives(&mut self, stream: u32, code: u32) -> Result<(), Fault> {
        todo!(
            "15.6 reset_arrives({stream}, {code}) among {} streams: forget it, and say so",
            self.streams.len()
        )
    }

    /// PING has come (§6.7). It is answered with the same eight bytes; an answer is an event,
    /// [`Event::Pong`](crate::Event::Pong).
    pub(crate) fn ping_arrives(&mut self, is_answer: bool, data: [u8; 8]) {
        todo!(
            "15.6 ping_arrives({is_answer}, {data:02x?}) behind {} bytes",
            self.out.len()
        )
    }

    /// GOAWAY has come (§6.8). The program hears of it first ([`Event::GoAway`](crate::Event::GoAway)), and then of each
    /// stream of ours above `last`, by rising number: it is over, with `REFUSED_STREAM`, since the peer will never look at it,
    /// so that it can be asked again on another connection. Nothing is sent for it. The others go on.
    /// [`H2::request`] opens no more streams.
    pub(crate) fn goaway_arrives(&mut self, last: u32, code: u32) {
        todo!(
            "15.6 goaway_arrives({last}, {code}) among {} streams: which of ours are above?",
            self.streams.len()
        )
    }
}
