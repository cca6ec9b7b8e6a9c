//! Step 5: content. Two windows, and many streams at a time.

use crate::{Fault, Field, H2, Refusal};

/// The largest window (RFC 9113 §6.9.1).
pub const MAX_WINDOW: i64 = (1 << 31) - 1;

/// How much [`H2::pending`] gives at a time, roughly: it begins no DATA frame behind so many bytes.
pub const PIECE: usize = 65_536;

/// How much may be sent in one direction, on a stream or on the connection. It may be negative (§6.9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(i64);

impl Window {
    pub fn new(size: u32) -> Window {
        Window(i64::from(size))
    }

    /// How many bytes may be sent; 0 if the window is negative.
    pub fn room(&self) -> usize {
        todo!("15.5 Window({}).room(): never below 0", self.0)
    }

    /// So many bytes were sent.
    ///
    /// # Errors
    ///
    /// `Err(())` if they were more than the room. Then nothing changes.
    #[allow(clippy::result_unit_err)] // who asks knows which window it is, and which fault that makes
    pub fn spend(&mut self, bytes: usize) -> Result<(), ()> {
        todo!(
            "15.5 Window({}).spend({bytes}): only if there is room",
            self.0
        )
    }

    /// The window grows by so much, or shrinks: a WINDOW_UPDATE, or another INITIAL_WINDOW_SIZE.
    ///
    /// # Errors
    ///
    /// `Err(())` if it would be above [`MAX_WINDOW`]. Then nothing changes.
    #[allow(clippy::result_unit_err)] // as above
    pub fn shift(&mut self, by: i64) -> Result<(), ()> {
        todo!("15.5 Window({}).shift({by}): not above MAX_WINDOW", self.0)
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
        todo!("15.5 {self:?}.consumed({bytes}): give back when half of the size is owed")
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
        todo!(
            "15.5 data_arrives({stream}, {} bytes, {padding} more, {ends}), {:?}: both windows, the state, the length, an event",
            data.len(),
            self.inflow
        )
    }

    /// The program has used up so many bytes of [`Event::Data`](crate::Event::Data) of this stream. Both windows are given
    /// back, each with a WINDOW_UPDATE of its own when its [`Inflow`] says so. A stream that is over, or on which the peer
    /// has ended its side, gets none; but the connection's window is given back all the same.
    ///
    /// Of a stream that was none, and of more bytes than have come, nothing is given back that was not there.
    pub fn consumed(&mut self, stream: u32, bytes: usize) {
        todo!(
            "15.5 consumed({stream}, {bytes}), {:?}: WINDOW_UPDATE for the stream, and for 0",
            self.inflow
        )
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
        todo!(
            "15.5 window_update_arrives({stream}, {increment}), the connection's is {:?}: which window grows?",
            self.window
        )
    }

    /// The peer has changed its INITIAL_WINDOW_SIZE by so much: the window of every stream shifts, not the connection's
    /// (§6.9.2).
    ///
    /// # Errors
    ///
    /// A window above [`MAX_WINDOW`] is a connection error, `FLOW_CONTROL_ERROR`.
    pub(crate) fn windows_shift(&mut self, by: i64) -> Result<(), Fault> {
        todo!(
            "15.5 windows_shift({by}) of {} streams: each of them",
            self.streams.len()
        )
    }

    /// Queues content for a stream, and its end. It leaves with [`H2::pending`], as far as the windows let it.
    ///
    /// # Errors
    ///
    /// The first that applies, and nothing is queued: [`Refusal::Over`] behind a connection error, on a stream that is over
    /// or was none, or whose end was sent or queued; `Wrong` on a server that has not sent the head of the answer.
    pub fn send(&mut self, stream: u32, bytes: &[u8], ends: bool) -> Result<(), Refusal> {
        todo!(
            "15.5 send({stream}, {} bytes, {ends}) among {} streams: behind what waits already",
            bytes.len(),
            self.streams.len()
        )
    }

    /// Queues fields behind the content, and with them the end of the stream. HEADERS as in [`H2::request`]; they leave when
    /// all content has left.
    ///
    /// # Errors
    ///
    /// As [`H2::send`], and `Wrong` if [`trailer_fields`](crate::trailer_fields) says so.
    pub fn trailers(&mut self, stream: u32, fields: &[Field]) -> Result<(), Refusal> {
        todo!(
            "15.5 trailers({stream}, {} fields) among {} streams: behind the content",
            fields.len(),
            self.streams.len()
        )
    }

    /// How many bytes of content wait on this stream. 0 if it is over.
    pub fn queued(&self, stream: u32) -> usize {
        todo!("15.5 queued({stream}) among {} streams", self.streams.len())
    }

    /// Puts DATA frames into `out`, behind what is there, as many as both windows let through, until `out` has [`PIECE`] bytes. The streams take
    /// turns, by rising number from the one behind `turn` on: each sends one frame, of at most the peer's
    /// `max_frame_size` and at most 16 384 bytes, and the next is on. A stream without content or room is passed over. The
    /// frame with the last byte of a stream's content has END_STREAM, if the end is queued by then, or trailers follow it. An end
    /// without content needs no room. DATA without content is sent only to end a stream.
    pub(crate) fn fills(&mut self) {
        todo!(
            "15.5 fills() behind {} bytes and stream {}, {:?}: a frame of each stream in turn",
            self.out.len(),
            self.turn,
            self.window
        )
    }
}
