//! Chapter 13: messages from a stream that is cut where chance wants it. What they mean is in the bytes alone.
#![no_main]

use std::io::{self, Read, Write};
use std::time::Duration;

use http1::{
    Ask, BodyLen, Chunked, Fields, Limits, MAX_CHUNK_LINE, MAX_FIELDS, MAX_TRAILERS, Request,
    RequestHead, Response, Stream, SystemClock, Version, Waits, exchange, parse_request,
    parse_response, request_body, response_body, serve_connection,
};

/// A connection that gives its bytes in pieces of these sizes, over and over.
struct Pieces<'a> {
    sizes: &'a [u8],
    next: usize,
    data: &'a [u8],
    written: Vec<u8>,
}

impl<'a> Pieces<'a> {
    fn new(sizes: &'a [u8], data: &'a [u8]) -> Pieces<'a> {
        Pieces {
            sizes,
            next: 0,
            data,
            written: Vec::new(),
        }
    }

    /// How much the next piece may have; without sizes, all.
    fn most(&mut self) -> usize {
        let Some(size) = self.sizes.get(self.next % self.sizes.len().max(1)) else {
            return usize::MAX;
        };
        self.next += 1;
        usize::from(*size).max(1)
    }
}

impl Read for &mut Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(self.most());
        self.data.read(&mut buf[..most])
    }
}

impl Write for &mut Pieces<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.written.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Waits for &mut Pieces<'_> {
    fn wait_at_most(&mut self, _limit: Duration) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for &mut Pieces<'_> {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MAX: u64 = 1000;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&count, data)) = data.split_first() else {
        return;
    };
    let (sizes, data) = data.split_at(usize::from(count % 8).min(data.len()));
    heads(sizes, data);
    assert_eq!(chunks(&[], data), chunks(sizes, data));
    assert_eq!(served(&[], data), served(sizes, data));
    for method in ["GET", "HEAD", "CONNECT"] {
        assert_eq!(asked(method, &[], data), asked(method, sizes, data));
    }
});

/// A beginning is no head, or the error of the whole; and a head stays what it is when more comes.
fn heads(sizes: &[u8], data: &[u8]) {
    let request = parse_request(data);
    let response = parse_response(data);
    let mut pieces = Pieces::new(sizes, data);
    let mut come = 0;
    while come < data.len() {
        come = data.len().min(come.saturating_add(pieces.most()));
        let part = &data[..come];
        match (parse_request(part), &request) {
            (Ok(None), Ok(Some((_, len)))) => assert!(come < *len),
            (Ok(None), _) => assert!(come < data.len() || request == Ok(None)),
            (part, whole) => assert_eq!(part, *whole),
        }
        match (parse_response(part), &response) {
            (Ok(None), Ok(Some((_, len)))) => assert!(come < *len),
            (Ok(None), _) => assert!(come < data.len() || response == Ok(None)),
            (part, whole) => assert_eq!(part, *whole),
        }
    }
    if let Ok(Some((head, len))) = request {
        assert!(len <= data.len() && data[..len].ends_with(b"\r\n\r\n"));
        well_formed(&head.fields);
        let hosts = head.fields.all("host").len();
        assert!(hosts == 1 || hosts == 0 && head.version == Version::Http10);
        assert!(head.path().starts_with('/') || matches!(&head.method[..], "OPTIONS" | "CONNECT"));
        let _ = head.host();
        let written = on_the_wire(&head);
        let again = parse_request(&written).expect("what we write, we read");
        assert_eq!(again, Some((head.clone(), written.len())));
        if let Ok(body) = request_body(&head) {
            assert_ne!(body, BodyLen::UntilClose);
        }
    }
    if let Ok(Some((head, len))) = response {
        assert!(len <= data.len() && data[..len].ends_with(b"\r\n\r\n"));
        assert!((100..1000).contains(&head.status));
        well_formed(&head.fields);
        assert_eq!(response_body("HEAD", &head), Ok(BodyLen::Exact(0)));
        let _ = response_body("GET", &head);
    }
}

fn well_formed(fields: &Fields) {
    assert!(fields.lines().len() <= MAX_FIELDS);
    for (name, value) in fields.lines() {
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
        assert!(value.iter().all(|&b| b == b'\t' || b >= b' ' && b != 0x7f));
        assert_eq!(value.trim_ascii(), value);
    }
}

fn on_the_wire(head: &RequestHead) -> Vec<u8> {
    let version = match head.version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    };
    let mut bytes = format!("{} {} {version}\r\n", head.method, head.target).into_bytes();
    for (name, value) in head.fields.lines() {
        bytes.extend([name.as_bytes(), b":", value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

/// What comes of a body in chunks: the bytes taken, the content, whether it is over; or the status.
fn chunks(sizes: &[u8], data: &[u8]) -> Result<(usize, Vec<u8>, bool), u16> {
    let mut decoder = Chunked::new(MAX);
    let mut pieces = Pieces::new(sizes, data);
    let (mut taken, mut out) = (0, Vec::new());
    while taken < data.len() && !decoder.is_done() {
        let most = pieces.most();
        let piece = &data[taken..data.len().min(taken.saturating_add(most))];
        let n = decoder
            .push(piece, &mut out)
            .map_err(|error| error.status)?;
        assert!(n == piece.len() || decoder.is_done());
        taken += n;
    }
    assert!(out.len() as u64 <= MAX && out.len() <= taken);
    // Nothing is held back: each byte is content, or frames some.
    assert!(taken <= 2 * (MAX as usize + 1) * (MAX_CHUNK_LINE + 4) + MAX_TRAILERS);
    Ok((taken, out, decoder.is_done()))
}

/// How many requests were answered, and all that the server wrote, but for the words that depend on what has come.
fn served(sizes: &[u8], data: &[u8]) -> (u32, Vec<u8>) {
    const HOUR: Duration = Duration::from_secs(3600);
    let limits = Limits {
        idle: HOUR,
        request: HOUR,
        reply: HOUR,
        linger: HOUR,
        max_body: MAX,
    };
    let app = |request: &Request| {
        assert!(request.body.len() as u64 <= MAX);
        Response::new(200, format!("{} {:?}", request.head.target, request.body))
    };
    let mut pieces = Pieces::new(sizes, data);
    let count = serve_connection(&mut pieces, &app, &limits, &SystemClock::new());
    let written = String::from_utf8(pieces.written).expect("this application answers text");
    let written = written.replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    (
        count.expect("a connection that does not break"),
        written.into_bytes(),
    )
}

/// What a client gets, or the kind of the error.
fn asked(method: &str, sizes: &[u8], data: &[u8]) -> Result<(u16, Vec<u8>), io::ErrorKind> {
    let ask = Ask {
        method,
        host: "a",
        path: "/",
        body: b"",
    };
    let mut pieces = Pieces::new(sizes, data);
    match exchange(&mut &mut pieces, &ask) {
        Ok(answer) => Ok((answer.head.status, answer.body)),
        Err(lost) => {
            assert!(lost.received <= data.len());
            Err(lost.cause.kind())
        }
    }
}
