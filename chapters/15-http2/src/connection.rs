//! Given: the frame of a connection. It says which step's function is called, and when. `H2` reads no socket and asks no
//! clock: bytes go in, events and bytes come out.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    DEFAULT_FRAME_SIZE, DEFAULT_LIST_SIZE, DEFAULT_TABLE_SIZE, Event, Fault, Field, Frame, Frames,
    Guard, HpackDecoder, HpackEncoder, Inflow, Limits, REMEMBERED, Role, Settings, State, Window,
    code,
};

/// What a connection is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// What we tell the peer about ourselves. A client never takes push, and a server does not speak of it: `H2` sees
    /// to that.
    pub settings: Settings,
    /// How many bytes the peer may send on all streams together before we have used them up: 65 535 to 2^31 - 1.
    pub connection_window: u32,
    /// `None`: the peer may do what it likes, as far as the settings allow it. For steps 3 to 5.
    pub limits: Option<Limits>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            settings: Settings {
                max_concurrent_streams: Some(100),
                max_header_list_size: Some(DEFAULT_LIST_SIZE),
                ..Settings::default()
            },
            connection_window: 1 << 20,
            limits: Some(Limits {
                resets: 100,
                idle_frames: 1000,
                continuations: 16,
            }),
        }
    }
}

/// A stream that is open, or half of it.
#[derive(Debug)]
pub struct Stream {
    /// Never idle or closed.
    pub state: State,
    /// The request has the method HEAD: its response has no content.
    pub is_head: bool,
    /// We have sent the head of our message. One of 1xx does not count.
    pub sent_head: bool,
    /// The head of the peer's message has come. One of 1xx does not count.
    pub got_head: bool,
    /// How many bytes of content are still to come, if the peer has said so.
    pub expects: Option<u64>,
    /// What we may send.
    pub window: Window,
    /// What the peer may send.
    pub inflow: Inflow,
    /// The content that waits to be sent.
    pub queue: VecDeque<u8>,
    /// `None`: more may be queued. Else the stream ends behind the queue, with these trailers; an empty list is an
    /// END_STREAM on the last frame of content.
    pub end: Option<Vec<Field>>,
}

/// A block of fields of which more is to come.
#[derive(Debug)]
pub struct Block {
    pub stream: u32,
    pub bytes: Vec<u8>,
    /// HEADERS had END_STREAM.
    pub ends: bool,
}

/// One connection, at either end.
#[derive(Debug)]
pub struct H2 {
    pub(crate) role: Role,
    pub(crate) config: Config,
    pub(crate) frames: Frames,
    pub(crate) decoder: HpackDecoder,
    pub(crate) encoder: HpackEncoder,
    pub(crate) guard: Option<Guard>,
    /// What is to be sent, but for content.
    pub(crate) out: Vec<u8>,
    pub(crate) events: Vec<Event>,

    /// How many bytes of the client's preface have come. All of them, at a client.
    pub(crate) preface: usize,
    /// The peer's first SETTINGS have come.
    pub(crate) is_settled: bool,
    /// The peer has acknowledged ours.
    pub(crate) is_acked: bool,
    pub(crate) theirs: Settings,

    pub(crate) streams: BTreeMap<u32, Stream>,
    /// The streams that were over last, at most [`REMEMBERED`], and whether we have ended them with RST_STREAM.
    pub(crate) closed: VecDeque<(u32, bool)>,
    pub(crate) block: Option<Block>,
    /// A client's next stream.
    pub(crate) next_stream: u32,
    /// The highest stream that the peer has opened.
    pub(crate) highest: u32,
    /// The highest stream of the peer's of which the program has heard.
    pub(crate) last_taken: u32,

    /// What we may send on all streams together.
    pub(crate) window: Window,
    /// What the peer may send on all streams together.
    pub(crate) inflow: Inflow,
    /// The stream that has sent content last.
    pub(crate) turn: u32,

    /// We have sent GOAWAY.
    pub(crate) is_leaving: bool,
    /// The peer has.
    pub(crate) is_left: bool,
    /// There was a connection error.
    pub(crate) is_broken: bool,
}

impl H2 {
    /// The client's end. What it says first is in [`H2::pending`] at once.
    pub fn client(config: Config) -> H2 {
        H2::new(Role::Client, config)
    }

    /// The server's end. What it says first is in [`H2::pending`] at once: it need not wait for the client.
    pub fn server(config: Config) -> H2 {
        H2::new(Role::Server, config)
    }

    fn new(role: Role, mut config: Config) -> H2 {
        config.settings.enable_push = role == Role::Server;
        let list = config
            .settings
            .max_header_list_size
            .unwrap_or(DEFAULT_LIST_SIZE);
        let mut h2 = H2 {
            role,
            config,
            frames: Frames::new(DEFAULT_FRAME_SIZE),
            decoder: HpackDecoder::new(DEFAULT_TABLE_SIZE, list as usize),
            encoder: HpackEncoder::new(),
            guard: config.limits.map(Guard::new),
            out: Vec::new(),
            events: Vec::new(),
            preface: 0,
            is_settled: false,
            is_acked: false,
            theirs: Settings::default(),
            streams: BTreeMap::new(),
            closed: VecDeque::new(),
            block: None,
            next_stream: 1,
            highest: 0,
            last_taken: 0,
            window: Window::new(Settings::default().initial_window_size),
            inflow: Inflow::new(config.connection_window),
            turn: 0,
            is_leaving: false,
            is_left: false,
            is_broken: false,
        };
        h2.opens();
        h2
    }

    /// Takes bytes from the peer, in any pieces, and gives what they mean. Behind an [`Event::ConnectionError`] bytes mean
    /// nothing any more.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<Event> {
        if !self.is_broken
            && let Err(fault) = self.reads(bytes)
        {
            self.breaks(fault);
            self.is_broken = true;
            self.streams.clear();
            self.events.push(Event::ConnectionError(fault));
        }
        std::mem::take(&mut self.events)
    }

    /// The bytes that are to be sent now: everything but content, and then content, as far as the windows let it and up to
    /// [`PIECE`](crate::PIECE). They are given once. Call it until it gives nothing.
    pub fn pending(&mut self) -> Vec<u8> {
        let waits = |stream: &Stream| !stream.queue.is_empty() || stream.end.is_some();
        if self.streams.values().any(waits) {
            let before = self.out.len();
            self.fills();
            if self.out.len() > before
                && let Some(guard) = &mut self.guard
            {
                guard.useful();
            }
        }
        std::mem::take(&mut self.out)
    }

    /// Nothing more will happen here: there was a connection error, or one side has said GOAWAY and no stream is left. What
    /// is in [`H2::pending`] is still to be sent.
    pub fn is_over(&self) -> bool {
        self.is_broken || (self.is_leaving || self.is_left) && self.streams.is_empty()
    }

    /// How many bytes [`H2::pending`] would give, content aside.
    pub fn unsent(&self) -> usize {
        self.out.len()
    }

    /// How many streams are open, or half of them.
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    fn reads(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        if self.role == Role::Server {
            bytes = self.takes_preface(bytes)?;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.frames.push(bytes);
        loop {
            let taken = match self.frames.next_frame() {
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => self.takes(frame),
                Err(fault) => Err(fault),
            };
            match taken {
                Ok(()) => {}
                Err(fault) if fault.stream == 0 => return Err(fault),
                // Not in the place of the first SETTINGS, and not between HEADERS and its CONTINUATION.
                Err(Fault { why, .. }) if !self.is_settled || self.block.is_some() => {
                    return Err(Fault::connection(code::PROTOCOL_ERROR, why));
                }
                Err(fault) => {
                    self.refuses(fault)?;
                    if let Some(guard) = &mut self.guard {
                        guard.cut_off()?;
                    }
                }
            }
        }
    }

    fn takes(&mut self, frame: Frame) -> Result<(), Fault> {
        if !self.is_settled {
            self.takes_first(&frame)?;
        }
        if self.block.is_some() || matches!(frame, Frame::Continuation { .. }) {
            self.keeps_order(&frame)?;
        }
        if let Some(guard) = &mut self.guard {
            guard.frame(&frame)?;
        }
        let before = self.events.len();
        match frame {
            Frame::Data {
                stream,
                data,
                padding,
                ends,
            } => self.data_arrives(stream, data, padding, ends)?,
            Frame::Headers {
                stream,
                block,
                ends,
                is_whole,
            } => {
                self.block_grows(stream, &block, ends)?;
                if is_whole {
                    self.block_ends()?;
                }
            }
            Frame::Continuation {
                stream,
                block,
                is_whole,
            } => {
                self.block_grows(stream, &block, false)?;
                if is_whole {
                    self.block_ends()?;
                }
            }
            Frame::Priority { .. } | Frame::Unknown { .. } => {}
            Frame::Reset { stream, code } => {
                let was_open = self.streams.contains_key(&stream);
                self.reset_arrives(stream, code)?;
                if was_open && let Some(guard) = &mut self.guard {
                    guard.cut_off()?;
                }
            }
            Frame::Settings(pairs) => {
                let window = i64::from(self.theirs.initial_window_size);
                self.settings_arrive(&pairs)?;
                self.is_settled = true;
                self.events.push(Event::Settings);
                let by = i64::from(self.theirs.initial_window_size) - window;
                if by != 0 && !self.streams.is_empty() {
                    self.windows_shift(by)?;
                }
            }
            Frame::SettingsAck => {
                if !self.is_acked {
                    self.settings_acked();
                    self.is_acked = true;
                    self.streams_follow();
                    self.events.push(Event::SettingsAcked);
                }
            }
            // A server is never sent one, and a client has said that it takes none (§6.6, §8.4).
            Frame::PushPromise { .. } => {
                return Err(Fault::connection(
                    code::PROTOCOL_ERROR,
                    "nobody asked for a push",
                ));
            }
            Frame::Ping { is_answer, data } => self.ping_arrives(is_answer, data),
            Frame::GoAway { last, code, .. } => {
                self.is_left = true;
                self.goaway_arrives(last, code);
            }
            Frame::WindowUpdate { stream, increment } => {
                self.window_update_arrives(stream, increment)?
            }
        }
        if self.events[before..].iter().any(is_useful)
            && let Some(guard) = &mut self.guard
        {
            guard.useful();
        }
        Ok(())
    }

    /// Our INITIAL_WINDOW_SIZE holds from now on.
    fn streams_follow(&mut self) {
        let size = self.config.settings.initial_window_size;
        for stream in self.streams.values_mut() {
            let by = i64::from(size) - i64::from(stream.inflow.size);
            stream.inflow.size = size;
            if by != 0 {
                // It was at most 65 535 before, and is at most `size` now.
                let _ = stream.inflow.window.shift(by);
            }
        }
    }
}

/// For the steps.
#[allow(dead_code)] // until they are written
impl H2 {
    /// A new stream in this state, with the windows that hold now.
    pub(crate) fn new_stream(&self, state: State) -> Stream {
        let ours = match self.is_acked {
            true => self.config.settings,
            false => Settings::default(),
        };
        Stream {
            state,
            is_head: false,
            sent_head: false,
            got_head: false,
            expects: None,
            window: Window::new(self.theirs.initial_window_size),
            inflow: Inflow::new(ours.initial_window_size),
            queue: VecDeque::new(),
            end: None,
        }
    }

    /// Where this stream is. One that nobody has opened yet is idle, and all that is neither open nor idle is closed.
    pub fn state(&self, stream: u32) -> State {
        let is_client = self.role == Role::Client;
        let is_ours = (stream % 2 == 1) == is_client;
        match self.streams.get(&stream) {
            Some(stream) => stream.state,
            None if is_ours && is_client && stream < self.next_stream => State::Closed,
            None if !is_ours && stream <= self.highest => State::Closed,
            None => State::Idle,
        }
    }

    /// A stream that is open is in this state now. If that is the closed one, it is forgotten.
    pub(crate) fn moves(&mut self, stream: u32, state: State) {
        if state == State::Closed {
            self.forgets(stream, false);
            if let Some(guard) = &mut self.guard {
                guard.completed();
            }
        } else if let Some(stream) = self.streams.get_mut(&stream) {
            stream.state = state;
        }
    }

    /// The stream is over, and is remembered for a while.
    pub(crate) fn forgets(&mut self, stream: u32, is_our_reset: bool) {
        self.streams.remove(&stream);
        if self.closed.len() == REMEMBERED {
            self.closed.pop_front();
        }
        self.closed.push_back((stream, is_our_reset));
    }

    /// Whether we have ended this stream with RST_STREAM, if it is over and remembered.
    pub(crate) fn remembers(&self, stream: u32) -> Option<bool> {
        let mut closed = self.closed.iter().rev();
        closed
            .find(|(number, _)| *number == stream)
            .map(|(_, is_our_reset)| *is_our_reset)
    }
}

/// Whether this event is one for which the peer may send idle frames again.
fn is_useful(event: &Event) -> bool {
    match event {
        Event::Head { fields, .. } => !fields
            .iter()
            .any(|field| field.name == b":status" && field.value.starts_with(b"1")),
        Event::Data { .. } | Event::Trailers { .. } => true,
        _ => false,
    }
}
