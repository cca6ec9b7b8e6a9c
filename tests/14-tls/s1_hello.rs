//! Step 1: records and hellos.

use netlab::{Lab, hex, lab};
use rustls::AlertDescription::{
    self, DecodeError, IllegalParameter, RecordOverflow, UnexpectedMessage,
};
use tls::{ClientHello, MAX_FRAGMENT, MAX_HELLO, Refusal, client_hello, parse_record};

use super::hellos::{
    CURL, OLD, OPENSSL, Parts, from_hex, long, message, names, protocols, record, short, versions,
};

/// What is left of an answer, in types that are not the student's.
type Seen = Result<Option<(u8, Vec<u8>, usize)>, u8>;

fn record_in(lab: &Lab, buf: &[u8], max: usize) -> Seen {
    let call = format!("parse_record({}, {max})", beginning(buf));
    match lab.you(&call, || parse_record(buf, max)) {
        Ok(None) => Ok(None),
        Ok(Some((record, len))) => Ok(Some((record.content_type, record.fragment.to_vec(), len))),
        Err(Refusal { alert, .. }) => Err(alert.into()),
    }
}

/// The bytes, if they are few.
fn beginning(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=16 => format!("[{}]", hex::short(bytes)),
        len => format!("[{}], {len} bytes", hex::short(bytes)),
    }
}

fn hello_in(lab: &Lab, buf: &[u8]) -> Result<Option<(ClientHello, usize)>, Refusal> {
    lab.you(&format!("client_hello({})", beginning(buf)), || {
        client_hello(buf)
    })
}

/// The hello that is there, and how many bytes it took.
fn read(lab: &Lab, buf: &[u8]) -> (ClientHello, usize) {
    match hello_in(lab, buf) {
        Ok(Some(found)) => found,
        Ok(None) => lab.fails("a hello", "None, though all of it is there"),
        Err(refusal) => lab.fails("a hello", refused(&refusal)),
    }
}

fn refused(refusal: &Refusal) -> String {
    format!("a refusal with {:?}: {}", refusal.alert, refusal.why)
}

/// Demands a refusal with this alert.
fn refuses(lab: &Lab, what: &str, buf: &[u8], alert: AlertDescription) {
    let want = format!("a refusal with {alert:?}: {what}");
    match hello_in(lab, buf) {
        Err(refusal) => lab.holds(refusal.alert == alert, want, refused(&refusal)),
        Ok(None) => lab.fails(want, "None: more bytes are waited for"),
        Ok(Some((hello, len))) => lab.fails(want, format!("{hello:?}, {len} bytes")),
    }
}

#[test]
fn s1_a_record_is_a_header_and_what_it_announces() {
    lab(|lab| {
        lab.why("A type, two bytes of version, two of length in network byte order; the length counts the fragment, without the five bytes before it (RFC 8446 §5.1). What stands behind it belongs to the next record.");
        for kind in 20..=23 {
            for len in [0, 1, 5, 255, 256, 258, 4096, MAX_FRAGMENT] {
                let fragment: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
                for behind in [&b""[..], b"\x16\x03\x01", b"G"] {
                    let buf = [&record(kind, &fragment), behind].concat();
                    let want = Ok(Some((kind, fragment.clone(), 5 + len)));
                    let got = record_in(lab, &buf, MAX_FRAGMENT);
                    lab.holds(
                        got == want,
                        format!(
                            "type {kind}, {len} bytes of fragment, {} bytes in all",
                            5 + len
                        ),
                        told(&got),
                    );
                }
            }
        }
    });
}

fn told(seen: &Seen) -> String {
    match seen {
        Ok(None) => "None".to_owned(),
        Ok(Some((kind, fragment, len))) => {
            format!(
                "type {kind}, {} bytes of fragment, {len} bytes in all",
                fragment.len()
            )
        }
        Err(alert) => format!("a refusal with {:?}", AlertDescription::from(*alert)),
    }
}

#[test]
fn s1_a_record_comes_in_pieces() {
    lab(|lab| {
        lab.why("TCP has no records: what has come may end in the middle of a header, or of a fragment. That is no error, and nothing to give out either.");
        for len in [0, 1, 300] {
            let whole = record(22, &vec![9; len]);
            for cut in 0..whole.len() {
                let got = record_in(lab, &whole[..cut], MAX_FRAGMENT);
                lab.holds(
                    got == Ok(None),
                    format!("None: {cut} of {} bytes are there", whole.len()),
                    told(&got),
                );
            }
        }
    });
}

#[test]
fn s1_the_version_of_a_record_means_nothing() {
    lab(|lab| {
        lab.why("legacy_record_version \"MUST be ignored for all purposes\" (RFC 8446 §5.1). Clients write 3.1 there, servers 3.3, and boxes on the way that looked at it have kept newer versions out for years.");
        for version in [
            0x0301_u16, 0x0303, 0x0300, 0x0304, 0x0305, 0x03ff, 0x0002, 0xffff, 0x7f17,
        ] {
            let mut buf = record(23, b"hello");
            buf[1..3].copy_from_slice(&version.to_be_bytes());
            let got = record_in(lab, &buf, MAX_FRAGMENT);
            lab.holds(
                got == Ok(Some((23, b"hello".to_vec(), 10))),
                format!("a record, whatever {version:04x} is"),
                told(&got),
            );
            let mut hello = Parts::default().record();
            hello[1..3].copy_from_slice(&version.to_be_bytes());
            read(lab, &hello);
        }
    });
}

#[test]
fn s1_other_types_are_no_records() {
    lab(|lab| {
        lab.why("There are four types, and the first byte tells: who waits for five more bytes of \"G\", waits for a client that waits for him (RFC 8446 §5: unexpected_message).");
        for kind in [0, 19, 24, b'G', b'S', 0x7f, 0x80, 0x96, 255] {
            for buf in [vec![kind], record(kind, b""), record(kind, b"hello")] {
                let got = record_in(lab, &buf, MAX_FRAGMENT);
                lab.holds(
                    got == Err(UnexpectedMessage.into()),
                    format!("a refusal with UnexpectedMessage: there is no type {kind}"),
                    told(&got),
                );
                refuses(lab, "the type of the record", &buf, UnexpectedMessage);
            }
        }
    });
}

#[test]
fn s1_a_record_has_a_longest_length() {
    lab(|lab| {
        lab.why("The header announces more than is allowed. Who believes it, keeps up to 64 kB for each client that has sent five bytes (RFC 8446 §5.1, §5.2: record_overflow).");
        for max in [MAX_FRAGMENT, MAX_FRAGMENT + 256, 10] {
            for (more, want) in [
                (0, Ok(None)),
                (1, Err(RecordOverflow.into())),
                (2000, Err(RecordOverflow.into())),
            ] {
                let len = u16::try_from(max + more).expect("a length of two bytes");
                let [high, low] = len.to_be_bytes();
                let got = record_in(lab, &[22, 3, 3, high, low], max);
                lab.holds(
                    got == want,
                    format!(
                        "{}: {len} bytes are announced, {max} are allowed",
                        told(&want)
                    ),
                    told(&got),
                );
            }
        }
        let got = record_in(lab, &record(23, &vec![0; MAX_FRAGMENT + 1]), MAX_FRAGMENT);
        let want = Err(RecordOverflow.into());
        lab.holds(
            got == want,
            "a refusal, though all of it is there",
            told(&got),
        );
        refuses(
            lab,
            "the first record",
            &[22, 3, 1, 0x40, 1],
            RecordOverflow,
        );
    });
}

#[test]
fn s1_what_real_clients_say() {
    lab(|lab| {
        lab.why("These bytes were sent by curl and by openssl. Everybody on the way can read them as you do: the name of the host stands there as text (RFC 6066 §3).");
        let both = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        for (who, hex, name, alpn, versions, suites) in [
            (
                "curl",
                CURL,
                Some("www.example.org"),
                both.clone(),
                vec![0x0304, 0x0303, 0x0302, 0x0301],
                (31, 0x1302),
            ),
            (
                "openssl",
                OPENSSL,
                Some("mail.example.org"),
                both,
                vec![0x0304, 0x0303, 0x0302, 0x0301],
                (31, 0x1302),
            ),
            (
                "openssl with TLS 1.2",
                OLD,
                None,
                Vec::new(),
                vec![0x0303],
                (28, 0xc02c),
            ),
        ] {
            let bytes = from_hex(hex);
            lab.scene(format!("the hello of {who}"));
            let (hello, len) = read(lab, &bytes);
            lab.same("the bytes it takes", len, bytes.len());
            lab.same("server_name", hello.server_name.as_deref(), name);
            lab.same("alpn", hello.alpn, alpn);
            lab.same("versions", hello.versions, versions);
            let seen = (hello.cipher_suites.len(), hello.cipher_suites[0]);
            lab.same("how many cipher suites, and the first one", seen, suites);
        }
    });
}

#[test]
fn s1_a_hello_comes_in_pieces() {
    lab(|lab| {
        lab.why("What has come so far ends anywhere. A hello that is not complete is None, and one that is complete is the same whatever has come behind it.");
        for bytes in [from_hex(CURL), Parts::default().record()] {
            for cut in 0..bytes.len() {
                match hello_in(lab, &bytes[..cut]) {
                    Ok(None) => {}
                    Ok(Some(_)) => {
                        lab.fails(format!("None: {cut} of {} bytes", bytes.len()), "a hello")
                    }
                    Err(refusal) => lab.fails(
                        format!("None: {cut} of {} bytes, and more may come", bytes.len()),
                        refused(&refusal),
                    ),
                }
            }
            let (alone, _) = read(lab, &bytes);
            for behind in [&b"\x14\x03\x03\x00\x01\x01"[..], b"G", &[0; 600]] {
                let (hello, len) = read(lab, &[&bytes, behind].concat());
                lab.same("the bytes it takes", len, bytes.len());
                lab.same("the name", hello.server_name, alone.server_name.clone());
            }
        }
    });
}

#[test]
fn s1_a_hello_in_several_records() {
    lab(|lab| {
        lab.why("A message may be cut into records anywhere, in the four bytes of its header as well (RFC 8446 §5.1). Chrome's hello with a key of ML-KEM has 1700 bytes, and some clients cut on purpose.");
        let whole = message(1, &Parts::default().body());
        let (want, _) = read(lab, &record(22, &whole));
        let check = |bytes: &[u8], how: &str| {
            let (hello, len) = read(lab, bytes);
            lab.same(&format!("the bytes that it takes, {how}"), len, bytes.len());
            let seen = (hello.server_name, hello.alpn, hello.cipher_suites);
            let want = (
                want.server_name.clone(),
                want.alpn.clone(),
                want.cipher_suites.clone(),
            );
            lab.same(&format!("name, protocols and suites, {how}"), seen, want);
        };
        for cut in 1..whole.len() {
            let bytes = [record(22, &whole[..cut]), record(22, &whole[cut..])].concat();
            check(
                &bytes,
                &format!("in records of {cut} and {} bytes", whole.len() - cut),
            );
            let first = record(22, &whole[..cut]).len();
            for come in [first, first + 3, bytes.len() - 1] {
                let got = hello_in(lab, &bytes[..come]);
                lab.holds(
                    matches!(got, Ok(None)),
                    format!("None: {come} of {} bytes are there", bytes.len()),
                    format!("{got:?}"),
                );
            }
        }
        let drops: Vec<u8> = whole.iter().flat_map(|byte| record(22, &[*byte])).collect();
        check(&drops, "in records of one byte");
    });
}

#[test]
fn s1_extensions_in_any_order() {
    lab(|lab| {
        lab.why("Extensions have no order (RFC 8446 §4.2), and Chrome shuffles its own on purpose. What you do not know is passed over by its length: so new ones, and the GREASE of RFC 8701, do no harm.");
        let known = [
            names(&[(0, b"a.example")]),
            protocols(&[b"http/1.1", b"h2"]),
            versions(&[0x0304]),
        ];
        let strange = [
            (0x0a0a, vec![]),
            (0x4a4a, vec![0; 300]),
            (51, vec![1, 2, 3]),
        ];
        for first in 0..3 {
            for second in (0..3).filter(|second| *second != first) {
                let third = 3 - first - second;
                for place in 0..4 {
                    let mut order: Vec<_> =
                        [first, second, third].map(|at| known[at].clone()).into();
                    for extension in strange.iter().rev() {
                        order.insert(place, extension.clone());
                    }
                    let kinds: Vec<_> = order.iter().map(|(kind, _)| *kind).collect();
                    lab.scene(format!("extensions {kinds:04x?}"));
                    let (hello, _) = read(lab, &Parts::with(order).record());
                    lab.same("the name", hello.server_name.as_deref(), Some("a.example"));
                    lab.same(
                        "alpn",
                        hello.alpn,
                        vec![b"http/1.1".to_vec(), b"h2".to_vec()],
                    );
                    lab.same("versions", hello.versions, vec![0x0304]);
                }
            }
        }
        let lab = lab.because("A type has two bytes. What is not in the list of this step is passed over, wherever it stands and whatever is in it.");
        for kind in [
            0x0100, 0x0a10, 0x102b, 0x1000, 0x2b00, 41, 17, 0x3a3a, 0xffff,
        ] {
            for place in 0..4 {
                let mut order = known.to_vec();
                order.insert(place, (kind, b"\0\x03\x02".to_vec()));
                lab.scene(format!("extension {kind:04x} at place {place}"));
                let (hello, _) = read(&lab, &Parts::with(order).record());
                lab.same("the name", hello.server_name.as_deref(), Some("a.example"));
                lab.same("protocols", hello.alpn.len(), 2);
                lab.same("versions", hello.versions, vec![0x0304]);
            }
        }
    });
}

#[test]
fn s1_what_a_hello_does_not_say() {
    lab(|lab| {
        lab.why("Only the message's own fields are always there. Without supported_versions, the old version field counts (RFC 8446 §4.2.1); without a name or a protocol, there is none.");
        for (what, extensions) in [
            ("no extensions at all", None),
            ("an empty list of extensions", Some(vec![])),
            ("an unknown extension", Some(vec![(0xfafa, vec![1])])),
        ] {
            for version in [0x0303, 0x0301] {
                lab.scene(format!("a hello with {what}, version {version:04x}"));
                let parts = Parts {
                    version,
                    extensions: extensions.clone(),
                    ..Parts::default()
                };
                let (hello, len) = read(lab, &parts.record());
                lab.same("the bytes it takes", len, parts.record().len());
                lab.same("server_name", hello.server_name, None);
                lab.same("alpn", hello.alpn, Vec::<Vec<u8>>::new());
                lab.same("versions", hello.versions, vec![version]);
                lab.same("cipher_suites", hello.cipher_suites, vec![0x1301, 0x1302]);
            }
        }
        lab.scene("supported_versions beside an old version field");
        let parts = Parts {
            version: 0x0301,
            ..Parts::with([versions(&[0x7a7a, 0x0304])])
        };
        let (hello, _) = read(lab, &parts.record());
        lab.same("versions", hello.versions, vec![0x7a7a, 0x0304]);
        lab.scene(
            "lists in an order of the client's own, with values that mean nothing (RFC 8701)",
        );
        let parts = Parts {
            suites: vec![0x13, 2, 0x0a, 0x0a, 0x13, 1, 0xfa, 0xfa, 0x13, 3],
            ..Parts::with([
                protocols(&[b"http/1.1", b"\x0a\x0a", b"h2"]),
                versions(&[0x0302, 0xfafa, 0x0304, 0x0303]),
            ])
        };
        let (hello, _) = read(lab, &parts.record());
        let order = lab.because("The order is the client's preference, and what is not known is there as well: whoever looks at the hello decides what to pass over.");
        order.same(
            "versions",
            hello.versions,
            vec![0x0302, 0xfafa, 0x0304, 0x0303],
        );
        order.same(
            "cipher_suites",
            hello.cipher_suites,
            vec![0x1302, 0x0a0a, 0x1301, 0xfafa, 0x1303],
        );
        order.same(
            "alpn",
            hello.alpn,
            vec![b"http/1.1".to_vec(), b"\x0a\x0a".to_vec(), b"h2".to_vec()],
        );
        lab.scene("the smallest and the largest fields");
        for len in [0, 1, 31, 32] {
            let parts = Parts {
                session_id: vec![5; len],
                suites: vec![0x13, 3],
                compression: vec![0; 255],
                ..Parts::default()
            };
            let (hello, _) = read(lab, &parts.record());
            lab.same("cipher_suites", hello.cipher_suites, vec![0x1303]);
            lab.same(
                "the name",
                hello.server_name.as_deref(),
                Some("www.example.org"),
            );
        }
    });
}

#[test]
fn s1_names() {
    lab(|lab| {
        lab.why("server_name is a list of names with types, of which one is known: 0, a host. Others are passed over by their length (RFC 6066 §3). Case does not matter in hosts, so one form is given out: small letters.");
        let labels = ["x".repeat(63), "y".repeat(63), "example".to_owned()].join(".");
        let long = ["a-label."; 40].concat() + "example";
        for (list, want) in [
            (&[(0, &b"example.org"[..])][..], Some("example.org")),
            (&[(0, b"127.0.0.1")], Some("127.0.0.1")),
            (&[(0, labels.as_bytes())], Some(&labels[..])),
            (&[(0, long.as_bytes())], Some(&long[..])),
            (&[(0, b"WWW.Example.ORG")], Some("www.example.org")),
            (&[(0, b"a")], Some("a")),
            (&[(0, b"_x-1.example")], Some("_x-1.example")),
            (&[(1, b"\x00\xff"), (0, b"a.example")], Some("a.example")),
            (&[(0, b"a.example"), (255, b"b.example")], Some("a.example")),
            (&[(1, b"a.example")], None),
            (&[(7, b""), (8, b"x")], None),
        ] {
            let shown = list.iter();
            let shown: Vec<_> = shown
                .map(|(kind, name)| (kind, String::from_utf8_lossy(name)))
                .collect();
            lab.scene(format!("the names {shown:?}"));
            let (hello, _) = read(lab, &Parts::with([names(list)]).record());
            lab.same("server_name", hello.server_name.as_deref(), want);
        }
        let lab = lab.because("A host name is ASCII: letters, digits, - _ and dots. What goes into a log, a file name or a look-up later is judged where it comes in (RFC 6066 §3).");
        for name in [
            &b"a b"[..],
            b"a\0.example",
            b"caf\xc3\xa9.example",
            b"a/b",
            b"a:443",
            b"*.example",
            b"a\r\n",
            b"::1",
        ] {
            refuses(
                &lab,
                "no host name",
                &Parts::with([names(&[(0, name)])]).record(),
                IllegalParameter,
            );
        }
        let lab = lab.because("There is one host name at most (RFC 6066 §3). Of two, the next program on the way takes the other one.");
        for list in [
            &[(0, &b"a.example"[..]), (0, b"b.example")][..],
            &[(0, b"a.example"), (3, b""), (0, b"a.example")],
        ] {
            refuses(
                &lab,
                "two host names",
                &Parts::with([names(list)]).record(),
                IllegalParameter,
            );
        }
        let lab = lab
            .because("A list and a host name have something in them (RFC 6066 §3: <1..2^16-1>).");
        for list in [&[][..], &[(0, &b""[..])], &[(1, b"x"), (0, b"")]] {
            refuses(
                &lab,
                "an empty name, or none",
                &Parts::with([names(list)]).record(),
                DecodeError,
            );
        }
    });
}

#[test]
fn s1_protocols() {
    lab(|lab| {
        lab.why("Protocols are bytes, not text, in the order in which the client likes them; 255 bytes are the longest one, and an empty one \"MUST NOT be included\" (RFC 7301 §3.1).");
        let longest = [b'x'; 255];
        for list in [
            &[&b"h2"[..], b"http/1.1"][..],
            &[b"http/1.1", b"h2"],
            &[b"http/1.1"],
            &[b"\x0a\x0a", b"\xff\x00", b"h2"],
            &[&longest, b"a", &longest],
            &[b"h2", b"h2"],
            &[b"HTTP/1.1", b"H2", b"h2"],
        ] {
            let (hello, _) = read(lab, &Parts::with([protocols(list)]).record());
            lab.same(
                "alpn",
                hello.alpn,
                list.iter().map(|name| name.to_vec()).collect(),
            );
        }
        for list in [&[][..], &[&b""[..]], &[b"h2", b""], &[b"", b"h2"]] {
            refuses(
                lab,
                "an empty protocol, or none",
                &Parts::with([protocols(list)]).record(),
                DecodeError,
            );
        }
    });
}

#[test]
fn s1_lengths_must_fit() {
    lab(|lab| {
        lab.why("Every length is a promise about the bytes around it. One that goes beyond them, or that leaves some of them over, is decode_error (RFC 8446 §6.2): two programs that read such a message differently are a hole.");
        let good = Parts::default();
        let with = |kind, data: Vec<u8>| Parts::with([(kind, data)]).body();
        let cut = |n: usize| {
            let body = good.body();
            body[..body.len() - n].to_vec()
        };
        let lengthened = |at: usize, by: i16| {
            let mut body = good.body();
            let old = u16::from_be_bytes([body[at], body[at + 1]]);
            body[at..at + 2].copy_from_slice(&old.wrapping_add_signed(by).to_be_bytes());
            body
        };
        // Where the lengths stand: behind version, random, id; behind the suites and the compression.
        let (suites, extensions) = (2 + 32 + 33, 2 + 32 + 33 + 6 + 2);
        for (what, body) in [
            ("an empty message", vec![]),
            ("half of the version", vec![3]),
            ("a random of 31 bytes", good.body()[..33].to_vec()),
            ("nothing behind the random", good.body()[..34].to_vec()),
            ("nothing behind the id", good.body()[..67].to_vec()),
            ("nothing behind the suites", good.body()[..73].to_vec()),
            (
                "one byte of the extensions' length",
                good.body()[..76].to_vec(),
            ),
            (
                "a session id of 33 bytes",
                Parts {
                    session_id: vec![7; 33],
                    ..good.clone()
                }
                .body(),
            ),
            (
                "a session id of 255 bytes",
                Parts {
                    session_id: vec![7; 255],
                    ..good.clone()
                }
                .body(),
            ),
            (
                "no cipher suites",
                Parts {
                    suites: vec![],
                    ..good.clone()
                }
                .body(),
            ),
            (
                "three bytes of cipher suites",
                Parts {
                    suites: vec![0x13, 1, 0x13],
                    ..good.clone()
                }
                .body(),
            ),
            (
                "no compression",
                Parts {
                    compression: vec![],
                    ..good.clone()
                }
                .body(),
            ),
            ("the last byte is missing", cut(1)),
            ("the last six bytes are missing", cut(6)),
            (
                "a byte behind the extensions",
                Parts {
                    behind: vec![0],
                    ..good.clone()
                }
                .body(),
            ),
            (
                "bytes behind the extensions",
                Parts {
                    behind: vec![0, 0, 0, 0],
                    ..good.clone()
                }
                .body(),
            ),
            (
                "cipher suites that go beyond the message",
                lengthened(suites, 1000),
            ),
            (
                "extensions one longer than the message",
                lengthened(extensions, 1),
            ),
            (
                "extensions one shorter than the message",
                lengthened(extensions, -1),
            ),
            (
                "extensions of no bytes, and then some",
                lengthened(extensions, -((good.body().len() - extensions - 2) as i16)),
            ),
            (
                "the first extension one longer",
                lengthened(extensions + 4, 1),
            ),
            (
                "the first extension one shorter",
                lengthened(extensions + 4, -1),
            ),
            (
                "the first extension beyond all of them",
                lengthened(extensions + 4, 500),
            ),
            (
                "a list of names one longer than its extension",
                lengthened(extensions + 6, 1),
            ),
            (
                "a list of names one shorter than its extension",
                lengthened(extensions + 6, -1),
            ),
            (
                "an extension of three bytes",
                Parts {
                    extensions: None,
                    behind: long(&[0, 16, 0]),
                    ..good.clone()
                }
                .body(),
            ),
            ("an empty server_name", with(0, vec![])),
            (
                "a name longer than its list",
                with(0, long(&[0, 0, 9, b'a'])),
            ),
            ("a name without its length", with(0, long(&[0, 0]))),
            (
                "bytes behind the list of names",
                with(0, [long(&[0, 0, 1, b'a']), vec![0]].concat()),
            ),
            ("an empty ALPN", with(16, vec![])),
            (
                "a protocol longer than its list",
                with(16, long(&[3, b'h', b'2'])),
            ),
            (
                "bytes behind the list of protocols",
                with(16, [long(&short(b"h2")), vec![2, 1]].concat()),
            ),
            ("an empty supported_versions", with(43, vec![])),
            ("no versions", with(43, vec![0])),
            ("three bytes of versions", with(43, vec![3, 3, 4, 3])),
            (
                "versions longer than their extension",
                with(43, vec![4, 3, 4]),
            ),
            ("bytes behind the versions", with(43, vec![2, 3, 4, 3, 3])),
        ] {
            lab.scene(what);
            refuses(lab, what, &record(22, &message(1, &body)), DecodeError);
        }
    });
}

#[test]
fn s1_an_extension_comes_once() {
    lab(|lab| {
        lab.why("\"There MUST NOT be more than one extension of the same type\" (RFC 8446 §4.2). Of two names, one is for the box that looks on, and the other for the server.");
        for (one, other) in [
            (names(&[(0, b"a.example")]), names(&[(0, b"b.example")])),
            (protocols(&[b"h2"]), protocols(&[b"http/1.1"])),
            (versions(&[0x0304]), versions(&[0x0304])),
            ((51, vec![1]), (51, vec![])),
            ((0x0a0a, vec![]), (0x0a0a, vec![])),
        ] {
            let kind = one.0;
            lab.scene(format!("extension {kind} twice"));
            for between in [None, Some((0x2a2a, vec![0]))] {
                let all = [one.clone()]
                    .into_iter()
                    .chain(between)
                    .chain([other.clone()]);
                refuses(
                    lab,
                    "an extension comes twice",
                    &Parts::with(all).record(),
                    IllegalParameter,
                );
            }
        }
        read(
            lab,
            &Parts::with([(0x0a0a, vec![]), (0x1a1a, vec![]), (0x0a1a, vec![])]).record(),
        );
    });
}

#[test]
fn s1_nothing_else_than_a_hello() {
    lab(|lab| {
        lab.why("The first message is a ClientHello, in records of type 22 that follow each other, and its last record ends with it, because other keys may come behind (RFC 8446 §4, §5.1: unexpected_message).");
        let whole = message(1, &Parts::default().body());
        for kind in [20, 21, 23] {
            refuses(
                lab,
                &format!("a record of type {kind}"),
                &record(kind, &whole),
                UnexpectedMessage,
            );
            for cut in [2, 4, 60] {
                let bytes = [
                    record(22, &whole[..cut]),
                    record(kind, &[1]),
                    record(22, &whole[cut..]),
                ]
                .concat();
                refuses(
                    lab,
                    &format!("a record of type {kind} within the hello"),
                    &bytes,
                    UnexpectedMessage,
                );
            }
        }
        for kind in [0, 2, 4, 11, 20, 254] {
            let other = message(kind, &Parts::default().body());
            refuses(
                lab,
                &format!("a message of type {kind}"),
                &record(22, &other),
                UnexpectedMessage,
            );
            lab.note("only the first record of it is there");
            refuses(
                lab,
                &format!("a message of type {kind}"),
                &record(22, &other[..1]),
                UnexpectedMessage,
            );
        }
        for cut in [0, 3, 70, whole.len() - 1] {
            let bytes = [
                record(22, &whole[..cut]),
                record(22, b""),
                record(22, &whole[cut..]),
            ]
            .concat();
            refuses(
                lab,
                "an empty record within a handshake",
                &bytes,
                UnexpectedMessage,
            );
        }
        for behind in [&[0][..], &[20], &message(1, &Parts::default().body())] {
            let bytes = record(22, &[&whole, behind].concat());
            refuses(
                lab,
                "a record that goes on behind the hello",
                &bytes,
                UnexpectedMessage,
            );
            let (first, last) = whole.split_at(50);
            let bytes = [record(22, first), record(22, &[last, behind].concat())].concat();
            refuses(
                lab,
                "a last record that goes on behind the hello",
                &bytes,
                UnexpectedMessage,
            );
        }
    });
}

#[test]
fn s1_a_hello_has_a_longest_length() {
    lab(|lab| {
        lab.why("Three bytes of length allow 16 megabytes, of which you would keep every one until the last has come. The limit is looked at when the length is there.");
        let padded = |len: usize| {
            let room = len - Parts::with([(21, vec![])]).body().len();
            Parts::with([(21, vec![0; room])]).body()
        };
        let cut = |body: &[u8]| -> Vec<u8> {
            let records = message(1, body);
            records
                .chunks(MAX_FRAGMENT)
                .flat_map(|piece| record(22, piece))
                .collect()
        };
        let bytes = cut(&padded(MAX_HELLO));
        let (_, len) = read(lab, &bytes);
        lab.same("the bytes that the longest hello takes", len, bytes.len());
        for len in [MAX_HELLO + 1, 40_000] {
            refuses(lab, "all of it is there", &cut(&padded(len)), DecodeError);
            let first = record(22, &message(1, &padded(len))[..4]);
            refuses(lab, "its length is there", &first, DecodeError);
        }
        refuses(
            lab,
            "its length is there",
            &record(22, &[1, 0xff, 0xff, 0xff]),
            DecodeError,
        );
        refuses(
            lab,
            "its length is there",
            &record(22, &[1, 1, 0, 0]),
            DecodeError,
        );
        // Of which two bytes are the length of what follows.
        let mut long = message(1, &Parts::default().body());
        long[1] = 1;
        refuses(lab, "its length is there", &record(22, &long), DecodeError);
    });
}

#[test]
fn s1_no_bytes_bring_it_down() {
    lab(|lab| {
        lab.why("These bytes come from a stranger. Whatever they are, the answer is a hello, None or a refusal; and what is refused is refused with more bytes as well.");
        let good = from_hex(OPENSSL);
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff, good[at] ^ 1] {
                let mut bytes = good.clone();
                bytes[at] = value;
                let whole = answer(&hello_in(lab, &bytes));
                for cut in [at + 1, bytes.len() - 1] {
                    let part = answer(&hello_in(lab, &bytes[..cut]));
                    lab.holds(
                        part == "None" || part == whole,
                        format!(
                            "None or {whole} for the first {cut} bytes: byte {at} is {value:02x}"
                        ),
                        part,
                    );
                }
            }
        }
    });
}

fn answer(got: &Result<Option<(ClientHello, usize)>, Refusal>) -> String {
    match got {
        Ok(None) => "None".to_owned(),
        Ok(Some((hello, len))) => format!("{hello:?} of {len} bytes"),
        Err(refusal) => format!("a refusal with {:?}", refusal.alert),
    }
}
