//! Step 3: a body in chunks.

use http1::{Chunked, MAX_CHUNK_LINE, MAX_TRAILERS};
use netlab::{Lab, lab};

use super::heads::shown;

const MUCH: u64 = 1 << 20;

/// What comes of a body that is pushed in these pieces: how many bytes were taken in all, the content,
/// and whether the end has come. The rest of a piece that was not taken is not pushed again.
type Outcome = Result<(usize, Vec<u8>, bool), u16>;

fn decode<'a>(max: u64, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Chunked::new(max);
    let (mut taken, mut out) = (0, Vec::new());
    for piece in pieces {
        let n = decoder
            .push(piece, &mut out)
            .map_err(|error| error.status)?;
        taken += n;
        if n < piece.len() {
            break;
        }
    }
    Ok((taken, out, decoder.is_done()))
}

/// The same for one piece, as a call of the student's.
fn pushed(lab: &Lab, max: u64, bytes: &[u8]) -> Outcome {
    let call = format!("push({}) of Chunked::new({max})", shown(bytes));
    lab.you(&call, || decode(max, [bytes]))
}

/// Demands that this is a whole body with this content.
fn is_body(lab: &Lab, bytes: &[u8], content: &[u8]) {
    let (taken, out, done) = demanded(lab, pushed(lab, MUCH, bytes));
    lab.same_bytes("the content", &out, content);
    lab.same("the end of the body", done, true);
    lab.same("the bytes taken", taken, bytes.len());
}

fn demanded(lab: &Lab, got: Outcome) -> (usize, Vec<u8>, bool) {
    match got {
        Ok(got) => got,
        Err(status) => lab.fails("no error", format!("status {status}")),
    }
}

/// Demands that this is refused with one of these statuses.
fn refused(lab: &Lab, max: u64, bytes: &[u8], statuses: &[u16]) {
    match pushed(lab, max, bytes) {
        Err(status) if statuses.contains(&status) => {}
        got => {
            let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
            let wanted = format!("an error with status {}", statuses.join(" or "));
            lab.fails(wanted, outcome(&got));
        }
    }
}

fn outcome(got: &Outcome) -> String {
    match got {
        Err(status) => format!("status {status}"),
        Ok((taken, out, done)) => format!(
            "{taken} bytes taken, content {}, {}",
            shown(out),
            if *done { "the end" } else { "no end yet" }
        ),
    }
}

const WHOLE: &[u8] = b"5\r\nhello\r\n1;x=y\r\n \r\nA\r\n0123456789\r\n00\r\nA: b\r\nC:\r\n\r\n";

#[test]
fn s3_chunks_make_a_body() {
    lab(|lab| {
        lab.why("A chunk is its size in hexadecimal, CRLF, so many bytes, CRLF. A chunk of size 0 is the last, and an empty line ends the body (RFC 9112 §7.1). CRLF among the bytes is content.");
        is_body(lab, b"5\r\nhello\r\n0\r\n\r\n", b"hello");
        is_body(lab, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello");
        is_body(lab, b"0\r\n\r\n", b"");
        is_body(lab, b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n");
        is_body(lab, b"3\r\n\0\xff\n\r\n0\r\n\r\n", b"\0\xff\n");
        let all: Vec<u8> = (0..=255).collect();
        is_body(
            lab,
            &[b"100\r\n", &all[..], b"\r\n0\r\n\r\n"].concat(),
            &all,
        );
        lab.why("A size is hexadecimal in either case, and may have zeros before it and an extension behind it. Behind the last chunk may stand fields (RFC 9112 §7.1.1, §7.1.2). Nothing of that is content.");
        is_body(lab, WHOLE, b"hello 0123456789");
    });
}

#[test]
fn s3_split_anywhere() {
    lab(|lab| {
        lab.why("A stream gives a body in any pieces: a size, a CRLF, a chunk may come in two. Remember where you are; each byte is taken once, and none is asked for again.");
        lab.you("push(a body in two pieces), split at each byte", || {});
        for at in 0..=WHOLE.len() {
            let got = decode(MUCH, [&WHOLE[..at], &WHOLE[at..]]);
            is_same(lab, &[&WHOLE[..at], &WHOLE[at..]], got);
        }
        lab.you("push(a body, a byte at a time)", || {});
        let bytes: Vec<&[u8]> = WHOLE.chunks(1).collect();
        is_same(lab, &bytes[..], decode(MUCH, bytes.iter().copied()));
        lab.why("The end has come with the last byte of the empty line, and not before.");
        for n in 0..WHOLE.len() {
            let (taken, _, done) = demanded(lab, decode(MUCH, [&WHOLE[..n]]));
            lab.same(
                &format!("the bytes taken of {}", shown(&WHOLE[..n])),
                taken,
                n,
            );
            lab.same(
                &format!("the end, after {}", shown(&WHOLE[..n])),
                done,
                false,
            );
        }
    });
}

fn is_same(lab: &Lab, pieces: &[&[u8]], got: Outcome) {
    let want: Outcome = Ok((WHOLE.len(), b"hello 0123456789".to_vec(), true));
    if got != want {
        let pieces: Vec<_> = pieces.iter().map(|piece| shown(piece)).collect();
        lab.fails(
            format!("{} for the pieces {}", outcome(&want), pieces.join(", ")),
            outcome(&got),
        );
    }
}

#[test]
fn s3_what_is_behind_stays() {
    lab(|lab| {
        lab.why("Behind the empty line begins the next message. Its bytes are not taken, in whatever piece they come.");
        for body in [WHOLE, b"0\r\n\r\n"] {
            for behind in [&b"GET / HTTP/1.1\r\n"[..], b"\r\n", b"0\r\n\r\n", b"x"] {
                let bytes = [body, behind].concat();
                let (taken, _, done) = demanded(lab, pushed(lab, MUCH, &bytes));
                lab.same("the bytes taken", taken, body.len());
                lab.same("the end of the body", done, true);
                for at in [1, body.len() - 1, body.len() - 2] {
                    let got = decode(MUCH, [&bytes[..at], &bytes[at..]]);
                    let (taken, _, done) = demanded(lab, got);
                    lab.same("the bytes taken", (taken, done), (body.len(), true));
                }
            }
        }
        let mut decoder = Chunked::new(MUCH);
        let mut out = Vec::new();
        let got = lab.you("push(a whole body), and push(\"5\\r\\n\") again", || {
            decoder
                .push(WHOLE, &mut out)
                .and_then(|_| decoder.push(b"5\r\n", &mut out))
        });
        lab.same("the bytes taken then", got.map_err(|e| e.status), Ok(0));
    });
}

#[test]
fn s3_content_comes_at_once() {
    lab(|lab| {
        lab.why("What has come of a chunk is content. A decoder that waits for all of it holds a gigabyte, and a stream of news that comes in one long chunk is never seen.");
        let mut decoder = Chunked::new(MUCH);
        let mut out = b"before ".to_vec();
        for (piece, want) in [
            (&b"5\r\nhe"[..], &b"before he"[..]),
            (b"l", b"before hel"),
            (b"lo\r\n3", b"before hello"),
            (b"\r\n w", b"before hello w"),
        ] {
            let call = format!("push({})", shown(piece));
            let got = lab.ok(&call, || decoder.push(piece, &mut out));
            lab.same("the bytes taken", got, piece.len());
            lab.same_bytes("the content so far, behind what was there", &out, want);
        }
        lab.why("An empty piece changes nothing.");
        let got = lab.ok("push(no bytes)", || decoder.push(b"", &mut out));
        lab.same("the bytes taken", got, 0);
    });
}

#[test]
fn s3_sizes_are_hexadecimal() {
    lab(|lab| {
        lab.why("10 is sixteen, in digits of either case, with any number of zeros before (RFC 9112 §7.1).");
        for (size, len) in [
            ("10", 16),
            ("a", 10),
            ("F", 15),
            ("1f", 31),
            ("aB", 171),
            ("0000000000000000000000005", 5),
            ("100", 256),
            ("1000", 4096),
        ] {
            let content = vec![b'x'; len];
            let bytes = [size.as_bytes(), b"\r\n", &content, b"\r\n0\r\n\r\n"].concat();
            is_body(lab, &bytes, &content);
        }
        lab.why(
            "Anything else is no size: one program takes it for a number, the next for the end.",
        );
        for size in [
            "", " ", "g", "+5", "-1", "-0", "0x5", "5h", " 5", "5 ", "5\t", "5 5", "5,5", "5.0",
            "\r5", "_5", " 5;a", "\t5 ;a", "5\0", "\u{665}", "x", "5=", "\t5", ";a", " ;a",
        ] {
            for behind in ["hello\r\n0\r\n\r\n", "\r\n", "0\r\n\r\n"] {
                let bytes = format!("{size}\r\n{behind}");
                refused(lab, MUCH, bytes.as_bytes(), &[400]);
            }
        }
    });
}

#[test]
fn s3_a_size_that_overflows() {
    lab(|lab| {
        lab.why("ffffffffffffffff bytes announced. A sum that wraps around makes a small number of it, or a panic; reserving so much memory ends the program. The size is checked before anything is done with it.");
        for size in [
            "ffffffffffffffff",
            "FFFFFFFFFFFFFFFF",
            "8000000000000000",
            "100001",
        ] {
            refused(lab, MUCH, format!("{size}\r\n").as_bytes(), &[413]);
        }
        lab.why("Sixteen digits are 64 bits, and this is one digit more. Sixteen times a number that large does not fit; who does not look keeps what is left of it, and 10000000000000000 is 0: the last chunk.");
        for size in [
            "10000000000000000",
            "fffffffffffffffff",
            "10000000000000005",
            "100000000000000000000000000000005",
        ] {
            for max in [MUCH, u64::MAX] {
                refused(
                    lab,
                    max,
                    format!("{size}\r\nhello\r\n").as_bytes(),
                    &[400, 413],
                );
            }
        }
        lab.why("Two chunks whose sum does not fit into 64 bits.");
        for size in ["ffffffffffffffff", "fffffffffffffffb"] {
            let bytes = format!("5\r\nhello\r\n{size}\r\n");
            refused(lab, u64::MAX, bytes.as_bytes(), &[413]);
        }
        lab.why("Where there is no maximum, a huge chunk may come: nothing is reserved for what has not come yet.");
        for size in ["ffffffffffffffff", "7fffffffffffffff", "10000000000"] {
            let bytes = format!("{size}\r\nhello");
            let (_, out, done) = demanded(lab, pushed(lab, u64::MAX, bytes.as_bytes()));
            lab.same_bytes("the content so far", &out, b"hello");
            lab.same("the end of the body", done, false);
            lab.holds(
                out.capacity() < 1 << 20,
                "memory for what has come",
                format!("room for {} bytes", out.capacity()),
            );
        }
    });
}

#[test]
fn s3_no_more_than_the_maximum() {
    lab(|lab| {
        lab.why("The maximum is for the content of all chunks together, to the byte. What would be more is refused when it is announced: nobody waits for it, and nothing of it is kept.");
        for (max, bytes) in [
            (5, &b"5\r\nhello\r\n0\r\n\r\n"[..]),
            (5, b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            (0, b"0\r\n\r\n"),
        ] {
            let (_, _, done) = demanded(lab, pushed(lab, max, bytes));
            lab.same("the end of the body", done, true);
        }
        for (max, bytes) in [
            (5, &b"6\r\n"[..]),
            (5, b"2\r\nhe\r\n4\r\n"),
            (5, b"5\r\nhello\r\n1\r\n"),
            (0, b"1\r\n"),
            (
                5,
                b"1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\n",
            ),
        ] {
            refused(lab, max, bytes, &[413]);
        }
    });
}

#[test]
fn s3_the_maximum_is_for_this_body() {
    lab(|lab| {
        lab.why("The maximum is for the content of this body. What stood in `out` before belongs to somebody else, and what the caller has taken out of it meanwhile still counts.");
        let mut out = b"before".to_vec();
        let mut decoder = Chunked::new(5);
        let body = b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
        let got = lab.you(
            "Chunked::new(5), push(5 bytes of content, out with 6)",
            || decoder.push(body, &mut out).map_err(|error| error.status),
        );
        lab.same("the bytes taken", got, Ok(body.len()));
        let mut decoder = Chunked::new(5);
        let got = lab.you(
            "push(3 bytes of content), and 3 more into another out",
            || {
                let first = decoder.push(b"3\r\nhel\r\n", &mut Vec::new());
                first.and_then(|_| decoder.push(b"3\r\n", &mut Vec::new()))
            },
        );
        lab.same("the answer", got.map_err(|error| error.status), Err(413));
    });
}

#[test]
fn s3_extensions_are_passed_over() {
    lab(|lab| {
        lab.why("Behind a size may stand ; and words that nobody knows (RFC 9112 §7.1.1). They are not content and not part of the size. Blanks may stand before the ;.");
        for extension in [
            ";a",
            ";a=b",
            ";a=\"b;c\"",
            ";",
            ";;",
            " ;a",
            "\t ;a",
            "; a = b",
            ";a=5\t",
            ";\u{e9}",
            ";5",
            ";a=b ",
        ] {
            let bytes = format!("5{extension}\r\nhello\r\n0{extension}\r\n\r\n");
            is_body(lab, bytes.as_bytes(), b"hello");
        }
        lab.why("An extension is text, and ends with CRLF alone. A lone LF in it is the end of the line to some programs, and that is enough to smuggle a request.");
        for extension in [";a\nb", ";\r", ";a\rb", ";\0", ";a\x7f", ";\x01", ";a\n"] {
            for end in ["\r\n", ""] {
                let bytes = format!("5{extension}{end}hello\r\n0\r\n\r\n");
                refused(lab, MUCH, bytes.as_bytes(), &[400]);
            }
        }
    });
}

#[test]
fn s3_a_size_line_has_an_end() {
    lab(|lab| {
        lab.why("Extensions are a place to send bytes for ever that no maximum counts. A line of MAX_CHUNK_LINE bytes is taken, a longer one is refused as soon as it is.");
        let line = |len: usize| format!("5;{}", "x".repeat(len - 2));
        let bytes = format!("{}\r\nhello\r\n0\r\n\r\n", line(MAX_CHUNK_LINE));
        is_body(lab, bytes.as_bytes(), b"hello");
        let zeros = format!("{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(MAX_CHUNK_LINE - 1));
        is_body(lab, zeros.as_bytes(), b"hello");
        for line in [
            line(MAX_CHUNK_LINE + 1),
            "0".repeat(MAX_CHUNK_LINE + 1),
            " ".repeat(300),
        ] {
            refused(lab, MUCH, format!("{line}\r\n").as_bytes(), &[400]);
            refused(lab, MUCH, line.as_bytes(), &[400]);
            lab.you("the same, a byte at a time", || {});
            let got = decode(MUCH, line.as_bytes().chunks(1));
            lab.same("the answer", got, Err(400));
        }
        lab.why("It is for every size line, also for one behind content.");
        for line in [line(MAX_CHUNK_LINE + 1), "0".repeat(MAX_CHUNK_LINE + 1)] {
            let bytes = format!("5\r\nhello\r\n{line}");
            refused(lab, MUCH, bytes.as_bytes(), &[400]);
        }
        lab.why("The limit is for each line, and not for all of them together.");
        let many = format!("{}\r\nhello\r\n", line(MAX_CHUNK_LINE)).repeat(100);
        let (taken, _, _) = demanded(lab, pushed(lab, MUCH, many.as_bytes()));
        lab.same("the bytes taken", taken, many.len());
    });
}

#[test]
fn s3_a_chunk_ends_with_crlf() {
    lab(|lab| {
        lab.why("The size and the CRLF behind the bytes say the same twice. Where they differ, one of the two programs on the way has counted wrongly: stop. CRLF is two bytes, in this order: LF alone, and a CR that is content, are none.");
        for bytes in [
            &b"5\r\nhello!\r\n0\r\n\r\n"[..],
            b"5\r\nhell\r\n0\r\n\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhello\r0\r\n\r\n",
            b"5\r\nhello\r\r\n0\r\n\r\n",
            b"5\r\nhello \r\n0\r\n\r\n",
            b"5\r\nhello\r\n\r\n0\r\n\r\n",
            b"\r\n0\r\n\r\n",
        ] {
            refused(lab, MUCH, bytes, &[400]);
        }
        lab.why("Every line ends with CRLF, also the empty one at the end. A lone LF, a lone CR, or one CR more is the end of a line to one program, and not to the next.");
        for bytes in [
            &b"5\nhello\r\n0\r\n\r\n"[..],
            b"5\rhello\r\n0\r\n\r\n",
            b"5\r\r\nhello\r\n0\r\n\r\n",
            b"0\n\r\n",
            b"0\r\n\n",
            b"0\r\n\r\r\n",
        ] {
            refused(lab, MUCH, bytes, &[400]);
        }
        lab.why("What cannot be right is refused when it comes: what waits for more of it waits for ever.");
        refused(lab, MUCH, b"5\r\nhelloXY", &[400]);
        refused(lab, MUCH, b"5\nhello", &[400]);
    });
}

#[test]
fn s3_trailers_end_it() {
    lab(|lab| {
        lab.why("Behind the last chunk may stand fields (RFC 9112 §7.1.2). They are passed over: not content, and not the beginning of the next message. The empty line behind them is the end.");
        for trailers in [
            "A: b\r\n",
            "A:\r\nB: c\r\n",
            "0: 0\r\n",
            "Content-Length: 5\r\n",
            "A: \u{e9}\tb \r\n",
        ] {
            let bytes = format!("5\r\nhello\r\n0\r\n{trailers}\r\n");
            is_body(lab, bytes.as_bytes(), b"hello");
        }
        lab.why("They are fields like those of a head, and are refused like them.");
        for trailers in [
            "A\r\n",
            "A : b\r\n",
            " A: b\r\n",
            "A: b\r\n c\r\n",
            ": b\r\n",
            "A: b\n",
            "A: \0\r\n",
            "A: b\rc\r\n",
            "A: b\r\r\n",
            "GET / HTTP/1.1\r\n",
            "5\r\n",
        ] {
            let bytes = format!("5\r\nhello\r\n0\r\n{trailers}\r\n");
            refused(lab, MUCH, bytes.as_bytes(), &[400]);
        }
    });
}

#[test]
fn s3_trailers_have_a_limit() {
    lab(|lab| {
        lab.why("Trailers are a head without a limit, unless you set one: MAX_TRAILERS bytes for all of their lines, and not a byte more, whether the line ends or not.");
        let trailers = |len: usize| {
            let half = len / 2;
            let line = |len: usize| format!("A: {}\r\n", "x".repeat(len - 5));
            line(half) + &line(len - half)
        };
        let bytes = format!("0\r\n{}\r\n", trailers(MAX_TRAILERS));
        is_body(lab, bytes.as_bytes(), b"");
        let bytes = format!("0\r\n{}\r\n", trailers(MAX_TRAILERS + 1));
        refused(lab, MUCH, bytes.as_bytes(), &[431]);
        // Without the empty line: the last trailer itself is too much.
        for more in [1, 2] {
            for before in ["", "5\r\nhello\r\n"] {
                let bytes = format!("{before}0\r\n{}", trailers(MAX_TRAILERS + more));
                refused(lab, MUCH, bytes.as_bytes(), &[431]);
            }
        }
        let endless = format!("0\r\nA: {}", "x".repeat(MAX_TRAILERS));
        refused(lab, MUCH, endless.as_bytes(), &[431]);
        let second = format!("0\r\nA: {}\r\nB: {}", "x".repeat(5000), "x".repeat(5000));
        refused(lab, MUCH, second.as_bytes(), &[431]);
        let many = "A: b\r\n".repeat(MAX_TRAILERS / 6 + 1);
        refused(lab, MUCH, format!("0\r\n{many}").as_bytes(), &[431]);
        lab.you("the same, a byte at a time", || {});
        let got = decode(MUCH, endless.as_bytes().chunks(1));
        lab.same("the answer", got, Err(431));
    });
}

#[test]
fn s3_many_small_chunks() {
    lab(|lab| {
        lab.why("A body in chunks of one byte is six times as long, and no more work for that: who moves the rest of the input at each chunk does work that grows with the square.");
        let bytes = b"1\r\nx\r\n".repeat(50_000);
        let whole = [&bytes[..], b"0\r\n\r\n"].concat();
        let (taken, out, done) = demanded(lab, pushed(lab, MUCH, &whole));
        lab.same("the bytes taken", taken, whole.len());
        lab.same("the content's length", out.len(), 50_000);
        lab.same("the end of the body", done, true);
    });
}
