//! Step 6: ends, and limits for peers that would never end.

use crate::{Event, Fault, Frame, H2, Role, Sign, code};

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
    idle_frames: u32,
    /// Of the present block.
    continuations: u32,
    resets: u32,
}

fn calm(why: &'static str) -> Fault {
    Fault::connection(code::ENHANCE_YOUR_CALM, why)
}

/// Every error is a connection error, `ENHANCE_YOUR_CALM`, when a count is above its limit.
impl Guard {
    pub fn new(limits: Limits) -> Guard {
        Guard {
            limits,
            idle_frames: 0,
            continuations: 0,
            resets: 0,
        }
    }

    /// A frame has come. It counts as idle unless it is DATA with data or with an end, or a CONTINUATION with bytes. (Whether
    /// HEADERS bring anything is found out later: [`Guard::useful`].) A CONTINUATION also counts for its block, which begins
    /// with HEADERS.
    pub fn frame(&mut self, frame: &Frame) -> Result<(), Fault> {
        let is_idle = match frame {
            Frame::Data { data, ends, .. } => data.is_empty() && !ends,
            Frame::Continuation { block, .. } => {
                self.continuations += 1;
                block.is_empty()
            }
            Frame::Headers { .. } => {
                self.continuations = 0;
                true
            }
            _ => true,
        };
        self.idle_frames += u32::from(is_idle);
        if self.idle_frames > self.limits.idle_frames {
            return Err(calm("frames that bring nothing"));
        }
        if self.continuations > self.limits.continuations {
            return Err(calm("a block of fields in too many pieces"));
        }
        Ok(())
    }

    /// Something useful has happened: a head or trailers were given out (not one of 1xx), content has come or was sent. The
    /// idle frames are counted from 0.
    pub fn useful(&mut self) {
        self.idle_frames = 0;
    }

    /// A stream was cut off: the peer has sent RST_STREAM for a stream that was not over, or we have for a stream error.
    pub fn cut_off(&mut self) -> Result<(), Fault> {
        self.resets += 1;
        match self.resets > self.limits.resets {
            true => Err(calm("streams are opened to be cut off")),
            false => Ok(()),
        }
    }

    /// A stream has come to its end on both sides. That makes up for one that was cut off before.
    pub fn completed(&mut self) {
        self.resets = self.resets.saturating_sub(1);
    }
}

/// What `H2` does in this step. The functions that are not public are called by `connection.rs`.
impl H2 {
    /// Ends a stream with RST_STREAM (§6.4). What waits on it is not sent, and what still comes on it is ignored, as behind
    /// a stream error. On a stream that is over, or was none, nothing happens. It does not count for the [`Guard`].
    pub fn reset(&mut self, stream: u32, code: u32) {
        if self.streams.contains_key(&stream) {
            Frame::Reset { stream, code }.write(&mut self.out);
            self.forgets(stream, true);
        }
    }

    /// Asks the peer for an answer (§6.7).
    pub fn ping(&mut self, data: [u8; 8]) {
        Frame::Ping {
            is_answer: false,
            data,
        }
        .write(&mut self.out);
    }

    /// Says that no more streams are taken (§6.8): GOAWAY with `NO_ERROR` and the highest stream that was taken
    /// (`last_taken`). The streams up to that one go on; new ones of the peer are ignored. A second call does nothing.
    pub fn shut_down(&mut self) {
        if self.is_leaving || self.is_broken {
            return;
        }
        self.is_leaving = true;
        Frame::GoAway {
            last: self.last_taken,
            code: code::NO_ERROR,
            debug: Vec::new(),
        }
        .write(&mut self.out);
    }

    /// RST_STREAM has come: the stream is over, what waits on it is forgotten, and the program hears of it
    /// ([`Event::Reset`](crate::Event::Reset)). No other stream notices. It is never answered with RST_STREAM (§5.4.2). On a
    /// closed stream it is ignored.
    ///
    /// # Errors
    ///
    /// On an idle stream, a connection error, `PROTOCOL_ERROR` (§6.4).
    pub(crate) fn reset_arrives(&mut self, stream: u32, code: u32) -> Result<(), Fault> {
        self.state(stream).received(stream, Sign::Reset)?;
        if self.streams.contains_key(&stream) {
            self.forgets(stream, false);
            self.events.push(Event::Reset { stream, code });
        }
        Ok(())
    }

    /// PING has come (§6.7). It is answered with the same eight bytes; an answer is an event,
    /// [`Event::Pong`](crate::Event::Pong).
    pub(crate) fn ping_arrives(&mut self, is_answer: bool, data: [u8; 8]) {
        match is_answer {
            true => self.events.push(Event::Pong(data)),
            false => Frame::Ping {
                is_answer: true,
                data,
            }
            .write(&mut self.out),
        }
    }

    /// GOAWAY has come (§6.8). The program hears of it first ([`Event::GoAway`](crate::Event::GoAway)), and then of each
    /// stream of ours above `last`, by rising number: it is over, with `REFUSED_STREAM`, since the peer will never look at it,
    /// so that it can be asked again on another connection. Nothing is sent for it. The others go on.
    /// [`H2::request`] opens no more streams.
    pub(crate) fn goaway_arrives(&mut self, last: u32, code: u32) {
        self.events.push(Event::GoAway { last, code });
        if self.role == Role::Server {
            return; // its streams are the client's
        }
        let above = self.streams.range(last.saturating_add(1)..);
        let above: Vec<u32> = above.map(|(number, _)| *number).collect();
        for stream in above {
            self.forgets(stream, false);
            let code = code::REFUSED_STREAM;
            self.events.push(Event::Reset { stream, code });
        }
    }
}
