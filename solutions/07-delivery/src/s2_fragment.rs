//! Step 2: a datagram that is too long for a link.

use packets::{Ipv4Header, PacketError};

/// Why a datagram is not cut up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FragError {
    /// It is not a valid datagram.
    Malformed(PacketError),
    /// It is too long for the link, and Don't Fragment is set.
    DontFragment,
    /// The link is too narrow for the header and 8 bytes.
    MtuTooSmall,
}

/// Cuts a datagram into pieces that fit a link (RFC 791, section 3.2).
///
/// A datagram of at most `mtu` bytes goes as it is: one piece, equal to the datagram up to its Total
/// Length.
///
/// - Each piece has a header of its own and is a datagram of at most `mtu` bytes. Joined in their order, the
///   payloads are the datagram's.
/// - The offset says in units of 8 bytes where the piece's payload begins in the whole. So each piece but the
///   last carries a multiple of 8 bytes, and as many as fit. If the rest fits into one piece, that
///   piece is the last.
/// - More Fragments is set in each piece but the last.
/// - A piece can be cut again: its pieces begin at its own offset, and the last of them has its own More
///   Fragments.
/// - Everything else in the header is the datagram's: identification, TOS, TTL, protocol, addresses.
/// - The first piece has the datagram's options. A later one has those whose highest bit, *copied*, is set
///   (RFC 791, section 3.1, "Options"), in their order, and padding. An option of type 0 ends the list, and one
///   of type 1 is a single byte. Each other one says in its second byte how long it is, with its type and this
///   byte. An option with an impossible length ends the list, too.
///
/// # Errors
///
/// The first of these that holds: [`FragError::Malformed`] with what [`packets::Ipv4Header::parse`] says. For a
/// datagram of more than `mtu` bytes, [`FragError::DontFragment`]; then [`FragError::MtuTooSmall`] if the
/// link is too narrow for the datagram's header and 8 bytes of payload; then [`FragError::Malformed`] with what
/// [`packets::Ipv4Header::emit`] says if a piece of a piece would begin at an offset of more than
/// 13 bits.
pub fn fragment(datagram: &[u8], mtu: usize) -> Result<Vec<Vec<u8>>, FragError> {
    let (header, mut payload) = Ipv4Header::parse(datagram).map_err(FragError::Malformed)?;
    let total = header.header_len() + payload.len();
    if total <= mtu {
        return Ok(vec![datagram[..total].to_vec()]);
    }
    if header.df {
        return Err(FragError::DontFragment);
    }
    if mtu < header.header_len() + 8 {
        return Err(FragError::MtuTooSmall);
    }

    let mut pieces = Vec::new();
    let mut piece = header.clone();
    loop {
        let room = mtu - piece.header_len();
        let is_last = payload.len() <= room;
        let size = if is_last { payload.len() } else { room / 8 * 8 };
        let (now, later) = payload.split_at(size);
        piece.mf = !is_last || header.mf;
        let mut bytes = Vec::with_capacity(piece.header_len() + size);
        piece.emit(now, &mut bytes).map_err(FragError::Malformed)?;
        pieces.push(bytes);
        if is_last {
            return Ok(pieces);
        }
        payload = later;
        piece.frag_off += (size / 8) as u16;
        if pieces.len() == 1 {
            piece.options = copied(&header.options);
        }
    }
}

/// Those options that each piece carries.
fn copied(mut options: &[u8]) -> Vec<u8> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    let mut kept = Vec::new();
    while let Some(&kind) = options.first() {
        let len = match kind {
            END => break,
            NO_OPERATION => 1,
            _ => usize::from(options.get(1).copied().unwrap_or(0)),
        };
        if kind != NO_OPERATION && len < 2 || len > options.len() {
            break;
        }
        let (option, rest) = options.split_at(len);
        if kind & 0x80 != 0 {
            kept.extend_from_slice(option);
        }
        options = rest;
    }
    kept
}
