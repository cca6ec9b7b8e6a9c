//! Step 3: how a connection begins, and what each side tells the other about itself.

use crate::{Fault, Frame, H2, Role};

/// What a client sends first (RFC 9113 §3.4). An HTTP/1.1 server takes it for a request that nobody can mean.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What one side has told about itself (§6.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// 1: the largest dynamic table that it takes, in bytes.
    pub header_table_size: u32,
    /// 2: whether it takes PUSH_PROMISE.
    pub enable_push: bool,
    /// 3: how many streams the other side may have open. `None`: nothing was said.
    pub max_concurrent_streams: Option<u32>,
    /// 4: how many bytes the other side may send on a new stream.
    pub initial_window_size: u32,
    /// 5: the longest payload that it takes.
    pub max_frame_size: u32,
    /// 6: the longest list of fields that it takes, in bytes, with 32 more for each field. `None`: nothing was said.
    pub max_header_list_size: Option<u32>,
}

/// What holds when nothing was said: 4096, push, no limit, 65 535, 16 384, no limit.
impl Default for Settings {
    fn default() -> Settings {
        Settings {
            header_table_size: 4096,
            enable_push: true,
            max_concurrent_streams: None,
            initial_window_size: 65_535,
            max_frame_size: 16_384,
            max_header_list_size: None,
        }
    }
}

impl Settings {
    /// Takes one identifier and value of a SETTINGS frame that this side has sent. An identifier that nobody knows is
    /// ignored.
    ///
    /// # Errors
    ///
    /// Connection errors (§6.5.2):
    ///
    /// | code | when |
    /// |---|---|
    /// | `PROTOCOL_ERROR` | ENABLE_PUSH is neither 0 nor 1, or is 1 and a server has sent it |
    /// | `FLOW_CONTROL_ERROR` | INITIAL_WINDOW_SIZE is above 2^31 - 1 |
    /// | `PROTOCOL_ERROR` | MAX_FRAME_SIZE is below 16 384 or above 2^24 - 1 |
    pub fn change(&mut self, sender: Role, id: u16, value: u32) -> Result<(), Fault> {
        todo!(
            "15.3 {self:?}.change({sender:?}, {id}, {value}): which setting is it, and may it have this value?"
        )
    }

    /// The identifiers and values of a SETTINGS frame that says this: all that differ from `Settings::default()`, by
    /// rising identifier.
    pub fn pairs(&self) -> Vec<(u16, u32)> {
        todo!("15.3 {self:?}.pairs(): what differs from the default")
    }
}

/// What `H2` does in this step. `connection.rs` calls these functions.
impl H2 {
    /// The connection begins: puts into `out` the preface, if this is a client, and then SETTINGS with the pairs of
    /// `config.settings` (§3.4), even if there are none. If `config.connection_window` is above 65 535, a
    /// WINDOW_UPDATE for stream 0 follows, with the difference (§6.9.2).
    pub(crate) fn opens(&mut self) {
        todo!(
            "15.3 opens() as {:?} with {:?}: the preface, SETTINGS, and perhaps a WINDOW_UPDATE into out",
            self.role,
            self.config
        )
    }

    /// A server gets the first bytes of the connection, in pieces. Counts in `preface` how many bytes of [`PREFACE`] have
    /// come, and returns the bytes behind it.
    ///
    /// # Errors
    ///
    /// A connection error, `PROTOCOL_ERROR`, at the first byte that is another one.
    pub(crate) fn takes_preface<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        todo!(
            "15.3 takes_preface({bytes:02x?}) behind {} bytes of it: compare what has come, return the rest",
            self.preface
        )
    }

    /// The peer's first frame has come (§3.4).
    ///
    /// # Errors
    ///
    /// A connection error, `PROTOCOL_ERROR`, unless it is SETTINGS without ACK.
    pub(crate) fn takes_first(&self, frame: &Frame) -> Result<(), Fault> {
        todo!(
            "15.3 takes_first({frame:?}), settled: {}: SETTINGS, or a connection error",
            self.is_settled
        )
    }

    /// The peer's SETTINGS have come. Takes them all into `theirs`, in their order; tells the encoder each size of the
    /// table that is among them, since the smallest counts as well as the last (RFC 7541 §4.2); and acknowledges them
    /// (§6.5.3).
    ///
    /// (What a new INITIAL_WINDOW_SIZE means for open streams is step 5. `connection.rs` calls it behind this.)
    pub(crate) fn settings_arrive(&mut self, pairs: &[(u16, u32)]) -> Result<(), Fault> {
        todo!(
            "15.3 settings_arrive({pairs:?}) over {:?}: change, tell {:?}, and a SettingsAck into out",
            self.theirs,
            self.encoder
        )
    }

    /// The peer has acknowledged our SETTINGS: from now on they hold. The decoder gets `header_table_size`, and the
    /// reader of frames `max_frame_size`. An acknowledgement of nothing is ignored: `is_acked` says that one has come.
    pub(crate) fn settings_acked(&mut self) {
        todo!(
            "15.3 settings_acked(), {}: the table of {:?} and the longest frame",
            self.is_acked,
            self.decoder
        )
    }

    /// A connection error (§5.4.1): puts GOAWAY with the fault's code into `out`, behind what is there, and
    /// `last_taken`, the highest stream of the peer's that the program has heard of. Nothing more is sent.
    pub(crate) fn breaks(&mut self, fault: Fault) {
        todo!(
            "15.3 breaks({fault}): GOAWAY with the last stream {}",
            self.last_taken
        )
    }
}
