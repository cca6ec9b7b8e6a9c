use udp_dns_lookup::{Name, Question, build_query};

use super::scene::question;
use super::wire;

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
        lab.why("Id, type and class are 16 bits each, big-endian, and come from the caller.");
        let root = lab.ok("Name::from_text(\".\")", || Name::from_text("."));
        let question = Question {
            name: root,
            qtype: 0x0a1b,
            qclass: 0x2c3d,
        };
        let bytes = lab.you("build_query(0xfe01, type 0a1b, class 2c3d, .)", || {
            build_query(0xfe01, &question)
        });
        lab.same_bytes(
            "the query",
            &bytes,
            b"\xfe\x01\x01\0\0\x01\0\0\0\0\0\0\0\x0a\x1b\x2c\x3d",
        );
    });
}
