//! Step 1: frames. A length, a type, flags, a stream, and so many bytes.

use crate::Fault;

/// How long the payload of a frame may be when nobody has said anything else (RFC 9113 §4.2, §6.5.2).
pub const DEFAULT_FRAME_SIZE: u32 = 16_384;

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
    todo!(
        "15.1 read_frame_head({bytes:02x?}): 3 bytes length, type, flags, 4 bytes stream without the highest bit"
    )
}

/// Writes the head of a frame. `len` is below 2^24 and `stream` below 2^31; the reserved bit is 0.
pub fn write_frame_head(head: &FrameHead) -> [u8; 9] {
    todo!("15.1 write_frame_head({head:?}): the nine bytes that read_frame_head reads")
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
    todo!(
        "15.1 read_frame({head:?}, {} bytes): by type: is the stream allowed, does the length fit, where do padding and priority stand?",
        payload.len()
    )
}

impl Frame {
    /// Puts the frame's bytes at the end of `out`: the opposite of [`read_frame`]. HEADERS and PUSH_PROMISE have no
    /// padding and no priority. DATA has `padding` bytes more than `data`, if it is not 0: the flag PADDED, the length
    /// of the padding, and zeros behind the data. PRIORITY has five bytes 0; a frame of unknown type has no payload.
    #[allow(clippy::ptr_arg)] // it will grow
    pub fn write(&self, out: &mut Vec<u8>) {
        todo!(
            "15.1 write({self:?}) behind {} bytes: head, then payload",
            out.len()
        )
    }
}

/// Cuts a stream of bytes into frames, in whatever pieces it comes.
#[derive(Debug)]
pub struct Frames {
    max: u32,
    // Add what you need to remember.
}

impl Frames {
    /// For frames with at most `max` bytes of payload.
    pub fn new(max: u32) -> Frames {
        Frames { max }
    }

    /// From the next frame on, another maximum.
    pub fn set_max(&mut self, max: u32) {
        self.max = max;
    }

    /// Takes the next bytes of the stream. They wait for [`Frames::next_frame`].
    pub fn push(&mut self, bytes: &[u8]) {
        todo!(
            "15.1 Frames::push({} bytes): keep them behind the rest",
            bytes.len()
        )
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
        todo!(
            "15.1 Frames::next_frame(), at most {} bytes each: the head, and then as many bytes as it says, or None",
            self.max
        )
    }
}
