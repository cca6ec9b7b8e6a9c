//! Step 2: where the body ends.

use http1::Version::{Http10, Http11};
use http1::{BodyLen, HttpError, Version, request_body, response_body};
use netlab::{Lab, lab};

use super::heads::{request_head, response_head};

/// A [`BodyLen`] in a type of the tests' own: a student's `==` decides nothing.
#[derive(Debug, PartialEq)]
enum Length {
    Exact(u64),
    Chunked,
    UntilClose,
}

fn read(got: Result<BodyLen, HttpError>) -> Result<Length, u16> {
    match got {
        Ok(BodyLen::Exact(len)) => Ok(Length::Exact(len)),
        Ok(BodyLen::Chunked) => Ok(Length::Chunked),
        Ok(BodyLen::UntilClose) => Ok(Length::UntilClose),
        Err(error) => Err(error.status),
    }
}

/// What the student makes of a request with these fields.
fn of_request(lab: &Lab, method: &str, version: Version, lines: &[&str]) -> Result<Length, u16> {
    let head = request_head(method, version, lines);
    let call = format!("request_body({method}, {version:?}, {lines:?})");
    read(lab.you(&call, || request_body(&head)))
}

/// What the student makes of a response with these fields, to a request with this method.
fn of_response(
    lab: &Lab,
    method: &str,
    status: u16,
    version: Version,
    lines: &[&str],
) -> Result<Length, u16> {
    let head = response_head(status, version, lines);
    let call = format!("response_body({method:?}, {status} {version:?}, {lines:?})");
    read(lab.you(&call, || response_body(method, &head)))
}

#[test]
fn s2_a_request_says_its_length() {
    lab(|lab| {
        lab.why("A request has a body if it says so, with Content-Length or Transfer-Encoding, whatever its method is (RFC 9112 §6). With neither it ends with its head: nobody waits for the end of the connection, since the client waits for an answer.");
        for method in ["GET", "POST", "PUT", "HEAD", "DELETE", "CONNECT", "x"] {
            for version in [Http10, Http11] {
                let got = of_request(lab, method, version, &["Host: a"]);
                lab.same("its length", got, Ok(Length::Exact(0)));
                let got = of_request(lab, method, version, &["content-length: 7"]);
                lab.same("its length", got, Ok(Length::Exact(7)));
            }
            let got = of_request(lab, method, Http11, &["transfer-encoding: chunked"]);
            lab.same("its length", got, Ok(Length::Chunked));
        }
    });
}

#[test]
fn s2_a_length_has_64_bits() {
    lab(|lab| {
        lab.why("A length is a number of 64 bits. 5 GB are no mistake; one more than the largest is 400, and neither 0 nor the largest one (RFC 9110 §8.6).");
        for (text, want) in [
            ("0", 0),
            ("00", 0),
            ("0005", 5),
            ("65536", 65_536),
            ("4294967296", 1 << 32),
            ("5000000000", 5_000_000_000),
            ("18446744073709551615", u64::MAX),
            ("0000000000000000000000018446744073709551615", u64::MAX),
        ] {
            let line = format!("Content-Length: {text}");
            let got = of_request(lab, "POST", Http11, &[&line]);
            lab.same("its length", got, Ok(Length::Exact(want)));
            let got = of_response(lab, "GET", 200, Http11, &[&line]);
            lab.same("its length", got, Ok(Length::Exact(want)));
        }
        for text in [
            "18446744073709551616",
            "99999999999999999999",
            "100000000000000000000000",
        ] {
            refused(lab, &[&format!("Content-Length: {text}")], 400);
        }
    });
}

/// Demands that a request and a response with these fields are refused.
fn refused(lab: &Lab, lines: &[&str], status: u16) {
    let got = of_request(lab, "POST", Http11, lines);
    lab.same("the answer", got, Err(status));
    let got = of_response(lab, "GET", 200, Http11, lines);
    lab.same("the answer", got, Err(502));
}

#[test]
fn s2_a_length_is_digits() {
    lab(|lab| {
        lab.why("Content-Length is digits only. Rust's parse takes +5, C's strtol also 0x10, -1 and \"5 6\": each reads another length than the program before or behind it, and what one calls body is a request to the other.");
        for text in [
            "+5", "-5", "-1", "-0", "0x10", "5 6", "5.0", "5e1", "1_000", "five", "", "5;6", "5;5",
            "\"5\"", "5-", "\u{665}", "5\u{a0}", "0b1", "5 ;a", "chunked",
        ] {
            refused(lab, &[&format!("Content-Length: {text}")], 400);
        }
    });
}

#[test]
fn s2_two_different_lengths() {
    lab(|lab| {
        lab.why("Two lengths that differ are two messages: one program reads the first, another the last (RFC 9112 §6.3). The same one several times, in one field or in many, is one length (RFC 9110 §8.6); and 05 is 5.");
        for lines in [
            &["Content-Length: 5, 6"][..],
            &["Content-Length: 5", "Content-Length: 6"],
            &["Content-Length: 6", "X: y", "content-length: 5"],
            &["Content-Length: 5, 5, 6"],
            &["Content-Length: 5, 5", "Content-Length: 0"],
            &["Content-Length: 5, "],
            &["Content-Length: ,5"],
            &["Content-Length: 5,,5"],
            &["Content-Length: 5", "Content-Length:"],
            &["Content-Length: 5", "Content-Length: x"],
            &["Content-Length: x", "Content-Length: 5"],
            &["Content-Length: 5, +5"],
            &["Content-Length: 5", "Content-Length: 50"],
            &["Content-Length: 5, 5, 5, 5, 5, 5, 5, 5, 6"],
            &[
                "Content-Length: 5",
                "Content-Length: 5",
                "Content-Length: 5",
                "Content-Length: 5",
                "Content-Length: 6",
            ],
        ] {
            refused(lab, lines, 400);
        }
        for lines in [
            &["Content-Length: 5, 5"][..],
            &["Content-Length: 5 ,\t5,5"],
            &["Content-Length: 5", "content-length: 5"],
            &["Content-Length: 5, 05"],
            &["Content-Length: 005", "Content-Length: 5"],
            &["Content-Length: 5", "X: 6", "Content-Length: 5, 5"],
        ] {
            let got = of_request(lab, "POST", Http11, lines);
            lab.same("its length", got, Ok(Length::Exact(5)));
            let got = of_response(lab, "GET", 200, Http11, lines);
            lab.same("its length", got, Ok(Length::Exact(5)));
        }
    });
}

#[test]
fn s2_te_and_cl_together() {
    lab(|lab| {
        lab.why("Two lengths, two opinions. A proxy that goes by one and a server that goes by the other do not agree where the request ends, and what is left over is a request that nobody has checked (RFC 9112 §6.1, §11.2). Refuse it.");
        for lines in [
            &["Transfer-Encoding: chunked", "Content-Length: 5"][..],
            &["Content-Length: 5", "Transfer-Encoding: chunked"],
            &["content-length: 0", "TRANSFER-ENCODING: Chunked"],
            &["Content-Length: 5", "X: y", "transfer-encoding: chunked"],
            &["Transfer-Encoding: chunked", "Content-Length:"],
            &["Transfer-Encoding: chunked", "Content-Length: x"],
            &["Transfer-Encoding: identity", "Content-Length: 5"],
            &["Transfer-Encoding:", "Content-Length: 5"],
        ] {
            refused(lab, lines, 400);
        }
    });
}

#[test]
fn s2_chunked_comes_last_and_once() {
    lab(|lab| {
        lab.why("The codings of Transfer-Encoding are a list, over all fields of this name, in any case, and only the last one says where the body ends. If that is not chunked, nobody knows where a request ends: 400 (RFC 9112 §6.3). Chunked twice, or with parameters, is an error too (§6.1, §7.1).");
        for lines in [
            &["Transfer-Encoding: chunked"][..],
            &["Transfer-Encoding: Chunked"],
            &["Transfer-Encoding: CHUNKED"],
            &["Transfer-Encoding: , chunked ,"],
            &["Transfer-Encoding:", "Transfer-Encoding: chunked"],
        ] {
            let got = of_request(lab, "POST", Http11, lines);
            lab.same("its length", got, Ok(Length::Chunked));
            let got = of_response(lab, "GET", 200, Http11, lines);
            lab.same("its length", got, Ok(Length::Chunked));
        }
        for lines in [
            &["Transfer-Encoding: gzip"][..],
            &["Transfer-Encoding: identity"],
            &["Transfer-Encoding: chunked, gzip"],
            &["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
            &["Transfer-Encoding: chunked, chunked"],
            &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
            &["Transfer-Encoding: chunked, gzip, chunked"],
            &["Transfer-Encoding:"],
            &["Transfer-Encoding: ,"],
            &["Transfer-Encoding: xchunked"],
            &["Transfer-Encoding: chunkedx"],
            &["Transfer-Encoding: chun\u{212a}ed"],
            &["Transfer-Encoding: chunk"],
            &["Transfer-Encoding: \"chunked\""],
            &["Transfer-Encoding: chunked;a=b"],
            &["Transfer-Encoding: chunked gzip"],
            &["Transfer-Encoding: gzip chunked"],
        ] {
            refused(lab, lines, 400);
        }
        lab.why("The last coding is chunked, so the end is known; but what is in it nobody here can read: 501 (RFC 9112 §6.1).");
        for lines in [
            &["Transfer-Encoding: gzip, chunked"][..],
            &["Transfer-Encoding: gzip", "Transfer-Encoding: Chunked"],
            &["Transfer-Encoding: identity, chunked"],
            &["Transfer-Encoding: a, b, chunked"],
            &["Transfer-Encoding: a, b, c, d, e, f, g, h, chunked"],
        ] {
            refused(lab, lines, 501);
        }
        lab.why("A coding whose name is no text is a coding: what it does to the body nobody here knows. Who leaves it out sees chunked alone.");
        for (value, status) in [
            (&b"\xff\xfe, chunked"[..], 501),
            (b"chunked, \xff\xfe", 400),
            (b"\xff\xfe", 400),
        ] {
            let mut head = request_head("POST", Http11, &[]);
            head.fields.push("Transfer-Encoding", value);
            let call = format!("request_body(Transfer-Encoding: {})", value.escape_ascii());
            let got = read(lab.you(&call, || request_body(&head)));
            lab.same("the answer", got, Err(status));
        }
    });
}

#[test]
fn s2_http10_has_no_transfer_encoding() {
    lab(|lab| {
        lab.why("HTTP/1.0 does not know Transfer-Encoding: a proxy of that age passes it on and goes by something else. RFC 9112 §6.1 calls the framing of such a message faulty.");
        for lines in [
            &["Transfer-Encoding: chunked"][..],
            &["Transfer-Encoding: gzip"],
            &["Transfer-Encoding: chunked", "Content-Length: 5"],
        ] {
            let got = of_request(lab, "POST", Http10, lines);
            lab.same("the answer", got, Err(400));
            let got = of_response(lab, "GET", 200, Http10, lines);
            lab.same("the answer", got, Err(502));
        }
    });
}

/// Fields that say something about a length, true or not.
const SAYINGS: [&[&str]; 6] = [
    &[],
    &["Content-Length: 100"],
    &["Transfer-Encoding: chunked"],
    &["Content-Length: 5", "Transfer-Encoding: chunked"],
    &["Content-Length: none"],
    &["Transfer-Encoding: gzip"],
];

#[test]
fn s2_responses_without_a_body() {
    lab(|lab| {
        lab.why("This response has no body by definition (RFC 9112 §6.3), whatever its fields say: those tell what GET, or 200, would have had. Who waits for those bytes takes the next response for them.");
        for lines in SAYINGS {
            for version in [Http10, Http11] {
                for status in [200, 404, 500] {
                    let got = of_response(lab, "HEAD", status, version, lines);
                    lab.same("its length", got, Ok(Length::Exact(0)));
                }
                for status in [100, 101, 103, 199, 204, 304] {
                    for method in ["GET", "POST", "HEAD"] {
                        let got = of_response(lab, method, status, version, lines);
                        lab.same("its length", got, Ok(Length::Exact(0)));
                    }
                }
            }
        }
        lab.why("Only these have none. 205, 303, 404 and their like may have a body, as 200 may; and a method is written in capitals.");
        for status in [
            200, 201, 202, 203, 205, 206, 300, 301, 303, 305, 400, 404, 500, 599, 999,
        ] {
            let got = of_response(lab, "GET", status, Http11, &["Content-Length: 100"]);
            lab.same("its length", got, Ok(Length::Exact(100)));
        }
        let got = of_response(lab, "head", 200, Http11, &["Content-Length: 100"]);
        lab.same("its length", got, Ok(Length::Exact(100)));
    });
}

#[test]
fn s2_connect_makes_a_tunnel() {
    lab(|lab| {
        lab.why("After a 2xx to CONNECT the connection is a tunnel: the head ends, and the bytes behind it belong to somebody else, whatever its fields say (RFC 9112 §6.3). A refusal has a body like any other response.");
        for lines in SAYINGS {
            for version in [Http10, Http11] {
                for status in [200, 201, 299] {
                    let got = of_response(lab, "CONNECT", status, version, lines);
                    lab.same("its length", got, Ok(Length::Exact(0)));
                }
            }
        }
        let got = of_response(lab, "connect", 200, Http11, &["Content-Length: 100"]);
        lab.same(
            "its length, since connect is another method",
            got,
            Ok(Length::Exact(100)),
        );
        for status in [300, 403, 502] {
            let got = of_response(lab, "CONNECT", status, Http11, &["Content-Length: 100"]);
            lab.same("its length", got, Ok(Length::Exact(100)));
            let got = of_response(lab, "CONNECT", status, Http11, &[]);
            lab.same("its length", got, Ok(Length::UntilClose));
        }
    });
}

#[test]
fn s2_a_response_may_last_until_the_end() {
    lab(|lab| {
        lab.why("A response that says no length ends with the connection: so it was in the beginning, and so it is still allowed (RFC 9112 §6.3). Content-Length: 0 is another thing.");
        for version in [Http10, Http11] {
            for method in ["GET", "POST", "get"] {
                for status in [200, 206, 404, 500] {
                    let got = of_response(lab, method, status, version, &["Connection: close"]);
                    lab.same("its length", got, Ok(Length::UntilClose));
                }
            }
            let got = of_response(lab, "GET", 200, version, &["Content-Length: 0"]);
            lab.same("its length", got, Ok(Length::Exact(0)));
        }
    });
}
