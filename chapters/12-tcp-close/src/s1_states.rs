//! Step 1: the way to the end.

use tcp_open::State;

/// An event that brings a connection nearer to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// The program writes no more. Our FIN leaves after the last byte, at once or later.
    WeClose,
    /// The peer acknowledges our FIN.
    FinAcked,
    /// The peer's FIN comes, and nothing before it is missing.
    TheirFin,
}

/// The state after a sign (RFC 9293, section 3.3.2, figure 5). A sign that means nothing in a state changes nothing.
///
/// Each side closes its own direction, with a FIN that the other acknowledges. The side that has
/// sent the first FIN ends in TIME-WAIT when everything has come; the other side ends in CLOSED. If
/// the FINs cross, both have sent a first one.
///
/// - We close: ESTABLISHED → FIN-WAIT-1; CLOSE-WAIT → LAST-ACK.
/// - Our FIN is acknowledged: FIN-WAIT-1 → FIN-WAIT-2; CLOSING → TIME-WAIT; LAST-ACK → CLOSED.
/// - Their FIN: ESTABLISHED → CLOSE-WAIT; FIN-WAIT-1 → CLOSING; FIN-WAIT-2 → TIME-WAIT.
///
/// A segment can be two signs. Its ACK comes first, then its FIN: so a FIN that acknowledges ours leads from FIN-WAIT-1
/// straight to TIME-WAIT (figure 5, note 2).
pub fn after(state: State, sign: Sign) -> State {
    todo!("12.1 after({state}, {sign:?}): which state comes next?")
}
