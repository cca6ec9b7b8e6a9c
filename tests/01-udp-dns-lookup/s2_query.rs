use netlab::Lab;
use udp_dns_lookup::{Name, Question, build_query};

use super::scene::question;
use super::wire;

/// Compares queries that differ in their question, and perhaps in their id.
fn same_query(lab: &Lab, got: &[u8], want: &[u8]) {
    let (header, question) = got.split_at(got.len().min(12));
    lab.because(
        "Every query has the same header except for its id: flags 0100 (recursion desired), one question, \
         no records. The id is the caller's, whatever it is.",
    )
    .same_bytes("the header of the query", header, &want[..12]);
    lab.same_bytes("the question in the query", question, &want[12..]);
}

#[test]
fn s2_query_is_exactly_these_33_bytes() {
    netlab::lab(|lab| {
        lab.why(
            "A query is 12 octets of header and one question: id 1234, flags 0100 (recursion \
             desired), counts 1 0 0 0; the name, type A, class IN (RFC 1035 §4.1).",
        );
        let question = question(lab, "www.example.com", wire::A);
        let bytes = lab.you("build_query(0x1234, A www.example.com)", || {
            build_query(0x1234, &question)
        });
        let want = [
            0x12, 0x34, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, b'w',
            b'w', b'w', 0x07, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 0x03, b'c', b'o', b'm',
            0x00, 0x00, 0x01, 0x00, 0x01,
        ];
        lab.same_bytes("the query", &bytes, &want);
    });
}

#[test]
fn s2_id_type_and_class_are_the_callers() {
    netlab::lab(|lab| {
        lab.why("Type and class are 16 bits each, big-endian, and come from the caller.");
        let root = lab.ok("Name::from_text(\".\")", || Name::from_text("."));
        for (id, qtype, qclass) in [
            (0xfe01_u16, 0x0a1b_u16, 0x2c3d_u16),
            (0, 255, 254),
            (0xffff, 0xffff, 0),
            (1, 0, 0xffff),
        ] {
            let name = root.clone();
            let question = Question {
                name,
                qtype,
                qclass,
            };
            let call = format!("build_query({id:#06x}, type {qtype:04x}, class {qclass:04x}, .)");
            let bytes = lab.you(&call, || build_query(id, &question));
            let [id, qtype, qclass] = [id, qtype, qclass].map(u16::to_be_bytes);
            let want = [&id[..], b"\x01\0\0\x01\0\0\0\0\0\0\0", &qtype, &qclass].concat();
            same_query(lab, &bytes, &want);
        }
    });
}

#[test]
fn s2_longest_name_fits() {
    netlab::lab(|lab| {
        lab.why(
            "A name takes up to 255 octets, so a query takes up to 12 + 255 + 4 = 271: more than one \
             octet can count.",
        );
        let host = [&"x".repeat(63)[..]; 3].join(".") + "." + &"Y".repeat(61);
        let question = question(lab, &host, wire::AAAA);
        let bytes = lab.you("build_query(7, AAAA, a name of 255 octets)", || {
            build_query(7, &question)
        });
        same_query(lab, &bytes, &wire::query(7, &host, wire::AAAA));
    });
}
