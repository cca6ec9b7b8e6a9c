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
        lab.why("/etc/services is written by people: comments, tabs, empty lines, aliases, and now and then nonsense.");
        let services = "\
# gopher 70/tcp
\t

finger
what? 79
bad 99999/tcp
odd tcp/79
finger\t79/tcp who 1079/tcp
second 79/tcp
quote  17/tcp#qotd 18/tcp
";
        let cases = [
            (79, Some("finger")),
            (70, None),
            (17, Some("quote")),
            (18, None),
            (1079, None),
            (99, None),
        ];
        for (port, want) in cases {
            let call = format!("service_name(a short list, {port}, Tcp)");
            let got = lab.you(&call, || service_name(services, port, Proto::Tcp));
            lab.same(&format!("the name of {port}"), got, want);
        }
    });
}
