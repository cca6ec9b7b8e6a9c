//! Step 1: frames. A length, a type, flags, a stream, and so many bytes.

use crate::{Fault, code};

/// How long the payload of a frame may be when nobody has said anything else (RFC 9113 §4.2, §6.5.2).
pub const DEFAULT_FRAME_SIZE: u32 = 16_384;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 0x01;
const ACK: u8 = 0x01;
const END_HEADERS: u8 = 0x04;
const PADDED: u8 = 0x08;
const HAS_PRIORITY: u8 = 0x20;

/// The nine bytes before every payload (RFC 9113 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Of the payload alone, in bytes. 24 bits.
    pub len: u32,
    /// See [`Frame`].
    pub kind: u8,
    pub flags: u8,
    /// 31 bits. 0 is the connection.
    pub stream: u32,
}

/// Reads the head of a frame: the length in 24 bits, the type in 8, the flags in 8, a reserved bit, and the stream
/// in 31, all big-endian. The reserved bit is ignored (§4.1).
pub fn read_frame_head(bytes: &[u8; 9]) -> FrameHead {
    let [l0, l1, l2, kind, flags, stream @ ..] = *bytes;
    FrameHead {
        len: u32::from_be_bytes([0, l0, l1, l2]),
        kind,
        flags,
        stream: u31(stream),
    }
}

/// Writes the head of a frame. `len` is below 2^24 and `stream` below 2^31; the reserved bit is 0.
pub fn write_frame_head(head: &FrameHead) -> [u8; 9] {
    let [_, l0, l1, l2] = head.len.to_be_bytes();
    let [s0, s1, s2, s3] = head.stream.to_be_bytes();
    [l0, l1, l2, head.kind, head.flags, s0, s1, s2, s3]
}

/// A frame, with what its type (in hexadecimal) and its flags mean (§6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Type 0: content of a stream.
    Data {
        stream: u32,
        data: Vec<u8>,
        /// How many bytes of the payload are not `data`: 0, or the byte that says how much padding there is and the
        /// padding, 1 to 256. They count for flow control (§6.1).
        padding: u32,
        /// Flag END_STREAM (0x01).
        ends: bool,
    },
    /// Type 1: the beginning of a block of fields. Padding and the five bytes of the flag PRIORITY (0x20), which mean
    /// nothing any more, are left out.
    Headers {
        stream: u32,
        block: Vec<u8>,
        /// Flag END_STREAM (0x01).
        ends: bool,
        /// Flag END_HEADERS (0x04): no CONTINUATION follows.
        is_whole: bool,
    },
    /// Type 2. What it says means nothing any more (§5.3.2), and is not kept.
    Priority { stream: u32 },
    /// Type 3: RST_STREAM.
    Reset { stream: u32, code: u32 },
    /// Type 4: identifiers and values, in their order.
    Settings(Vec<(u16, u32)>),
    /// Type 4 with the flag ACK (0x01).
    SettingsAck,
    /// Type 5. Padding is left out, and the reserved bit of `promised` ignored.
    PushPromise {
        stream: u32,
        promised: u32,
        block: Vec<u8>,
        /// Flag END_HEADERS (0x04).
        is_whole: bool,
    },
    /// Type 6.
    Ping {
        /// Flag ACK (0x01).
        is_answer: bool,
        data: [u8; 8],
    },
    /// Type 7. The reserved bit of `last` is ignored.
    GoAway {
        last: u32,
        code: u32,
        debug: Vec<u8>,
    },
    /// Type 8. The reserved bit of `increment` is ignored.
    WindowUpdate { stream: u32, increment: u32 },
    /// Type 9: more of the block of fields before it.
    Continuation {
        stream: u32,
        block: Vec<u8>,
        /// Flag END_HEADERS (0x04).
        is_whole: bool,
    },
    /// Any other type: an extension that nobody here knows. It is to be ignored (§4.1, §5.5).
    Unknown { kind: u8, stream: u32 },
}

/// Reads a frame. `payload` has `head.len` bytes. Flags that the frame's type does not have are ignored (§4.1), and so
/// is what stands in padding.
///
/// # Errors
///
/// The first line that applies:
///
/// | fault | when |
/// |---|---|
/// | connection, `PROTOCOL_ERROR` | the stream is 0, and the frame is DATA, HEADERS, PRIORITY, RST_STREAM, PUSH_PROMISE or CONTINUATION |
/// | connection, `PROTOCOL_ERROR` | the stream is not 0, and the frame is SETTINGS, PING or GOAWAY |
/// | stream, `FRAME_SIZE_ERROR` | PRIORITY without 5 bytes |
/// | connection, `FRAME_SIZE_ERROR` | RST_STREAM or WINDOW_UPDATE without 4 bytes, PING without 8, GOAWAY with fewer than 8; SETTINGS whose length is no multiple of 6, or with ACK and a payload |
/// | connection, `FRAME_SIZE_ERROR` | a payload that ends before what the flags PADDED (0x08) and PRIORITY announce: the byte with the length of the padding, the five bytes; or before the promised stream (4 bytes) |
/// | connection, `PROTOCOL_ERROR` | more padding than the payload has bytes left behind what stands before the data or block |
/// | stream, `PROTOCOL_ERROR` | WINDOW_UPDATE with an increment of 0; a connection error where the stream is 0 |
///
/// (A stream that depends on itself, RFC 7540's error, is none any more.)
pub fn read_frame(head: &FrameHead, payload: &[u8]) -> Result<Frame, Fault> {
    let &FrameHead {
        kind,
        flags,
        stream,
        ..
    } = head;
    match (kind, stream) {
        (DATA | HEADERS | PRIORITY | RST_STREAM | PUSH_PROMISE | CONTINUATION, 0) => {
            return Err(protocol("this frame needs a stream"));
        }
        (SETTINGS | PING | GOAWAY, 1..) => {
            return Err(protocol("this frame is about the connection"));
        }
        _ => {}
    }
    let frame = match kind {
        DATA => {
            let data = unpadded(flags, payload, 0)?;
            Frame::Data {
                stream,
                data: data.to_vec(),
                padding: (payload.len() - data.len()) as u32,
                ends: flags & END_STREAM != 0,
            }
        }
        HEADERS => {
            let priority = if flags & HAS_PRIORITY != 0 { 5 } else { 0 };
            Frame::Headers {
                stream,
                block: unpadded(flags, payload, priority)?.to_vec(),
                ends: flags & END_STREAM != 0,
                is_whole: flags & END_HEADERS != 0,
            }
        }
        PRIORITY if payload.len() == 5 => Frame::Priority { stream },
        PRIORITY => {
            let why = "PRIORITY has five bytes";
            return Err(Fault::stream(stream, code::FRAME_SIZE_ERROR, why));
        }
        RST_STREAM => Frame::Reset {
            stream,
            code: u32::from_be_bytes(exactly(payload)?),
        },
        SETTINGS if flags & ACK != 0 => {
            let []: [u8; 0] = exactly(payload)?;
            Frame::SettingsAck
        }
        SETTINGS => {
            if !payload.len().is_multiple_of(6) {
                return Err(size("a setting has six bytes"));
            }
            let pair = |pair: &[u8]| {
                let id = u16::from_be_bytes([pair[0], pair[1]]);
                let value = u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]);
                (id, value)
            };
            Frame::Settings(payload.chunks_exact(6).map(pair).collect())
        }
        PUSH_PROMISE => {
            let block = unpadded(flags, payload, 4)?;
            // The promised stream stands before the block, behind the length of the padding.
            let at = usize::from(flags & PADDED != 0);
            Frame::PushPromise {
                stream,
                promised: u31(exactly(&payload[at..at + 4])?),
                block: block.to_vec(),
                is_whole: flags & END_HEADERS != 0,
            }
        }
        PING => Frame::Ping {
            is_answer: flags & ACK != 0,
            data: exactly(payload)?,
        },
        GOAWAY => {
            let Some((fixed, debug)) = payload.split_at_checked(8) else {
                return Err(size("GOAWAY has eight bytes at least"));
            };
            Frame::GoAway {
                last: u31(exactly(&fixed[..4])?),
                code: u32::from_be_bytes(exactly(&fixed[4..])?),
                debug: debug.to_vec(),
            }
        }
        WINDOW_UPDATE => match u31(exactly(payload)?) {
            0 => {
                let why = "a window that grows by 0";
                return Err(Fault::stream(stream, code::PROTOCOL_ERROR, why));
            }
            increment => Frame::WindowUpdate { stream, increment },
        },
        CONTINUATION => Frame::Continuation {
            stream,
            block: payload.to_vec(),
            is_whole: flags & END_HEADERS != 0,
        },
        _ => Frame::Unknown { kind, stream },
    };
    Ok(frame)
}

/// The payload without `fixed` bytes at its beginning, and without padding, if the flag says that there is some.
fn unpadded(flags: u8, payload: &[u8], fixed: usize) -> Result<&[u8], Fault> {
    let (padding, rest) = match (flags & PADDED != 0, payload) {
        (false, rest) => (0, rest),
        (true, [padding, rest @ ..]) => (usize::from(*padding), rest),
        (true, []) => return Err(size("no length of the padding")),
    };
    let rest = rest.get(fixed..).ok_or(size("too short for its flags"))?;
    let len = rest.len().checked_sub(padding);
    len.map(|len| &rest[..len])
        .ok_or(protocol("more padding than payload"))
}

/// A payload that has this length and no other.
fn exactly<const N: usize>(payload: &[u8]) -> Result<[u8; N], Fault> {
    payload
        .try_into()
        .map_err(|_| size("a payload of another length"))
}

/// 31 bits, behind a reserved one.
fn u31(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes) & u32::MAX >> 1
}

fn protocol(why: &'static str) -> Fault {
    Fault::connection(code::PROTOCOL_ERROR, why)
}

fn size(why: &'static str) -> Fault {
    Fault::connection(code::FRAME_SIZE_ERROR, why)
}

/// The head of a frame, behind what is there.
fn begin(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, len: usize) {
    out.extend_from_slice(&write_frame_head(&FrameHead {
        len: len as u32,
        kind,
        flags,
        stream,
    }));
}

impl Frame {
    /// Puts the frame's bytes at the end of `out`: the opposite of [`read_frame`]. HEADERS and PUSH_PROMISE have no
    /// padding and no priority. DATA has `padding` bytes more than `data`, if it is not 0: the flag PADDED, the length
    /// of the padding, and zeros behind the data. PRIORITY has five bytes 0; a frame of unknown type has no payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        match self {
            Frame::Data {
                stream,
                data,
                padding,
                ends,
            } => {
                let len = data.len() + *padding as usize;
                let flags = flag(*ends, END_STREAM) | flag(*padding > 0, PADDED);
                begin(out, DATA, flags, *stream, len);
                if let Some(pad) = padding.checked_sub(1) {
                    out.push(pad as u8);
                }
                out.extend_from_slice(data);
                out.resize(out.len() + padding.saturating_sub(1) as usize, 0);
            }
            Frame::Headers {
                stream,
                block,
                ends,
                is_whole,
            } => {
                let flags = flag(*ends, END_STREAM) | flag(*is_whole, END_HEADERS);
                begin(out, HEADERS, flags, *stream, block.len());
                out.extend_from_slice(block);
            }
            Frame::Priority { stream } => {
                begin(out, PRIORITY, 0, *stream, 5);
                out.extend_from_slice(&[0; 5]);
            }
            Frame::Reset { stream, code } => {
                begin(out, RST_STREAM, 0, *stream, 4);
                out.extend_from_slice(&code.to_be_bytes());
            }
            Frame::Settings(pairs) => {
                begin(out, SETTINGS, 0, 0, 6 * pairs.len());
                for (id, value) in pairs {
                    out.extend_from_slice(&id.to_be_bytes());
                    out.extend_from_slice(&value.to_be_bytes());
                }
            }
            Frame::SettingsAck => begin(out, SETTINGS, ACK, 0, 0),
            Frame::PushPromise {
                stream,
                promised,
                block,
                is_whole,
            } => {
                let flags = flag(*is_whole, END_HEADERS);
                begin(out, PUSH_PROMISE, flags, *stream, 4 + block.len());
                out.extend_from_slice(&promised.to_be_bytes());
                out.extend_from_slice(block);
            }
            Frame::Ping { is_answer, data } => {
                begin(out, PING, flag(*is_answer, ACK), 0, 8);
                out.extend_from_slice(data);
            }
            Frame::GoAway { last, code, debug } => {
                begin(out, GOAWAY, 0, 0, 8 + debug.len());
                out.extend_from_slice(&last.to_be_bytes());
                out.extend_from_slice(&code.to_be_bytes());
                out.extend_from_slice(debug);
            }
            Frame::WindowUpdate { stream, increment } => {
                begin(out, WINDOW_UPDATE, 0, *stream, 4);
                out.extend_from_slice(&increment.to_be_bytes());
            }
            Frame::Continuation {
                stream,
                block,
                is_whole,
            } => {
                let flags = flag(*is_whole, END_HEADERS);
                begin(out, CONTINUATION, flags, *stream, block.len());
                out.extend_from_slice(block);
            }
            Frame::Unknown { kind, stream } => begin(out, *kind, 0, *stream, 0),
        }
    }
}

/// Cuts a stream of bytes into frames, in whatever pieces it comes.
#[derive(Debug)]
pub struct Frames {
    max: u32,
    bytes: Vec<u8>,
    /// So many of them were given out.
    taken: usize,
}

impl Frames {
    /// For frames with at most `max` bytes of payload.
    pub fn new(max: u32) -> Frames {
        Frames {
            max,
            bytes: Vec::new(),
            taken: 0,
        }
    }

    /// From the next frame on, another maximum.
    pub fn set_max(&mut self, max: u32) {
        self.max = max;
    }

    /// Takes the next bytes of the stream. They wait for [`Frames::next_frame`].
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if all of it is there. No byte of a frame is kept when the frame has been given out, and many
    /// small frames in one piece take no more time than they have bytes.
    ///
    /// # Errors
    ///
    /// - A head announces more than the maximum: a connection error, `FRAME_SIZE_ERROR`, as soon as the nine bytes
    ///   are there. It is the answer to every later call.
    /// - What [`read_frame`] finds. The frame is taken, and the next call gives the frame behind it.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Fault> {
        let rest = &self.bytes[self.taken..];
        let Some((head, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        let head = read_frame_head(head);
        if head.len > self.max {
            return Err(size("longer than what was announced"));
        }
        let Some(payload) = rest.get(..head.len as usize) else {
            return Ok(None);
        };
        let frame = read_frame(&head, payload);
        self.taken += 9 + payload.len();
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
        frame.map(Some)
    }
}
