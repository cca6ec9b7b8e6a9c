//! The student's types in words of the tests' own: a comparison must not rest on an `==` that the
//! student could change.

use std::ops::Range;

use netlab::{Lab, hex};
use packets::{Ipv4Header, Layer, PacketError, Reason, TcpHeader, TcpOptions, UdpHeader};

pub fn ip(header: &Ipv4Header) -> String {
    let Ipv4Header {
        tos,
        id,
        df,
        mf,
        frag_off,
        ttl,
        proto,
        src,
        dst,
        options,
    } = header;
    format!(
        "tos {tos:02x} · id {id:04x} · df {df} · mf {mf} · offset {frag_off} · ttl {ttl} · proto {proto} · \
         from {src} · to {dst} · options [{}]",
        hex::all(options)
    )
}

pub fn udp(header: &UdpHeader) -> String {
    format!("from port {} · to port {}", header.src, header.dst)
}

pub fn tcp(header: &TcpHeader) -> String {
    let TcpHeader {
        src,
        dst,
        seq,
        ack,
        flags,
        window,
        urgent,
        options,
    } = header;
    format!(
        "from port {src} · to port {dst} · seq {seq} · ack {ack} · flags {:08b} · window {window} · \
         urgent {urgent} · options [{}]",
        flags.0,
        self::options(options)
    )
}

pub fn options(options: &TcpOptions) -> String {
    let TcpOptions {
        mss,
        window_scale,
        sack_permitted,
        timestamps,
        sack,
    } = options;
    let mut words = Vec::new();
    words.extend(mss.map(|mss| format!("mss {mss}")));
    words.extend(window_scale.map(|shift| format!("window scale {shift}")));
    words.extend(sack_permitted.then(|| "sack permitted".to_owned()));
    words.extend(timestamps.map(|(clock, echo)| format!("timestamps {clock} {echo}")));
    if sack.iter().any(Option::is_some) {
        let blocks = sack.map(|block| match block {
            Some((first, behind)) => format!("{first}..{behind}"),
            None => "-".to_owned(),
        });
        words.push(format!("sack {}", blocks.join(" ")));
    }
    words.join(", ")
}

pub fn error(error: PacketError) -> String {
    let layer = match error.layer {
        Layer::Ethernet => "Ethernet",
        Layer::Ipv4 => "Ipv4",
        Layer::Udp => "Udp",
        Layer::Tcp => "Tcp",
    };
    let reason = match error.reason {
        Reason::Truncated => "Truncated",
        Reason::Version => "Version",
        Reason::HeaderLength => "HeaderLength",
        Reason::Length => "Length",
        Reason::Checksum => "Checksum",
        Reason::Option => "Option",
        Reason::TooBig => "TooBig",
    };
    format!("{layer} {reason}")
}

/// Demands that `parse` refuses. Where it gives another error than this one, the reason tells which of
/// two counts, too.
pub fn refused(lab: &Lab, what: &str, why: &str, got: String, want: &str) {
    let is_error = !got.contains(" · "); // a header has fields
    let order = match is_error && got != want {
        true => " If several things are wrong, the first in the docs' list counts.",
        false => "",
    };
    lab.because(format!("{why}{order}"))
        .same(what, got, want.to_owned());
}

/// The numbers of the faults that hold, for people, and the reason of the first of them.
pub fn first_fault(list: &[(&'static str, bool)]) -> (String, Option<&'static str>) {
    let holding: Vec<usize> = (0..list.len()).filter(|n| list[*n].1).collect();
    let numbers: Vec<String> = holding.iter().map(|n| (n + 1).to_string()).collect();
    let said = match numbers.len() {
        0 => "No error in the docs' list applies here.".to_owned(),
        1 => format!("Number {} in the docs' list applies here.", numbers[0]),
        _ => format!(
            "These in the docs' list apply here: {}.",
            numbers.join(", ")
        ),
    };
    (said, holding.first().map(|n| list[*n].0))
}

/// Demands bytes. Where only those of the checksum differ, this is the reason.
pub fn same_written(
    lab: &Lab,
    what: &str,
    got: &[u8],
    want: &[u8],
    checksum: Range<usize>,
    covers: &str,
) {
    let without = |bytes: &[u8]| match bytes.get(checksum.clone()) {
        Some(_) => [&bytes[..checksum.start], &bytes[checksum.end..]].concat(),
        None => bytes.to_vec(),
    };
    let lab = match without(got) == without(want) {
        true => &lab.because(covers),
        false => lab,
    };
    lab.same_bytes(what, got, want);
}

/// What the checksums of UDP and TCP cover.
pub const COVERS: &str = "Only the checksum differs. It covers the pseudo-header, then the header with 0 in the checksum's place, then the data, without gaps. If the number of bytes is odd, the sum has a zero after the last one, and nothing after that zero.";

/// Compares what layers say, field by field, so that a failure shows the first field that differs.
/// Fields are parted by ` · `, and layers stand in lines.
pub fn same_fields(lab: &Lab, what: &str, got: &str, want: &str) {
    let fields = |text: &str| -> Vec<String> {
        let lines = text.lines().flat_map(|line| line.split(" · "));
        lines.map(str::to_owned).collect()
    };
    let (got, want) = (fields(got), fields(want));
    for (at, want) in want.iter().enumerate() {
        let got = got.get(at).map_or("nothing", String::as_str);
        lab.same(what, got, want);
    }
    lab.same(
        &format!("the number of fields of {what}"),
        got.len(),
        want.len(),
    );
}
