//! Step 5: content. Two windows, and many streams at a time.

use crate::{
    Event, Fault, Field, Frame, H2, Refusal, Role, Sign, State, Stream, code, trailer_fields,
};

/// The largest window (RFC 9113 §6.9.1).
pub const MAX_WINDOW: i64 = (1 << 31) - 1;

/// How much [`H2::pending`] gives at a time, roughly: it begins no DATA frame behind so many bytes.
pub const PIECE: usize = 65_536;

/// The longest DATA frame that we send: other streams wait so long for their turn.
const MAX_DATA: usize = 16_384;

/// How much may be sent in one direction, on a stream or on the connection. It may be negative (§6.9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(i64);

impl Window {
    pub fn new(size: u32) -> Window {
        Window(i64::from(size))
    }

    /// How many bytes may be sent; 0 if the window is negative.
    pub fn room(&self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    /// So many bytes were sent.
    ///
    /// # Errors
    ///
    /// `Err(())` if they were more than the room. Then nothing changes.
    #[allow(clippy::result_unit_err)] // who asks knows which window it is, and which fault that makes
    pub fn spend(&mut self, bytes: usize) -> Result<(), ()> {
        if bytes > self.room() {
            return Err(());
        }
        self.0 -= bytes as i64;
        Ok(())
    }

    /// The window grows by so much, or shrinks: a WINDOW_UPDATE, or another INITIAL_WINDOW_SIZE.
    ///
    /// # Errors
    ///
    /// `Err(())` if it would be above [`MAX_WINDOW`]. Then nothing changes.
    #[allow(clippy::result_unit_err)] // as above
    pub fn shift(&mut self, by: i64) -> Result<(), ()> {
        let size = self.0.saturating_add(by);
        if size > MAX_WINDOW {
            return Err(());
        }
        self.0 = size;
        Ok(())
    }
}

/// What the peer may still send to us, and what of it the program has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflow {
    /// What the peer may send now.
    pub window: Window,
    /// What it may send when we have used up everything.
    pub size: u32,
    /// Used up, and not given back yet.
    pub owed: u32,
}

impl Inflow {
    pub fn new(size: u32) -> Inflow {
        Inflow {
            window: Window::new(size),
            size,
            owed: 0,
        }
    }

    /// The program has used up so many bytes more; but what it has not got (`size` without `window` and `owed`) does not
    /// count. When at least half of `size` is owed then, all that is owed is given back: the window grows by it, `owed`
    /// is 0, and it is returned, as the increment of a WINDOW_UPDATE. Where nothing is owed nothing is returned: an increment
    /// of 0 is an error (RFC 9113 §6.9). A WINDOW_UPDATE for every few bytes would cost more than it brings; one that waits
    /// until the window is empty would come too late.
    pub fn consumed(&mut self, bytes: u32) -> Option<u32> {
        let given = i64::from(self.size) - self.window.0 - i64::from(self.owed);
        self.owed += i64::from(bytes).min(given).max(0) as u32;
        if self.owed == 0 || self.owed < self.size.div_ceil(2) {
            return None;
        }
        let owed = std::mem::take(&mut self.owed);
        self.window.shift(i64::from(owed)).ok()?;
        Some(owed)
    }
}

/// What `H2` does in this step. The functions that are not public are called by `connection.rs`.
impl H2 {
    /// DATA has come, with `padding` bytes more. The first line that applies:
    ///
    /// | what is wrong | what it is |
    /// |---|---|
    /// | the connection's window has no room for data and padding | connection error, `FLOW_CONTROL_ERROR` |
    /// | the stream is idle | connection error, `PROTOCOL_ERROR` |
    /// | we have ended the stream with RST_STREAM, and it is remembered; or it is one that came behind our GOAWAY | ignored |
    /// | the stream is closed, or the peer has ended its side | stream error, `STREAM_CLOSED` (§6.1) |
    /// | the stream's window has no room | stream error, `FLOW_CONTROL_ERROR` |
    /// | no head of a response has come, other than 1xx | stream error, `PROTOCOL_ERROR` (§8.1) |
    /// | content where there is none; more of it, or at its end less, than `content-length` said | stream error, `PROTOCOL_ERROR` (§8.1.1) |
    ///
    /// Else it is [`Event::Data`](crate::Event::Data), unless it has neither data nor an end.
    ///
    /// Every byte counts on both windows, padding as well (§6.9.1). What the program does not get (padding, and DATA that is
    /// ignored or an error of its stream) is used up at once, on the windows that are left: [`H2::consumed`].
    pub(crate) fn data_arrives(
        &mut self,
        stream: u32,
        data: Vec<u8>,
        padding: u32,
        ends: bool,
    ) -> Result<(), Fault> {
        let len = data.len() + padding as usize;
        if self.inflow.window.spend(len).is_err() {
            let why = "more content than the connection's window";
            return Err(Fault::connection(code::FLOW_CONTROL_ERROR, why));
        }
        match self.takes_data(stream, &data, len, ends) {
            Ok(Some(next)) => {
                if !data.is_empty() || ends {
                    self.events.push(Event::Data {
                        stream,
                        bytes: data,
                        ends,
                    });
                }
                self.moves(stream, next);
                self.consumed(stream, padding as usize);
                Ok(())
            }
            Ok(None) => {
                self.consumed(stream, len);
                Ok(())
            }
            Err(fault) => {
                if fault.stream != 0 {
                    self.gives_back(0, len);
                }
                Err(fault)
            }
        }
    }

    /// The program has used up so many bytes of [`Event::Data`](crate::Event::Data) of this stream. Both windows are given
    /// back, each with a WINDOW_UPDATE of its own when its [`Inflow`] says so. A stream that is over, or on which the peer
    /// has ended its side, gets none; but the connection's window is given back all the same.
    ///
    /// Of a stream that was none, and of more bytes than have come, nothing is given back that was not there.
    pub fn consumed(&mut self, stream: u32, bytes: usize) {
        self.gives_back(0, bytes);
        self.gives_back(stream, bytes);
    }

    /// WINDOW_UPDATE has come (§6.9). On a closed stream it is ignored.
    ///
    /// # Errors
    ///
    /// A window above [`MAX_WINDOW`] is `FLOW_CONTROL_ERROR`, a stream error or, for stream 0, a connection error. On an
    /// idle stream it is a connection error, `PROTOCOL_ERROR`.
    pub(crate) fn window_update_arrives(
        &mut self,
        stream: u32,
        increment: u32,
    ) -> Result<(), Fault> {
        let too_large = "a window above 2^31 - 1";
        if stream == 0 {
            return self
                .window
                .shift(i64::from(increment))
                .map_err(|()| Fault::connection(code::FLOW_CONTROL_ERROR, too_large));
        }
        self.state(stream).received(stream, Sign::WindowUpdate)?;
        match self.streams.get_mut(&stream) {
            None => Ok(()),
            Some(open) => open
                .window
                .shift(i64::from(increment))
                .map_err(|()| Fault::stream(stream, code::FLOW_CONTROL_ERROR, too_large)),
        }
    }

    /// The peer has changed its INITIAL_WINDOW_SIZE by so much: the window of every stream shifts, not the connection's
    /// (§6.9.2).
    ///
    /// # Errors
    ///
    /// A window above [`MAX_WINDOW`] is a connection error, `FLOW_CONTROL_ERROR`.
    pub(crate) fn windows_shift(&mut self, by: i64) -> Result<(), Fault> {
        for stream in self.streams.values_mut() {
            stream.window.shift(by).map_err(|()| {
                Fault::connection(code::FLOW_CONTROL_ERROR, "a window above 2^31 - 1")
            })?;
        }
        Ok(())
    }

    /// Queues content for a stream, and its end. It leaves with [`H2::pending`], as far as the windows let it.
    ///
    /// # Errors
    ///
    /// The first that applies, and nothing is queued: [`Refusal::Over`] behind a connection error, on a stream that is over
    /// or was none, or whose end was sent or queued; `Wrong` on a server that has not sent the head of the answer.
    pub fn send(&mut self, stream: u32, bytes: &[u8], ends: bool) -> Result<(), Refusal> {
        let open = self.sends(stream)?;
        open.queue.extend(bytes);
        if ends {
            open.end = Some(Vec::new());
        }
        Ok(())
    }

    /// Queues fields behind the content, and with them the end of the stream. HEADERS as in [`H2::request`]; they leave when
    /// all content has left.
    ///
    /// # Errors
    ///
    /// As [`H2::send`], and `Wrong` if [`trailer_fields`](crate::trailer_fields) says so.
    pub fn trailers(&mut self, stream: u32, fields: &[Field]) -> Result<(), Refusal> {
        let open = self.sends(stream)?;
        trailer_fields(fields).map_err(Refusal::Wrong)?;
        open.end = Some(fields.to_vec());
        Ok(())
    }

    /// How many bytes of content wait on this stream. 0 if it is over.
    pub fn queued(&self, stream: u32) -> usize {
        self.streams
            .get(&stream)
            .map_or(0, |stream| stream.queue.len())
    }

    /// Puts DATA frames into `out`, behind what is there, as many as both windows let through, until `out` has [`PIECE`] bytes. The streams take
    /// turns, by rising number from the one behind `turn` on: each sends one frame, of at most the peer's
    /// `max_frame_size` and at most 16 384 bytes, and the next is on. A stream without content or room is passed over. The
    /// frame with the last byte of a stream's content has END_STREAM, if the end is queued by then, or trailers follow it. An end
    /// without content needs no room. DATA without content is sent only to end a stream.
    pub(crate) fn fills(&mut self) {
        while self.out.len() < PIECE {
            let room = self.window.room();
            let mut ready = self
                .streams
                .iter()
                .filter(|(_, stream)| match stream.queue.len() {
                    0 => stream.end.is_some(),
                    _ => room > 0 && stream.window.room() > 0,
                });
            // The one behind the last, or the first again.
            let first = ready.clone().next();
            let next = ready.find(|(number, _)| **number > self.turn).or(first);
            let Some((&number, _)) = next else {
                return;
            };
            self.turn = number;
            self.sends_frame(number, room);
        }
    }

    /// What becomes of the stream with this DATA. `None`: it is to be ignored. The connection's window has been counted.
    fn takes_data(
        &mut self,
        stream: u32,
        data: &[u8],
        len: usize,
        ends: bool,
    ) -> Result<Option<State>, Fault> {
        let state = self.state(stream);
        let is_ignored = self.is_leaving && self.role == Role::Server && stream > self.last_taken;
        if self.remembers(stream) == Some(true) || is_ignored && state == State::Closed {
            return Ok(None);
        }
        let next = state.received(stream, Sign::Data { ends })?;
        let fault = |code, why| Err(Fault::stream(stream, code, why));
        let Some(open) = self.streams.get_mut(&stream) else {
            return Ok(None);
        };
        if open.inflow.window.spend(len).is_err() {
            return fault(
                code::FLOW_CONTROL_ERROR,
                "more content than the stream's window",
            );
        }
        if !open.got_head {
            return fault(code::PROTOCOL_ERROR, "content before its head");
        }
        if let Some(expects) = &mut open.expects {
            match expects.checked_sub(data.len() as u64) {
                None => return fault(code::PROTOCOL_ERROR, "more content than announced"),
                Some(1..) if ends => {
                    return fault(code::PROTOCOL_ERROR, "less content than announced");
                }
                Some(left) => *expects = left,
            }
        }
        Ok(Some(next))
    }

    /// So many bytes are used up, on the connection (0) or on a stream.
    fn gives_back(&mut self, stream: u32, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let inflow = match self.streams.get_mut(&stream) {
            _ if stream == 0 => &mut self.inflow,
            Some(open) if matches!(open.state, State::Open | State::HalfClosedLocal) => {
                &mut open.inflow
            }
            _ => return,
        };
        if let Some(increment) = inflow.consumed(bytes) {
            Frame::WindowUpdate { stream, increment }.write(&mut self.out);
        }
    }

    /// The stream, if content may be queued for it.
    fn sends(&mut self, stream: u32) -> Result<&mut Stream, Refusal> {
        let open = self.streams.get_mut(&stream).ok_or(Refusal::Over)?;
        let may_send = open.state.sent(Sign::Data { ends: false }).is_some();
        if !may_send || open.end.is_some() {
            return Err(Refusal::Over);
        }
        match open.sent_head {
            true => Ok(open),
            false => Err(Refusal::Wrong("content before its head")),
        }
    }

    /// One frame of this stream: content, its end, or its trailers.
    fn sends_frame(&mut self, number: u32, room: usize) {
        let Some(open) = self.streams.get_mut(&number) else {
            return;
        };
        let most = (self.theirs.max_frame_size as usize).min(MAX_DATA);
        let len = open.queue.len().min(open.window.room()).min(room).min(most);
        let data: Vec<u8> = open.queue.drain(..len).collect();
        // The length is within both windows.
        let _ = open.window.spend(len);
        let _ = self.window.spend(len);
        let is_last = open.queue.is_empty();
        let trailers = open.end.take_if(|_| is_last);
        let ends = trailers.as_ref().is_some_and(Vec::is_empty);
        let next = open.state.sent(Sign::Data {
            ends: trailers.is_some(),
        });
        if len > 0 || ends {
            Frame::Data {
                stream: number,
                data,
                padding: 0,
                ends,
            }
            .write(&mut self.out);
        }
        if let Some(fields) = trailers.filter(|fields| !fields.is_empty()) {
            self.writes_block(number, &fields, true);
        }
        if let Some(next) = next {
            self.moves(number, next);
        }
    }
}
