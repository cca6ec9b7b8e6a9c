//! Chapter 15: a connection at both ends, its frames and its HPACK, from bytes that are cut where chance wants it. What they
//! mean is in the bytes alone; no peer makes the other side keep much, or breaks what it sends.
#![no_main]

use http2::{
    Config, Event, Field, Frame, Frames, H2, HpackDecoder, HpackEncoder, Limits, PREFACE, Settings,
    huffman_decode, huffman_encode, read_int, write_int,
};

/// What a connection may keep besides what it was given: tables, streams and their windows.
const OWN: usize = 200_000;
/// The longest list of fields.
const LIST: usize = 2000;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [how, count, data @ ..] = data else {
        return;
    };
    let (sizes, data) = data.split_at(usize::from(count % 8).min(data.len()));
    hpack(data);
    frames(sizes, data);
    for is_client in [false, true] {
        let whole = lives(is_client, *how, &[], data);
        let cut = lives(is_client, *how, sizes, data);
        assert!(
            whole == cut,
            "in pieces of {sizes:?} something else happens"
        );
    }
});

/// What is decoded is encoded and decoded to the same; numbers and strings as well.
fn hpack(data: &[u8]) {
    let (decoded, kept) = fuzz::kept(|| HpackDecoder::new(4096, LIST).decode(data));
    assert!(
        kept <= (10 * LIST + 20_000) as isize,
        "{kept} bytes are kept"
    );
    if let Ok(Some(fields)) = decoded {
        let mut encoder = HpackEncoder::new();
        let mut decoder = HpackDecoder::new(4096, LIST);
        // The second block is made with a table that the first one has filled.
        for _ in 0..2 {
            let block = encoder.encode(&fields);
            let again = decoder.decode(&block).expect("what we write, we read");
            assert_eq!(
                pairs(&again.expect("not longer than before")),
                pairs(&fields)
            );
        }
    }
    if let Ok(text) = huffman_decode(data) {
        assert_eq!(huffman_encode(&text), data, "there is one code of a text");
    }
    if let Ok((value, length)) = read_int(data, 5) {
        let mut out = Vec::new();
        write_int(value, 5, 0, &mut out);
        assert!(out.len() <= length && read_int(&out, 5) == Ok((value, out.len())));
    }
}

fn pairs(fields: &[Field]) -> Vec<(&[u8], &[u8], bool)> {
    let fields = fields.iter();
    fields
        .map(|field| (&field.name[..], &field.value[..], field.is_secret))
        .collect()
}

/// Frames come out the same up to the first fault, however they are cut; and what we write of them, we read.
fn frames(sizes: &[u8], data: &[u8]) {
    let all = |sizes: &[u8]| {
        let mut frames = Frames::new(1000);
        let mut all = Vec::new();
        for piece in pieces(sizes, data) {
            frames.push(piece);
            loop {
                match frames.next_frame() {
                    Ok(Some(frame)) => all.push(Ok(frame)),
                    Ok(None) => break,
                    Err(fault) => {
                        all.push(Err((fault.stream, fault.code)));
                        return all;
                    }
                }
            }
        }
        all
    };
    let whole = all(&[]);
    assert!(whole == all(sizes), "in pieces of {sizes:?}: other frames");
    for frame in whole.into_iter().flatten() {
        let mut bytes = Vec::new();
        frame.write(&mut bytes);
        let mut again = Frames::new(2000);
        again.push(&bytes);
        let read = again.next_frame().expect("what we write, we read");
        match (&frame, &read) {
            // Its payload is not kept.
            (Frame::Unknown { .. } | Frame::Priority { .. }, Some(_)) => {}
            _ => assert_eq!(read.as_ref(), Some(&frame)),
        }
    }
}

/// The pieces that these sizes make of the data, over and over; without sizes, one.
fn pieces<'a>(sizes: &[u8], mut data: &'a [u8]) -> Vec<&'a [u8]> {
    if sizes.is_empty() {
        return vec![data];
    }
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if data.is_empty() {
            break;
        }
        let (piece, rest) = data.split_at(usize::from(*size).max(1).min(data.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

fn config() -> Config {
    Config {
        settings: Settings {
            max_concurrent_streams: Some(4),
            max_header_list_size: Some(LIST as u32),
            ..Settings::default()
        },
        connection_window: 65_535,
        limits: Some(Limits {
            resets: 3,
            idle_frames: 20,
            continuations: 4,
        }),
    }
}

/// Whether what comes is the beginning of the connection, or it has been opened before: by the lowest bit.
fn begin_server(how: u8) -> H2 {
    let mut h2 = H2::server(config());
    if how & 1 == 1 {
        let mut opening = PREFACE.to_vec();
        Frame::Settings(Vec::new()).write(&mut opening);
        Frame::SettingsAck.write(&mut opening);
        assert_eq!(h2.receive(&opening).len(), 2);
    }
    h2
}

/// With up to three requests under way, one of them with content that waits.
fn begin_client(how: u8) -> H2 {
    let mut h2 = H2::client(config());
    if how & 1 == 1 {
        let mut opening = Vec::new();
        Frame::Settings(Vec::new()).write(&mut opening);
        Frame::SettingsAck.write(&mut opening);
        assert_eq!(h2.receive(&opening).len(), 2);
    }
    for method in &["GET", "HEAD", "POST"][..usize::from(how >> 1) % 4] {
        let fields = [(":method", *method), (":scheme", "http"), (":path", "/")];
        let fields = fields.map(|(name, value)| Field::new(name, value));
        let stream = h2.request(&fields, *method != "POST").expect("a request");
        if *method == "POST" {
            h2.send(stream, &[b'x'; 100_000], true)
                .expect("its content");
        }
    }
    h2
}

/// All that happens, and all that is sent behind it.
fn lives(is_client: bool, how: u8, sizes: &[u8], data: &[u8]) -> (Vec<Event>, Vec<u8>) {
    let mut h2 = match is_client {
        true => begin_client(how),
        false => begin_server(how),
    };
    let mut events = Vec::new();
    let mut sent = Vec::new();
    for piece in pieces(sizes, data) {
        let (seen, kept) = fuzz::kept(|| h2.receive(piece));
        assert!(
            kept <= (OWN + 40 * piece.len()) as isize,
            "{kept} bytes are kept"
        );
        for event in seen {
            assert!(
                !matches!(events.last(), Some(Event::ConnectionError(_))),
                "something happens behind the end"
            );
            events.push(event);
        }
    }
    assert!(h2.open_streams() <= 4 + 3);
    while let bytes = h2.pending()
        && !bytes.is_empty()
    {
        sent.extend(bytes);
    }
    well_formed(is_client, &sent);
    (events, sent)
}

/// What we send is frames that the other side would read, and GOAWAY is the last one.
fn well_formed(is_client: bool, sent: &[u8]) {
    let sent = match is_client {
        true => sent.strip_prefix(&PREFACE[..]).unwrap_or(sent),
        false => sent,
    };
    let mut frames = Frames::new(1 << 24);
    frames.push(sent);
    let mut decoder = HpackDecoder::new(4096, 1 << 20);
    let mut last = None;
    while let Some(frame) = frames.next_frame().expect("frames of ours are right") {
        assert!(
            !matches!(last, Some(Frame::GoAway { .. })),
            "nothing follows GOAWAY"
        );
        if let Frame::Headers {
            block,
            is_whole: true,
            ..
        } = &frame
        {
            decoder.decode(block).expect("a block of ours is right");
        }
        last = Some(frame);
    }
}
