//! Step 1: port numbers.

use netlab::lab;
use port_demux::{PortClass, Proto, SERVICES, classify_port, service_name};

#[test]
fn s1_classes_at_the_edges() {
    lab(|lab| {
        lab.why("RFC 6335, section 6: System ports end at 1023, User ports at 49151, Dynamic ports at 65535. 0 is reserved.");
        let edges = [
            (0, "reserved"),
            (1, "system"),
            (1023, "system"),
            (1024, "user"),
            (1060, "user"),
            (49151, "user"),
            (49152, "dynamic"),
            (65535, "dynamic"),
        ];
        for (port, want) in edges {
            let class = lab.you(&format!("classify_port({port})"), || classify_port(port));
            let got = match class {
                PortClass::Reserved => "reserved",
                PortClass::System => "system",
                PortClass::User => "user",
                PortClass::Dynamic => "dynamic",
            };
            lab.same(&format!("the class of {port}"), got, want);
        }
    });
}

#[test]
fn s1_a_service_is_a_port_and_a_protocol() {
    lab(|lab| {
        lab.why("A registration is for a port of a protocol. TCP 53 and UDP 53 are two ports that happen to have the same owner.");
        let cases = [
            (53, Proto::Tcp, Some("domain")),
            (53, Proto::Udp, Some("domain")),
            (443, Proto::Udp, Some("https")),
            (80, Proto::Tcp, Some("http")),
            (80, Proto::Udp, None),
            (514, Proto::Udp, Some("syslog")),
            (8080, Proto::Tcp, Some("http-alt")),
            (21, Proto::Tcp, Some("ftp")),
            (20, Proto::Tcp, Some("ftp-data")),
            (23, Proto::Tcp, Some("telnet")),
            (22, Proto::Udp, None),
            (123, Proto::Tcp, None),
            (8, Proto::Tcp, None),
            (60000, Proto::Tcp, None),
        ];
        for (port, proto, want) in cases {
            let call = format!("service_name(SERVICES, {port}, {proto:?})");
            let got = lab.you(&call, || service_name(SERVICES, port, proto));
            lab.same(&format!("the name of {port} over {proto:?}"), got, want);
        }
    });
}

#[test]
fn s1_what_is_no_entry_is_passed_over() {
    lab(|lab| {
        let cases = [
            (
                "A # begins a comment, wherever it stands. It ends with the line.",
                "# gopher 70/tcp\nquote  17/tcp#qotd 18/tcp\n",
                &[(70, None), (17, Some("quote")), (18, None)][..],
            ),
            (
                "Words are parted by blanks or tabs, and some may stand before the name. The second word is the port, those behind it are aliases.",
                "finger\t79/tcp who 1079/tcp\n  \tindented 84/tcp\n",
                &[(79, Some("finger")), (1079, None), (84, Some("indented"))],
            ),
            (
                "People write this file. A line that does not fit is passed over, and the next one is read.",
                "\n\t\nfinger\nwhat? 79\nodd tcp/79\nmore 79/tcp/udp\nless 79\nmoved to 79/tcp\ndeep 79/x/tcp\nfinger 79/tcp\n",
                &[(79, Some("finger"))],
            ),
            (
                "Of several lines for one port the first one counts.",
                "first 79/tcp\nsecond 79/tcp\n",
                &[(79, Some("first"))],
            ),
            (
                "A port has 16 bits. 99999 is none, and cutting off the upper bits would make 34463 of it.",
                "bad 99999/tcp\n",
                &[(34463, None), (99, None), (9999, None), (0, None)],
            ),
            (
                "The port is a number in decimal digits. 080 is the number 80. A sign is not a digit, although parse takes one.",
                "plus +79/tcp\nzero 080/tcp\nzeros 0000000084/tcp\nfinger 79/tcp\n",
                &[
                    (80, Some("zero")),
                    (84, Some("zeros")),
                    (79, Some("finger")),
                ],
            ),
            (
                "People add lines of their own. The list counts, whether IANA would register such a port or not.",
                "nought 0/tcp\nours 60000/tcp\nlast 65535/tcp\n",
                &[
                    (0, Some("nought")),
                    (60000, Some("ours")),
                    (65535, Some("last")),
                ],
            ),
            (
                "The protocol is the whole word behind the slash, in small letters. There are others than TCP and UDP: sctp is neither.",
                "stream 79/sctp\nbig 79/TCP\nlong 79/tcpmux\nshort 79/tc\nfinger 79/tcp\n",
                &[(79, Some("finger"))],
            ),
        ];
        for (why, services, asked) in cases {
            lab.why(why);
            lab.scene("a list of services:");
            for line in services.lines() {
                lab.note(format!("{line:?}"));
            }
            for &(port, want) in asked {
                let call = format!("service_name(that list, {port}, Tcp)");
                let got = lab.you(&call, || service_name(services, port, Proto::Tcp));
                let wrong = got.filter(|_| got != want).and_then(no_entry);
                let why = wrong.map_or(why.to_owned(), |wrong| format!("{why} {wrong}"));
                lab.because(why)
                    .same(&format!("the name of {port}"), got, want);
                // No line of these lists is of UDP.
                let call = format!("service_name(that list, {port}, Udp)");
                let got = lab.you(&call, || service_name(services, port, Proto::Udp));
                lab.same(&format!("the name of {port} over Udp"), got, None);
            }
        }
    });
}

/// Why the line that begins with this name is no entry.
fn no_entry(name: &str) -> Option<&'static str> {
    Some(match name {
        "odd" => "\"tcp/79\" is no port: the number stands before the slash.",
        "more" => "Behind the slash of \"79/tcp/udp\" stands \"tcp/udp\", which is no protocol.",
        "deep" => "Behind the slash of \"79/x/tcp\" stands \"x/tcp\", which is no protocol.",
        "less" | "what?" => "\"79\" alone is no port of a protocol: the slash is missing.",
        "moved" => "The second word of the line is \"to\", which is no port.",
        "plus" => "\"+79\" has a sign, so it is no number here.",
        "bad" => "99999 does not fit into 16 bits.",
        "stream" => "\"sctp\" is another protocol.",
        "big" => "\"TCP\" is not in small letters.",
        "long" | "short" => {
            "The word behind the slash is the whole name of the protocol, not its beginning, nor a longer word."
        }
        _ => return None,
    })
}
