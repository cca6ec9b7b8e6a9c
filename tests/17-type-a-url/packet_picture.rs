//! The picture at the top of the page: every packet of a page, from the question for the name to the last ACK, with the five stages as
//! bands.
//!
//! Time runs down. What is sent has a row each, in its order; the time at which it left your host stands at the left. Behind the NAT
//! a packet has no label any more.

use std::fmt::Write;
use std::time::Duration;

use netlab::sim::{Entry, Fate, Time, Trace};
use packets::{Flags, Ipv4Header, TcpHeader, protocol};
use type_a_url::Timeline;

use super::world::home::{NAMES, YOU};

/// Where the lanes are: you, the NAT, and whoever is asked. Narrow enough for a phone.
const LANES: [usize; 3] = [62, 212, 352];
const WIDTH: usize = 430;
const TOP: usize = 66;
const RED: &str = "#d5453c";

/// The stages, and a colour for each that is legible on light and on dark.
const STAGES: [(&str, &str); 6] = [
    ("1 name", "#8e6fd8"),
    ("2 connect", "#3f8fd6"),
    ("3 proof", "#2f9e6e"),
    ("4 ask", "#d98b2b"),
    ("5 page", "#cf5566"),
    ("goodbye", "#808080"),
];

struct Row {
    at: Duration,
    stage: usize,
    from: usize,
    to: usize,
    lost: bool,
    label: String,
    /// It is a second time on its way.
    again: bool,
    remark: String,
}

pub fn draw(trace: &Trace, times: &Timeline) -> String {
    let end = |span: Option<type_a_url::Span>| span.map_or(Duration::ZERO, |span| span.to);
    let ends = [
        end(times.dns),
        end(times.tcp),
        end(times.tls),
        times.first_byte.to,
        times.body.to,
    ];
    let stage_of = |at: Duration| ends.iter().position(|end| at < *end).unwrap_or(5);
    let mut seen: Vec<(bool, u32)> = Vec::new();
    let mut rows = Vec::new();
    for entry in trace.entries() {
        let at = entry.sent - Time::ZERO;
        let (from, to) = (lane(entry.from()), lane(entry.to()));
        let lost = !matches!(entry.fate, Fate::Arrives(_));
        let said = said(&entry);
        let is_first_hop = entry.from() != "NAT";
        let mut again = false;
        if is_first_hop && let Some(key) = said.key {
            again = seen.contains(&key);
            seen.push(key);
        }
        let label = match is_first_hop {
            true => said.words,
            false => String::new(),
        };
        let remark = beginning(entry.bytes());
        rows.push(Row {
            at,
            stage: stage_of(at),
            from,
            to,
            lost,
            label,
            again,
            remark,
        });
    }
    picture(&rows)
}

/// The first bytes of a packet, for who points at it.
fn beginning(bytes: &[u8]) -> String {
    let shown = netlab::hex::rows(&bytes[..bytes.len().min(64)]);
    let more = if bytes.len() > 64 { "\n…" } else { "" };
    let escaped = shown
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("{escaped}{more}")
}

fn lane(node: &str) -> usize {
    match node {
        "you" => 0,
        "NAT" => 1,
        _ => 2,
    }
}

struct Said {
    words: String,
    /// By which a repetition is known: the direction, and the first number of a payload.
    key: Option<(bool, u32)>,
}

fn said(entry: &Entry) -> Said {
    let nothing = |words: &str| Said {
        words: words.to_owned(),
        key: None,
    };
    let Ok((ip, payload)) = Ipv4Header::parse(entry.bytes()) else {
        return nothing("?");
    };
    let outwards = ip.src == YOU;
    if ip.proto == protocol::UDP {
        return match outwards {
            true => Said {
                words: "www.loopback.test?".to_owned(),
                key: Some((true, 0)),
            },
            false if ip.src == NAMES => nothing("192.0.2.80"),
            false => nothing("UDP"),
        };
    }
    let Ok((tcp, data)) = TcpHeader::parse(payload, ip.src, ip.dst) else {
        return nothing("?");
    };
    let mut words = Vec::new();
    if tcp.flags.contains(Flags::SYN) {
        words.push("SYN".to_owned());
    }
    if !data.is_empty() {
        words.push(record(data));
    }
    if tcp.flags.contains(Flags::FIN) {
        words.push("FIN".to_owned());
    }
    if data.is_empty() && tcp.flags.contains(Flags::ACK) && !tcp.flags.contains(Flags::FIN) {
        words.push("ACK".to_owned());
    }
    let counts =
        !data.is_empty() || tcp.flags.contains(Flags::SYN) || tcp.flags.contains(Flags::FIN);
    Said {
        words: words.join(" "),
        key: counts.then_some((
            outwards,
            tcp.seq
                .wrapping_add(u32::from(tcp.flags.contains(Flags::FIN))),
        )),
    }
}

/// What a segment begins with, as far as one can see from outside.
fn record(data: &[u8]) -> String {
    let len = data.len();
    match data {
        [22, 3, _, _, _, 1, ..] => format!("ClientHello {len}"),
        [22, 3, _, _, _, 2, ..] => format!("ServerHello {len}"),
        _ => format!("sealed {len}"),
    }
}

fn picture(rows: &[Row]) -> String {
    let mut y = TOP;
    let mut places = Vec::new();
    let mut bands: Vec<(usize, usize, usize)> = Vec::new();
    for row in rows {
        if bands.last().is_none_or(|(stage, ..)| *stage != row.stage) {
            y += 14;
            bands.push((row.stage, y - 5, y));
        }
        y += if row.label.is_empty() { 13 } else { 25 };
        places.push(y);
        if let Some((_, _, bottom)) = bands.last_mut() {
            *bottom = y + 8;
        }
    }
    let height = y + 20;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\" fill=\"currentColor\" stroke=\"none\">\n\
         <title>Every packet of a page, in five stages: name, connection, proof, question, page</title>\n"
    );
    for (stage, top, bottom) in &bands {
        let (name, colour) = STAGES[*stage];
        let height = bottom - top;
        let _ = writeln!(
            svg,
            "<rect x=\"0\" y=\"{top}\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"{colour}\" opacity=\"0.17\"/>\n\
             <rect x=\"{}\" y=\"{top}\" width=\"4\" height=\"{height}\" rx=\"2\" fill=\"{colour}\"/>",
            WIDTH - 4
        );
        text(
            &mut svg,
            (WIDTH - 10, top + 18),
            "end",
            "font-size=\"12\" font-weight=\"bold\"",
            name,
        );
    }
    for (x, name, address) in [
        (LANES[0], "you", "192.168.1.10"),
        (LANES[1], "NAT", "203.0.113.5"),
    ] {
        text(
            &mut svg,
            (x, 20),
            "middle",
            "font-size=\"16\" font-weight=\"bold\"",
            name,
        );
        text(
            &mut svg,
            (x, 38),
            "middle",
            "font-size=\"11\" opacity=\"0.8\"",
            address,
        );
    }
    text(
        &mut svg,
        (LANES[2], 20),
        "middle",
        "font-size=\"16\" font-weight=\"bold\"",
        "names, web",
    );
    text(
        &mut svg,
        (LANES[2], 38),
        "middle",
        "font-size=\"11\" opacity=\"0.8\"",
        "198.51.100.53",
    );
    text(
        &mut svg,
        (LANES[2], 51),
        "middle",
        "font-size=\"11\" opacity=\"0.8\"",
        "192.0.2.80",
    );
    for x in LANES {
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" y1=\"58\" x2=\"{x}\" y2=\"{}\" stroke=\"currentColor\" opacity=\"0.35\"/>",
            height - 4
        );
    }
    let mut shown = None;
    for (row, y) in rows.iter().zip(&places) {
        let ms = row.at.as_millis();
        if shown != Some(ms) && row.from == 0 {
            text(
                &mut svg,
                (LANES[0] - 7, y + 4),
                "end",
                "font-size=\"11\" opacity=\"0.75\"",
                &format!("{ms} ms"),
            );
            shown = Some(ms);
        }
        arrow(&mut svg, row, *y);
    }
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, (x, y): (usize, usize), anchor: &str, style: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" {style}>{text}</text>"
    );
}

fn arrow(svg: &mut String, row: &Row, y: usize) {
    let (x1, end) = (LANES[row.from], LANES[row.to]);
    let is_right = x1 < end;
    let colour = if row.lost || row.again {
        RED
    } else {
        "currentColor"
    };
    let _ = writeln!(svg, "<g stroke-width=\"1.4\"><title>{}</title>", row.remark);
    if row.lost {
        let x2 = x1.midpoint(end);
        let _ = writeln!(
            svg,
            "<path d=\"M{x1} {y} L{x2} {y}\" stroke=\"{RED}\" stroke-dasharray=\"5 3\"/>"
        );
        text(
            svg,
            (x2, y + 5),
            "middle",
            &format!("font-size=\"16\" font-weight=\"bold\" fill=\"{RED}\""),
            "✗",
        );
    } else {
        let back = if is_right { end - 8 } else { end + 8 };
        let (above, below) = (y - 4, y + 4);
        let _ = writeln!(
            svg,
            "<path d=\"M{x1} {y} L{end} {y}\" stroke=\"{colour}\"/>\n<path d=\"M{end} {y} L{back} {above} L{back} {below} Z\" fill=\"{colour}\"/>"
        );
    }
    if !row.label.is_empty() {
        let (x, anchor) = if is_right {
            (x1 + 7, "start")
        } else {
            (x1 - 7, "end")
        };
        let again = if row.again { " ↻" } else { "" };
        text(
            svg,
            (x, y - 5),
            anchor,
            &format!("fill=\"{colour}\""),
            &format!("{}{again}", row.label),
        );
    }
    svg.push_str("</g>\n");
}
