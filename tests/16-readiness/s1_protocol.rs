//! Step 1: a protocol without a socket.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use netlab::frames::frame;
use netlab::{Lab, lab};
use readiness::{EchoFrames, Protocol};

/// What `EchoFrames::take` returns, and what the output is then. It begins with what was in there before.
fn take(lab: &Lab, input: &[u8], before: &[u8]) -> (io::Result<usize>, Vec<u8>) {
    let mut output: VecDeque<u8> = before.iter().copied().collect();
    let what = format!("take({} bytes, output)", input.len());
    let taken = lab.you(&what, || EchoFrames.take(input, &mut output));
    (taken, output.into())
}

fn takes(lab: &Lab, input: &[u8], want: usize) -> Vec<u8> {
    let (taken, output) = take(lab, input, b"");
    match taken {
        Ok(taken) => lab.same("bytes that the request has", taken, want),
        Err(error) => lab.fails(format!("Ok({want})"), format!("Err({error:?})")),
    }
    output
}

#[test]
fn s1_a_frame_comes_back() {
    lab(|lab| {
        lab.why("A whole frame is there: its echo, header and payload, goes to the output, and the number of its bytes is returned. The length is in network byte order, and counts the payload alone.");
        let all: Vec<u8> = (0..=255).collect();
        for payload in [&b"hello"[..], b"!", &all, &vec![b'x'; 65_536]] {
            let frame = frame(payload);
            let output = takes(lab, &frame, frame.len());
            lab.same_bytes("the output", &output, &frame);
        }
    });
}

#[test]
fn s1_an_empty_frame_is_a_frame() {
    lab(|lab| {
        lab.why("A length of 0 announces no payload, so the frame is complete: four bytes, and its echo has four, too. 0 as a result would mean that it is not complete yet.");
        let output = takes(lab, b"\0\0\0\0", 4);
        lab.same_bytes("the output", &output, b"\0\0\0\0");
    });
}

#[test]
fn s1_not_yet() {
    lab(|lab| {
        lab.why("Part of a frame has come: none of it, part of the header, part of the payload. There is nothing to wait with here. 0 says: come again with more. Nothing is answered yet.");
        for whole in [frame(b"hello"), frame([b'y'; 300])] {
            for len in 0..whole.len() {
                let output = takes(lab, &whole[..len], 0);
                lab.same_bytes("the output", &output, b"");
            }
        }
        lab.because("Three bytes of 0xff are not a header yet. What it will announce is not known before the fourth.")
            .same_bytes("the output", &takes(lab, b"\xff\xff\xff", 0), b"");
    });
}

#[test]
fn s1_the_same_bytes_come_again() {
    lab(|lab| {
        lab.why("After 0 the next call gets the same bytes again, with more behind them. A protocol that keeps a part for itself sees it twice.");
        let whole = frame(b"hello");
        let mut echo = EchoFrames;
        let mut output = VecDeque::new();
        for len in [2, 6] {
            let taken = lab.ok(&format!("take({len} bytes, output)"), || {
                echo.take(&whole[..len], &mut output)
            });
            lab.same("bytes that the request has", taken, 0);
        }
        let taken = lab.ok("take(9 bytes, output)", || echo.take(&whole, &mut output));
        lab.same("bytes that the request has", taken, 9);
        lab.same_bytes("the output", &Vec::from(output), &whole);
    });
}

#[test]
fn s1_one_request_a_call() {
    lab(|lab| {
        lab.why("Two frames, and part of a third, have come together. One call takes one request. What follows it belongs to the next call: who calls decides when.");
        let (first, second) = (frame(b"one"), frame(b"and two"));
        let input = [&first[..], &second, b"\0\0"].concat();
        let output = takes(lab, &input, first.len());
        lab.same_bytes("the output", &output, &first);
        let output = takes(lab, &input[first.len()..], second.len());
        lab.same_bytes("the output", &output, &second);
    });
}

#[test]
fn s1_the_reply_goes_to_the_end() {
    lab(|lab| {
        lab.why("The output may hold replies that wait to be sent. They stay, and this one goes behind them.");
        let frame = frame(b"hello");
        let (taken, output) = take(lab, &frame, b"earlier replies");
        lab.same("the result", taken.ok(), Some(frame.len()));
        lab.same_bytes(
            "the output",
            &output,
            &[&b"earlier replies"[..], &frame].concat(),
        );
        lab.because("It is not complete yet: the output is left as it is.")
            .same_bytes(
                "the output",
                &take(lab, &frame[..6], b"earlier").1,
                b"earlier",
            );
    });
}

#[test]
fn s1_too_long_is_known_at_the_header() {
    lab(|lab| {
        lab.why("A length is what somebody else claims. MAX_FRAME is allowed and one byte more is not; that is known as soon as the header is there. Who waits for the payload first gives the stranger memory.");
        let too_long = 65_537_u32.to_be_bytes();
        let behind = [&too_long[..], b"some payload"].concat();
        for input in [&too_long[..], b"\xff\xff\xff\xff", b"\x01\0\0\0", &behind] {
            let (taken, output) = take(lab, input, b"earlier");
            match taken {
                Ok(n) => lab.fails("an error: InvalidData", format!("Ok({n})")),
                Err(error) => {
                    lab.same(
                        "the kind of the error",
                        error.kind(),
                        ErrorKind::InvalidData,
                    );
                }
            }
            lab.same_bytes("the output", &output, b"earlier");
        }
        lab.because("65 536 bytes are allowed: with the header alone, this is a frame that is not complete yet.")
            .same_bytes("the output", &takes(lab, &65_536_u32.to_be_bytes(), 0), b"");
    });
}
