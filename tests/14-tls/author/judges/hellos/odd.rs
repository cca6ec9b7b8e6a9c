//! Hellos that no program sends: those that are right all the same, and those that are wrong.

use rustls::AlertDescription::{self, DecodeError, IllegalParameter, UnexpectedMessage};

use super::Flight;
use crate::by_hand::{Parts, long, message, names, protocols, record, versions};

/// Extensions that step 1 reads.
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

fn host(name: &str) -> (u16, Vec<u8>) {
    names(&[(0, name.as_bytes())])
}

fn flight(what: &str, bytes: Vec<u8>) -> Flight {
    Flight::new(format!("by hand: {what}"), bytes)
}

/// A message in records, one for each piece.
fn pieces<'a>(what: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Flight {
    let records = pieces.into_iter().flat_map(|piece| record(22, piece));
    flight(what, records.collect())
}

pub fn sound() -> Vec<Flight> {
    let usual = Parts::default();
    let whole = message(1, &usual.body());
    let old = |version, extensions| Parts {
        version,
        session_id: Vec::new(),
        extensions,
        ..usual.clone()
    };
    let suites = |numbers: Vec<u16>| Parts {
        suites: numbers.into_iter().flat_map(u16::to_be_bytes).collect(),
        ..usual.clone()
    };
    let with = |extensions: &[(u16, Vec<u8>)]| Parts::with(extensions.to_vec());
    let long_name = [
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(61),
    ]
    .join(".");
    let grease = [
        (0x0a0a, Vec::new()),
        versions(&[0x1a1a, 0x0304]),
        protocols(&[b"\n\n", b"h2"]),
        host("shop.test"),
        (0xfafa, vec![0]),
    ];
    let mut flights: Vec<Flight> = [
        ("the usual", usual.clone()),
        ("without extensions", old(0x0303, None)),
        (
            "with an empty list of extensions",
            old(0x0303, Some(Vec::new())),
        ),
        ("of TLS 1.0", old(0x0301, None)),
        (
            "of TLS 1.1, with a name",
            old(0x0302, Some(vec![host("old.test")])),
        ),
        ("with one cipher suite", suites(vec![0x1303])),
        ("with a thousand cipher suites", suites((0..1000).collect())),
        (
            "with a suite that means nothing",
            suites(vec![0x2a2a, 0x1301]),
        ),
        ("with extensions that mean nothing", with(&grease)), // RFC 8701
        (
            "with padding before the name",
            with(&[(21, vec![0; 400]), host("shop.test")]),
        ),
        (
            "with an unknown extension of 9000 bytes",
            with(&[(0x1234, vec![1; 9000]), host("shop.test")]),
        ),
        (
            "with versions that nobody knows",
            with(&[versions(&[0x7f1c, 0x0305])]),
        ),
        ("with an underscore", with(&[host("my_host.shop.test")])),
        ("in mixed case", with(&[host("MiXeD.Shop.TEST")])),
        ("with a name of 253 bytes", with(&[host(&long_name)])),
        ("with one protocol", with(&[protocols(&[b"acme-tls/1"])])),
    ]
    .into_iter()
    .map(|(what, parts)| flight(what, parts.record()))
    .collect();
    for cut in [1, 4, 70, 100, whole.len() - 1] {
        let (first, rest) = whole.split_at(cut);
        let what = format!("in two records, cut behind {cut} bytes");
        flights.push(pieces(&what, [first, rest]));
    }
    flights.push(pieces("a byte a record", whole.chunks(1)));
    for version in [0x0300_u16, 0x0303, 0x0304] {
        let mut bytes = usual.record();
        bytes[1..3].copy_from_slice(&version.to_be_bytes());
        flights.push(
            flight(&format!("in a record of version {version:04x}"), bytes)
                .unless("RFC 8446 §5.1: the version of a record MUST be ignored"),
        );
    }
    let alert = record(21, &[1, 0]);
    flights.push(flight(
        "with an alert behind it",
        [usual.record(), alert].concat(),
    ));
    flights
}

/// Hellos that are wrong in one place each, and the alert that says so.
pub fn broken() -> Vec<(Flight, AlertDescription)> {
    [out_of_form(), out_of_sense(), out_of_place()].concat()
}

/// Lengths and lists that do not fit.
fn out_of_form() -> Vec<(Flight, AlertDescription)> {
    let usual = Parts::default();
    let no_suite = Parts {
        suites: Vec::new(),
        ..usual.clone()
    };
    let long_id = Parts {
        session_id: vec![7; 33],
        ..usual.clone()
    };
    let more = Parts {
        behind: vec![0],
        ..usual
    };
    let one = |kind, data: &[u8]| Parts::with([(kind, data.to_vec())]);
    let too_long = [&[0, 9, 0, 0, 200][..], b"shop.t"].concat();
    let with_more = [host("shop.test").1, vec![0]].concat();
    let silent = [
        (
            "a byte behind the extensions",
            more,
            "RFC 8446 §6: what does not fit its syntax is a decode_error",
        ),
        (
            "a session id of 33 bytes",
            long_id,
            "RFC 8446 §4.1.2: legacy_session_id<0..32>",
        ),
        (
            "no list of names",
            one(SERVER_NAME, &[]),
            "RFC 6066 §3: empty is what a server answers; a client has a list",
        ),
    ];
    let silent = silent.map(|(what, parts, why)| flight(what, parts.record()).unless(why));
    let loud = [
        ("no cipher suite", no_suite),
        ("an empty list of names", one(SERVER_NAME, &long(&[]))),
        ("an empty name", Parts::with([host("")])),
        (
            "a byte behind the list of names",
            one(SERVER_NAME, &with_more),
        ),
        ("a name longer than its list", one(SERVER_NAME, &too_long)),
        ("an empty list of protocols", one(ALPN, &long(&[]))),
        ("an empty protocol", Parts::with([protocols(&[b"h2", b""])])),
        (
            "a protocol longer than its list",
            one(ALPN, &[0, 3, 9, b'h', b'2']),
        ),
        ("no version", one(SUPPORTED_VERSIONS, &[0])),
        (
            "a version and a half",
            one(SUPPORTED_VERSIONS, &[3, 3, 4, 3]),
        ),
    ];
    let loud = loud.map(|(what, parts)| flight(what, parts.record()));
    silent
        .into_iter()
        .chain(loud)
        .map(|flight| (flight, DecodeError))
        .collect()
}

/// What can be read, and means nothing.
fn out_of_sense() -> Vec<(Flight, AlertDescription)> {
    let a_name = "RFC 6066 §3: a fully qualified DNS hostname, in ASCII";
    [
        (
            "an extension twice",
            Parts::with([host("a.test"), host("a.test")]),
            "RFC 8446 §4.2: MUST NOT be more than one of a type",
        ),
        (
            "two host names",
            Parts::with([names(&[(0, b"a.test"), (0, b"b.test")])]),
            "RFC 6066 §3: MUST NOT contain more than one name of a type",
        ),
        (
            "a space in a name",
            Parts::with([host("shop test")]),
            a_name,
        ),
        (
            "a zero in a name",
            Parts::with([host("shop.test\0.evil.test")]),
            a_name,
        ),
    ]
    .map(|(what, parts, why)| (flight(what, parts.record()).unless(why), IllegalParameter))
    .into()
}

/// Messages and records where none of their kind may stand.
fn out_of_place() -> Vec<(Flight, AlertDescription)> {
    let body = Parts::default().body();
    let whole = message(1, &body);
    let (first, rest) = whole.split_at(20);
    let alert = record(21, &[1, 0]);
    let interrupted = [record(22, first), alert, record(22, rest)].concat();
    let followed = [&whole[..], &message(11, &[])].concat();
    [
        pieces("a ServerHello", [&message(2, &body)[..]]),
        flight("an alert in the middle", interrupted)
            .unless("RFC 8446 §5.1: nothing may stand between the records of a message"),
        pieces("an empty record in the middle", [first, &[], rest]),
        pieces("another message in its record", [&followed[..]]),
    ]
    .map(|flight| (flight, UnexpectedMessage))
    .into()
}
