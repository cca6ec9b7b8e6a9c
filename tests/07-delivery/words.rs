//! The answers' types in words: a test compares text, not types whose `==` is the student's.

use delivery::{Cause, Discard, Echo, FragError, Hop, Icmp, IcmpError, Outcome, Why};
use netlab::hex;
use packets::PacketError;

pub fn discard(discard: Discard) -> String {
    match discard {
        Discard::Malformed(error) => malformed(error),
        Discard::NotForUs => "NotForUs".into(),
        Discard::BadSource => "BadSource".into(),
        Discard::Fragment => "Fragment".into(),
    }
}

pub fn malformed(error: PacketError) -> String {
    format!("Malformed: {error}")
}

pub fn frag_error(error: FragError) -> String {
    match error {
        FragError::Malformed(error) => malformed(error),
        FragError::DontFragment => "DontFragment".into(),
        FragError::MtuTooSmall => "MtuTooSmall".into(),
    }
}

/// What becomes of a piece, without the bytes of a whole.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Whole(bytes) => format!("Whole({} bytes)", bytes.len()),
        Outcome::Waiting => "Waiting".into(),
        Outcome::Discarded(why) => match why {
            Why::Malformed(error) => malformed(*error),
            Why::Size => "Discarded: Size".into(),
            Why::TooLong => "Discarded: TooLong".into(),
            Why::Overlap => "Discarded: Overlap".into(),
            Why::End => "Discarded: End".into(),
            Why::Full => "Discarded: Full".into(),
        },
    }
}

pub fn cause(cause: Cause) -> String {
    match cause {
        Cause::NetUnreachable => "NetUnreachable".into(),
        Cause::HostUnreachable => "HostUnreachable".into(),
        Cause::ProtocolUnreachable => "ProtocolUnreachable".into(),
        Cause::PortUnreachable => "PortUnreachable".into(),
        Cause::FragmentationNeeded { mtu } => format!("FragmentationNeeded, MTU {mtu}"),
        Cause::TtlExceeded => "TtlExceeded".into(),
        Cause::ReassemblyExceeded => "ReassemblyExceeded".into(),
    }
}

pub fn icmp(message: &Result<Icmp, IcmpError>) -> String {
    let echo = |what: &str, echo: &Echo| {
        let data = hex::all(echo.data);
        format!("{what} {:#06x}, {}, data {data}", echo.ident, echo.seq)
    };
    match message {
        Ok(Icmp::EchoRequest(it)) => echo("EchoRequest", it),
        Ok(Icmp::EchoReply(it)) => echo("EchoReply", it),
        Ok(Icmp::Error(why, header, start)) => {
            let (why, src, dst) = (cause(*why), header.src, header.dst);
            let start = hex::all(start);
            format!(
                "Error({why}) about {src} → {dst}, protocol {}: {start}",
                header.proto
            )
        }
        Ok(Icmp::Other { kind, code }) => format!("Other: type {kind}, code {code}"),
        Err(IcmpError::Truncated) => "Truncated".into(),
        Err(IcmpError::Checksum) => "Checksum".into(),
        Err(IcmpError::Quote(error)) => format!("Quote: {error}"),
    }
}

pub fn hop(hop: &Hop) -> String {
    match hop {
        Hop::Router(addr) => format!("Router({addr})"),
        Hop::Silent => "Silent".into(),
        Hop::Reached => "Reached".into(),
        Hop::Unreachable(addr, why) => format!("Unreachable({addr}, {})", cause(*why)),
    }
}
