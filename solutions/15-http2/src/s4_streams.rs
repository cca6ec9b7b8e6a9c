//! Step 4: requests and responses, each on a stream of its own.

use crate::{Block, Event, Fault, Field, Frame, H2, Role, Stream, code};

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
    /// With `ends`, this side is closed; if the other one is as well, the stream.
    fn half_closed(self, ends: bool, side: State) -> State {
        match self {
            _ if !ends => self,
            State::Open => side,
            _ => State::Closed,
        }
    }

    /// The state when we have sent this. `None`: it must not be sent now (§5.1). HEADERS opens an idle stream. RST_STREAM and
    /// WINDOW_UPDATE are sent unless the stream is idle or closed; RST_STREAM closes it, and WINDOW_UPDATE changes nothing.
    pub fn sent(self, sign: Sign) -> Option<State> {
        use State::*;
        let may_send = matches!(self, Open | HalfClosedRemote);
        match sign {
            Sign::Headers { ends } if self == Idle => Some(Open.half_closed(ends, HalfClosedLocal)),
            Sign::Headers { ends } | Sign::Data { ends } if may_send => {
                Some(self.half_closed(ends, HalfClosedLocal))
            }
            Sign::Reset if !matches!(self, Idle | Closed) => Some(Closed),
            Sign::WindowUpdate if !matches!(self, Idle | Closed) => Some(self),
            _ => None,
        }
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
        use State::*;
        match (self, sign) {
            (Idle, Sign::Headers { ends }) => Ok(Open.half_closed(ends, HalfClosedRemote)),
            (Idle, _) => Err(Fault::connection(
                code::PROTOCOL_ERROR,
                "nobody has opened this stream",
            )),
            (_, Sign::WindowUpdate) => Ok(self),
            (_, Sign::Reset) => Ok(Closed),
            (Open | HalfClosedLocal, Sign::Headers { ends } | Sign::Data { ends }) => {
                Ok(self.half_closed(ends, HalfClosedRemote))
            }
            (Closed, Sign::Headers { .. }) => Err(Fault::connection(
                code::STREAM_CLOSED,
                "fields on a stream that is over",
            )),
            (HalfClosedRemote | Closed, _) => Err(Fault::stream(
                stream,
                code::STREAM_CLOSED,
                "behind the end of the stream",
            )),
        }
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

/// Checks names and values, and gives the values of the pseudo-header fields with these names.
fn pseudo<'a, const N: usize>(
    fields: &'a [Field],
    names: [&[u8]; N],
) -> Result<[Option<&'a [u8]>; N], &'static str> {
    let mut values = [None; N];
    let mut is_behind = false;
    for Field { name, value, .. } in fields {
        let plain = name.strip_prefix(b":");
        let is_valid = |&b: &u8| matches!(b, 0x21..=0x7e) && !b.is_ascii_uppercase() && b != b':';
        let plain_name = plain.unwrap_or(name);
        if plain_name.is_empty() || !plain_name.iter().all(is_valid) {
            return Err("a name that is none");
        }
        let is_blank = |b: Option<&u8>| matches!(b, Some(b' ' | b'\t'));
        if value.iter().any(|b| matches!(b, 0 | b'\r' | b'\n'))
            || is_blank(value.first())
            || is_blank(value.last())
        {
            return Err("a value that is none");
        }
        if plain.is_some() {
            let at = names.iter().position(|known| known == name);
            let at = at.ok_or("a pseudo-header field that is none")?;
            if is_behind {
                return Err("a pseudo-header field behind a field");
            }
            if values[at].replace(&value[..]).is_some() {
                return Err("a pseudo-header field twice");
            }
        } else {
            is_behind = true;
            match &name[..] {
                b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding"
                | b"upgrade" => return Err("a field of HTTP/1.1's connections"),
                b"te" if !value.eq_ignore_ascii_case(b"trailers") => {
                    return Err("te with another value than trailers");
                }
                _ => {}
            }
        }
    }
    Ok(values)
}

fn is_token(text: &[u8]) -> bool {
    let is_valid = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !text.is_empty() && text.iter().all(is_valid)
}

fn content_length(fields: &[Field]) -> Result<Option<u64>, &'static str> {
    let mut length = None;
    for field in fields
        .iter()
        .filter(|field| field.name == b"content-length")
    {
        let digits = std::str::from_utf8(&field.value).unwrap_or_default();
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err("a content-length that is none");
        }
        let number: u64 = digits
            .parse()
            .map_err(|_| "a content-length that is none")?;
        if length.replace(number).is_some_and(|other| other != number) {
            return Err("two lengths");
        }
    }
    Ok(length)
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
    let mut host = None;
    for field in fields.iter().filter(|field| field.name == b"host") {
        if host.replace(&field.value).is_some() {
            return Err("two hosts");
        }
    }
    let [method, scheme, authority, path] =
        pseudo(fields, [b":method", b":scheme", b":authority", b":path"])?;
    let method = method.ok_or("no :method")?;
    if !is_token(method) {
        return Err("a method that is none");
    }
    if method == b"CONNECT" {
        if scheme.is_some() || path.is_some() {
            return Err("CONNECT with :scheme or :path");
        }
        authority.ok_or("CONNECT without :authority")?;
    } else {
        scheme.ok_or("no :scheme")?;
        let path = path.ok_or("no :path")?;
        if !path.starts_with(b"/") && (path, method) != (b"*", b"OPTIONS") {
            return Err("a path that is none");
        }
    }
    if authority.is_some_and(|authority| authority.contains(&b'@')) {
        return Err("a user in :authority");
    }
    if let (Some(authority), Some(host)) = (authority, host)
        && !authority.eq_ignore_ascii_case(host)
    {
        return Err("two hosts");
    }
    Ok(Head {
        status: 0,
        is_head: method == b"HEAD",
        content_length: content_length(fields)?,
    })
}

/// The same for a response: the only pseudo-header field is `:status`, which must be there once and is three digits, from
/// 100 to 599, and not 101 (§8.3.2, §8.6). Nobody asks for `host`.
pub fn response_head(fields: &[Field]) -> Result<Head, &'static str> {
    let [status] = pseudo(fields, [b":status"])?;
    let status = status.ok_or("no :status")?;
    let digits = std::str::from_utf8(status).unwrap_or_default();
    let status = match digits.parse() {
        Ok(status @ (100..=599)) if digits.len() == 3 => status,
        _ => return Err("a status that is none"),
    };
    if status == 101 {
        return Err("HTTP/2 has no 101");
    }
    Ok(Head {
        status,
        is_head: false,
        content_length: content_length(fields)?,
    })
}

/// The same for fields behind the content: no pseudo-header field at all (§8.1). A `content-length` means nothing.
pub fn trailer_fields(fields: &[Field]) -> Result<(), &'static str> {
    let [] = pseudo(fields, [])?;
    Ok(())
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
        if self.role == Role::Server {
            return Err(Refusal::Wrong("a server does not ask"));
        }
        if self.is_broken || self.is_left || self.is_leaving || self.next_stream > u32::MAX >> 1 {
            return Err(Refusal::Over);
        }
        let head = request_head(fields).map_err(Refusal::Wrong)?;
        self.fits(fields)?;
        if ends && head.content_length.is_some_and(|length| length > 0) {
            return Err(Refusal::Wrong("a content-length, and no content"));
        }
        let most = self.theirs.max_concurrent_streams.unwrap_or(u32::MAX);
        if self.streams.len() >= most as usize {
            return Err(Refusal::Busy);
        }
        let number = self.next_stream;
        self.next_stream += 2;
        let state = State::Idle.sent(Sign::Headers { ends });
        let stream = Stream {
            is_head: head.is_head,
            sent_head: true,
            ..self.new_stream(state.ok_or(Refusal::Over)?)
        };
        self.streams.insert(number, stream);
        self.writes_block(number, fields, ends);
        Ok(number)
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
        if self.role == Role::Client {
            return Err(Refusal::Wrong("a client does not answer"));
        }
        let open = self.streams.get(&stream).ok_or(Refusal::Over)?;
        let state = open
            .state
            .sent(Sign::Headers { ends })
            .ok_or(Refusal::Over)?;
        if open.end.is_some() {
            return Err(Refusal::Over);
        }
        if open.sent_head {
            return Err(Refusal::Wrong("the answer was sent already"));
        }
        let head = response_head(fields).map_err(Refusal::Wrong)?;
        self.fits(fields)?;
        let is_interim = head.status < 200;
        if is_interim && ends {
            return Err(Refusal::Wrong("1xx is no answer"));
        }
        self.writes_block(stream, fields, ends);
        if let Some(open) = self.streams.get_mut(&stream) {
            open.sent_head = !is_interim;
        }
        self.moves(stream, state);
        Ok(())
    }

    /// A block of fields is one piece: until it is whole, nothing but CONTINUATION on its stream may come, and at no other
    /// time may CONTINUATION come (§6.2, §6.10). Called while `block` is there, and with every CONTINUATION.
    ///
    /// # Errors
    ///
    /// A connection error, `PROTOCOL_ERROR`.
    pub(crate) fn keeps_order(&self, frame: &Frame) -> Result<(), Fault> {
        let goes_on = match (frame, &self.block) {
            (Frame::Continuation { stream, .. }, Some(block)) => *stream == block.stream,
            (Frame::Continuation { .. }, None) => false,
            (_, block) => block.is_none(),
        };
        match goes_on {
            true => Ok(()),
            false => Err(Fault::connection(
                code::PROTOCOL_ERROR,
                "a block of fields is one piece",
            )),
        }
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
        let max = self.config.settings.max_header_list_size;
        let max = max.unwrap_or(DEFAULT_LIST_SIZE) as usize;
        let block = self.block.get_or_insert_with(|| Block {
            stream,
            bytes: Vec::new(),
            ends,
        });
        if block.bytes.len() + piece.len() > max {
            let why = "a block of fields without end";
            return Err(Fault::connection(code::ENHANCE_YOUR_CALM, why));
        }
        block.bytes.extend_from_slice(piece);
        Ok(())
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
        let Some(Block {
            stream,
            bytes,
            ends,
        }) = self.block.take()
        else {
            return Ok(());
        };
        let fields = self.decoder.decode(&bytes)?;
        let number = |why| Err(Fault::connection(code::PROTOCOL_ERROR, why));
        let is_server = self.role == Role::Server;
        if is_server && stream % 2 == 0 {
            return number("a client's streams are odd");
        }
        if is_server && self.is_leaving && stream > self.last_taken {
            self.highest = self.highest.max(stream);
            return Ok(());
        }
        let state = self.state(stream);
        match (state, self.remembers(stream)) {
            (_, Some(true)) => return Ok(()),
            (State::Closed, None) => return number("streams have rising numbers"),
            (State::Idle, _) if !is_server => return number("nobody has asked on this stream"),
            _ => {}
        }
        let next = state.received(stream, Sign::Headers { ends });
        if state == State::Idle {
            self.highest = stream;
            let most = self.config.settings.max_concurrent_streams;
            if self.streams.len() >= most.unwrap_or(u32::MAX) as usize {
                let why = "too many streams at a time";
                return Err(Fault::stream(stream, code::REFUSED_STREAM, why));
            }
        }
        let next = next?;
        let Some(fields) = fields else {
            let why = "a list of fields that is too long";
            return Err(Fault::stream(stream, code::ENHANCE_YOUR_CALM, why));
        };
        self.takes_fields(stream, state, &fields, ends)
            .map_err(|why| Fault::stream(stream, code::PROTOCOL_ERROR, why))
            .map(|is_trailers| {
                self.events.push(match is_trailers {
                    true => Event::Trailers { stream, fields },
                    false => Event::Head {
                        stream,
                        fields,
                        ends,
                    },
                });
                self.moves(stream, next);
            })
    }

    /// A stream error (§5.4.2): the stream is over, and RST_STREAM with the fault's code goes to `out`. The stream is
    /// remembered as one that we have ended. If we had done so before, no second RST_STREAM is sent, and there is no event.
    ///
    /// # Errors
    ///
    /// A stream that is idle cannot be reset: the fault becomes a connection error with the same code.
    pub(crate) fn refuses(&mut self, fault: Fault) -> Result<(), Fault> {
        let Fault { stream, code, .. } = fault;
        if self.state(stream) == State::Idle {
            return Err(Fault { stream: 0, ..fault });
        }
        if self.remembers(stream) != Some(true) {
            Frame::Reset { stream, code }.write(&mut self.out);
            self.forgets(stream, true);
            self.events.push(Event::StreamError(fault));
        }
        Ok(())
    }

    /// What is wrong with these fields, or whether they are trailers. Remembers what they say about the content. A new stream
    /// begins with them.
    fn takes_fields(
        &mut self,
        stream: u32,
        state: State,
        fields: &[Field],
        ends: bool,
    ) -> Result<bool, &'static str> {
        let is_new = state == State::Idle;
        let open = self.streams.get(&stream);
        if open.is_some_and(|open| open.got_head) {
            trailer_fields(fields)?;
            if !ends {
                return Err("trailers, and no end");
            }
            match open.and_then(|open| open.expects) {
                Some(1..) => return Err("less content than announced"),
                _ => return Ok(true),
            }
        }
        let head = match self.role {
            Role::Server => request_head(fields)?,
            Role::Client => response_head(fields)?,
        };
        let is_interim = (100..200).contains(&head.status);
        if is_interim && ends {
            return Err("1xx, and the end");
        }
        let has_none = matches!(head.status, 204 | 304) || open.is_some_and(|open| open.is_head);
        let expects = match has_none && self.role == Role::Client {
            true => Some(0),
            false => head.content_length,
        };
        if ends && expects.is_some_and(|length| length > 0) {
            return Err("a content-length, and no content");
        }
        if is_new {
            let open = self.new_stream(State::Open);
            self.streams.insert(stream, open);
            self.last_taken = stream;
        }
        if let Some(open) = self.streams.get_mut(&stream)
            && !is_interim
        {
            open.got_head = true;
            open.expects = expects;
            open.is_head |= head.is_head;
        }
        Ok(false)
    }

    /// Whether the peer takes a list of this length.
    fn fits(&self, fields: &[Field]) -> Result<(), Refusal> {
        let size = |field: &Field| field.name.len() + field.value.len() + 32;
        let len: usize = fields.iter().map(size).sum();
        match self.theirs.max_header_list_size {
            Some(max) if len > max as usize => {
                Err(Refusal::Wrong("more fields than the other side takes"))
            }
            _ => Ok(()),
        }
    }

    /// HEADERS with these fields, and as many CONTINUATION frames as it takes.
    pub(crate) fn writes_block(&mut self, stream: u32, fields: &[Field], ends: bool) {
        let block = self.encoder.encode(fields);
        let max = self.theirs.max_frame_size as usize;
        let (first, mut rest) = block.split_at(block.len().min(max));
        Frame::Headers {
            stream,
            block: first.to_vec(),
            ends,
            is_whole: rest.is_empty(),
        }
        .write(&mut self.out);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(max));
            rest = behind;
            Frame::Continuation {
                stream,
                block: piece.to_vec(),
                is_whole: rest.is_empty(),
            }
            .write(&mut self.out);
        }
    }
}
