//! Chapter 14: the first bytes of anybody who connects. What they mean depends on the bytes alone, and not on the
//! pieces or the records in which they come.
#![no_main]

use tls::{ClientHello, MAX_FRAGMENT, client_hello, parse_record};

/// What a byte may cost. (A protocol of one letter has two bytes, and its vector has 24 and room for another one.)
const COST: usize = 32;

fn check(hello: &ClientHello) {
    let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if let Some(name) = &hello.server_name {
        assert!(!name.is_empty() && name.bytes().all(is_name), "{name:?}");
    }
    assert!(hello.alpn.iter().all(|protocol| !protocol.is_empty()));
    assert!(!hello.versions.is_empty() && !hello.cipher_suites.is_empty());
}

/// The same message, a few bytes a record.
fn cut_anew(mut records: &[u8], piece: usize) -> Vec<u8> {
    let mut message = Vec::new();
    while let Some((record, len)) = parse_record(records, MAX_FRAGMENT).expect("it was read") {
        message.extend_from_slice(record.fragment);
        records = &records[len..];
    }
    let pieces = message.chunks(piece);
    pieces
        .flat_map(|piece| [&[22, 3, 3, 0, piece.len() as u8], piece].concat())
        .collect()
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(Some((record, len))) = parse_record(data, MAX_FRAGMENT) {
        assert!(len == 5 + record.fragment.len() && len <= data.len());
    }
    let (read, kept) = fuzz::kept(|| client_hello(data));
    assert!(
        kept <= (COST * data.len()) as isize,
        "{kept} bytes are kept"
    );
    let at = |end: usize| client_hello(&data[..end]);
    match read {
        Ok(Some((hello, len))) => {
            check(&hello);
            assert_eq!(
                at(len),
                Ok(Some((hello.clone(), len))),
                "with less behind it"
            );
            for end in [len - 1, len / 2, len.min(6)] {
                assert!(
                    end == len || at(end) == Ok(None),
                    "an answer after {end} bytes of {len}"
                );
            }
            for piece in [1, 1 + data.len() % 255] {
                let again = cut_anew(&data[..len], piece);
                assert_eq!(client_hello(&again), Ok(Some((hello.clone(), again.len()))));
            }
        }
        Ok(None) => assert_eq!(at(data.len() / 2), Ok(None), "a half is an answer"),
        // What is wrong in the half, is wrong.
        Err(_) => assert!(!matches!(at(data.len() / 2), Ok(Some(_)))),
    }
});
