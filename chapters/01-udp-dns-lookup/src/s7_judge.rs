//! Step 7: whom to believe.

use std::net::SocketAddr;

use crate::s6_udp::{Sent, Verdict};

/// Whether `datagram`, which came from `from`, is the reply to `sent`: a `Judge`.
///
/// Any stranger can send a datagram to our port. A reply must come from the address and port we asked,
/// repeat our id, be a response (QR 1) and repeat our question, exactly one: the same name, the same
/// type and the same class (RFC 5452 §9.1). The name may differ in the case of its letters (RFC
/// 4343). Type or class 255, "any", is not the same.
///
/// Source and id are checked in this order and *before* anything is parsed: otherwise a stranger's
/// bytes decide what happens next. A datagram that does not match is ignored, whether it is broken
/// or valid; so is a message that cannot be read to its end. Neither OPCODE nor RCODE nor any flag
/// but QR is judged, and the records after the question are not judged either: NXDOMAIN is a reply,
/// too.
pub fn judge_reply(sent: &Sent, from: SocketAddr, datagram: &[u8]) -> Verdict {
    todo!(
        "1.7 judge_reply({sent:?}, {from}, {} octets): source, id, and only then the message: a \
         response, with our question",
        datagram.len()
    )
}
