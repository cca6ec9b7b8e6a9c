//! What a link carries: IP packets, or Ethernet frames.

/// What crosses a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// IP packets.
    #[default]
    Ip,
    /// Ethernet frames, without their checksum.
    Ethernet,
}
