//! Step 4: requests and responses, each on a stream of its own.

use crate::{Fault, Field, Frame, H2};

/// How many streams that are over `H2` remembers. What comes on an older one is taken for a stream that never was.
pub const REMEMBERED: usize = 100;

/// The longest list of fields that is taken when `Settings::max_header_list_size` does not say anything.
pub const DEFAULT_LIST_SIZE: u32 = 16_384;

/// Where a stream is (RFC 9113 §5.1). There is no server push here, and so nothing is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Idle,
    Open,
    /// We have ended our side.
    HalfClosedLocal,
    /// The peer has ended its side.
    HalfClosedRemote,
    Closed,
}

/// What happens on a stream, in one of both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Headers { ends: bool },
    Data { ends: bool },
    Reset,
    WindowUpdate,
}

impl State {
    /// The state when we have sent this. `None`: it must not be sent now (§5.1). HEADERS opens an idle stream. RST_STREAM and
    /// WINDOW_UPDATE are sent unless the stream is idle or closed; RST_STREAM closes it, and WINDOW_UPDATE changes nothing.
    pub fn sent(self, sign: Sign) -> Option<State> {
        todo!("15.4 {self:?}.sent({sign:?}): the figure in section 5.1, on our side")
    }

    /// The state when the peer has sent this on `stream`. RST_STREAM and WINDOW_UPDATE may come behind the end of a
    /// stream: they change nothing then.
    ///
    /// # Errors
    ///
    /// | fault | when |
    /// |---|---|
    /// | connection, `PROTOCOL_ERROR` | anything but HEADERS on an idle stream (§5.1) |
    /// | stream, `STREAM_CLOSED` | HEADERS or DATA when the peer has ended its side (§5.1) |
    /// | stream, `STREAM_CLOSED` | DATA on a closed stream (§6.1) |
    /// | connection, `STREAM_CLOSED` | HEADERS on a closed stream (§5.1) |
    pub fn received(self, stream: u32, sign: Sign) -> Result<State, Fault> {
        todo!(
            "15.4 {self:?}.received({stream}, {sign:?}): the figure in section 5.1, on the peer's side"
        )
    }
}

/// What the head of a request or a response says about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of a response: its status. Of a request: 0.
    pub status: u16,
    /// Whether it is a request with the method HEAD, whose response has no content.
    pub is_head: bool,
    /// What `content-length` says, if it is there.
    pub content_length: Option<u64>,
}

/// Looks at the head of a request (RFC 9113 §8.2, §8.3).
///
/// # Errors
///
/// What is wrong, for people. The request is *malformed*:
///
/// - A name is empty, or has a byte up to 0x20, a capital letter, or a byte from 0x7f on; a colon stands elsewhere than
///   in front of a pseudo-header field (§8.2.1).
/// - A value has a NUL, CR or LF, or begins or ends with SP or HTAB (§8.2.1). It may be empty, but for `:path`.
/// - `connection`, `proxy-connection`, `keep-alive`, `transfer-encoding` or `upgrade` is there; or `te` with another
///   value than `trailers` (in any case) (§8.2.2).
/// - A pseudo-header field stands behind another field, or is there twice, or is none of `:method`, `:scheme`,
///   `:authority` and `:path` (§8.3, §8.3.1).
/// - `:method`, `:scheme` or `:path` is missing. `:path` begins neither with `/` nor is it `*` in a request `OPTIONS`
///   (§8.3.1; both for every scheme).
/// - With `CONNECT` it is the other way round: `:authority` is there, `:scheme` and `:path` are not (§8.5).
/// - `:authority` has an `@` (§8.3.1). `:authority` and `host` are there and differ, case aside; or there are two `host`.
/// - `:method` is no token (RFC 9110 §5.6.2): letters, digits and ``!#$%&'*+-.^_`|~``, one at least.
/// - `content-length` is no number: digits alone, and at most 2^64 - 1; or it is there twice with different numbers.
pub fn request_head(fields: &[Field]) -> Result<Head, &'static str> {
    todo!(
        "15.4 request_head({} fields): names and values, then the pseudo-header fields, then the length",
        fields.len()
    )
}

/// The same for a response: the only pseudo-header field is `:status`, which must be there once and is three digits, from
/// 100 to 599, and not 101 (§8.3.2, §8.6). Nobody asks for `host`.
pub fn response_head(fields: &[Field]) -> Result<Head, &'static str> {
    todo!(
        "15.4 response_head({} fields): as request_head, with :status alone",
        fields.len()
    )
}

/// The same for fields behind the content: no pseudo-header field at all (§8.1). A `content-length` means nothing.
pub fn trailer_fields(fields: &[Field]) -> Result<(), &'static str> {
    todo!(
        "15.4 trailer_fields({} fields): names and values, and no pseudo-header fields",
        fields.len()
    )
}

/// Why something is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The peer takes no more streams at a time. Later it may.
    Busy,
    /// The connection ends, or all numbers of streams are used up; or this stream is over, or our side of it is.
    Over,
    /// It would be malformed, or too long for the peer, or it is not this side's to say. What is wrong, for people.
    Wrong(&'static str),
}

/// What `H2` does in this step. The functions that are not public are called by `connection.rs`.
impl H2 {
    /// A client asks: opens the next stream (1, 3, 5 and so on, §5.1.1) with these fields, and gives its number. The
    /// HEADERS frame goes to `out`; what does not fit into the peer's `max_frame_size` goes into CONTINUATION frames right
    /// behind it (§6.10). With `ends` there is no content.
    ///
    /// # Errors
    ///
    /// The first that applies, and nothing is sent: `Wrong` on a server; [`Refusal::Over`] behind GOAWAY, a connection
    /// error or the stream 2^31 - 1; `Wrong` if [`request_head`] says so, if the list is longer than the peer's
    /// `max_header_list_size`, or if `ends` and a `content-length` that is not 0 are both there; [`Refusal::Busy`] while
    /// as many streams are open as the peer takes (§5.1.2).
    pub fn request(&mut self, fields: &[Field], ends: bool) -> Result<u32, Refusal> {
        todo!(
            "15.4 request({} fields, {ends}) on stream {}: check, open a stream, HEADERS and CONTINUATION into out",
            fields.len(),
            self.next_stream
        )
    }

    /// A server answers on a stream whose request has come, or has begun to. Heads of 1xx may be sent before the answer.
    /// Frames as in [`H2::request`].
    ///
    /// # Errors
    ///
    /// The first that applies, and nothing is sent: `Wrong` on a client; [`Refusal::Over`] behind a connection error, on a
    /// stream that is over or was none, or has ended on our side; `Wrong` if the answer was sent already, if
    /// [`response_head`] says so, if the list is too long, or if a head of 1xx `ends`.
    pub fn respond(&mut self, stream: u32, fields: &[Field], ends: bool) -> Result<(), Refusal> {
        todo!(
            "15.4 respond({stream}, {} fields, {ends}) among {} streams: check, HEADERS and CONTINUATION into out",
            fields.len(),
            self.streams.len()
        )
    }

    /// A block of fields is one piece: until it is whole, nothing but CONTINUATION on its stream may come, and at no other
    /// time may CONTINUATION come (§6.2, §6.10). Called while `block` is there, and with every CONTINUATION.
    ///
    /// # Errors
    ///
    /// A connection error, `PROTOCOL_ERROR`.
    pub(crate) fn keeps_order(&self, frame: &Frame) -> Result<(), Fault> {
        todo!(
            "15.4 keeps_order({frame:?}) in {:?}: is it the one that must come?",
            self.block
        )
    }

    /// A block of fields begins (`block` is empty) or goes on. `block` keeps what has come. `ends` is what HEADERS said;
    /// with CONTINUATION it is false and means nothing.
    ///
    /// # Errors
    ///
    /// A connection error, `ENHANCE_YOUR_CALM`, when it has more bytes than the list of fields may have
    /// (`max_header_list_size`, or [`DEFAULT_LIST_SIZE`]): no encoding makes a list longer than it counts. This holds for
    /// its last piece as well.
    pub(crate) fn block_grows(
        &mut self,
        stream: u32,
        piece: &[u8],
        ends: bool,
    ) -> Result<(), Fault> {
        todo!(
            "15.4 block_grows({stream}, {} bytes, {ends}) behind {:?}: keep it, unless it is too long",
            piece.len(),
            self.block
        )
    }

    /// A block of fields is whole: it is in `block`, which is empty from now on. It is decoded first, whatever stream
    /// it is for, since the table must follow (§4.3). Then, the first line that applies:
    ///
    /// | role | stream | what it is |
    /// |---|---|---|
    /// | server | even | connection error, `PROTOCOL_ERROR` (§5.1.1) |
    /// | server | above `last_taken`, and we have sent GOAWAY | ignored, but for `highest` (§6.8) |
    /// | both | we have ended it with RST_STREAM, and it is remembered (`closed`) | ignored (§5.1) |
    /// | both | it is remembered as over for another reason | connection error, `STREAM_CLOSED` (§5.1) |
    /// | server | not above the highest so far, and not in `streams` | connection error, `PROTOCOL_ERROR` (§5.1.1) |
    /// | client | not in `streams` | connection error, `PROTOCOL_ERROR` (§5.1) |
    /// | server | new, and as many as `config.settings.max_concurrent_streams` are open | stream error, `REFUSED_STREAM` (§5.1.2) |
    /// | both | the peer has ended its side | stream error, `STREAM_CLOSED` |
    /// | both | the list is longer than `max_header_list_size` | stream error, `ENHANCE_YOUR_CALM` |
    /// | both | malformed; or a head of 1xx that ends; or trailers that do not end; or a `content-length` that is not 0 where there is no content; or trailers before all the content that `content-length` has said | stream error, `PROTOCOL_ERROR` (§8.1) |
    ///
    /// Else it is an event: [`Event::Head`](crate::Event::Head) for a request, a response, or a head of 1xx before it;
    /// [`Event::Trailers`](crate::Event::Trailers) behind them. Every new stream counts for `highest`, and those of which
    /// the program hears for `last_taken`.
    ///
    /// A response to HEAD, and one with 204 or 304, has no content, whatever its `content-length` says (RFC 9110 §6.4.1).
    pub(crate) fn block_ends(&mut self) -> Result<(), Fault> {
        todo!(
            "15.4 block_ends() of {:?}, the highest stream is {}: decode, then the table of this function, line by line",
            self.block,
            self.highest
        )
    }

    /// A stream error (§5.4.2): the stream is over, and RST_STREAM with the fault's code goes to `out`. The stream is
    /// remembered as one that we have ended. If we had done so before, no second RST_STREAM is sent, and there is no event.
    ///
    /// # Errors
    ///
    /// A stream that is idle cannot be reset: the fault becomes a connection error with the same code.
    pub(crate) fn refuses(&mut self, fault: Fault) -> Result<(), Fault> {
        todo!(
            "15.4 refuses({fault} on stream {}), closed: {:?}: RST_STREAM, forget, remember, and an event",
            fault.stream,
            self.closed
        )
    }
}
