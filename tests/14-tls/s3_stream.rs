//! Step 3: a stream in a stream.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::{SystemClock, Waits};
use netlab::{Lab, lab};
use rustls::{AlertDescription, ClientConnection, ServerConnection};
use tls::{MAX_UNSENT, Tcp, TlsStream};

use super::certificates::{paper, root, stranger};
use super::configs::{self, NAME, name, server_of};
use super::wire::{Act, SIDES, Side, Wire, to_client, to_server, wire};

fn says(bytes: &[u8]) -> Act {
    Act::Says(bytes.to_vec())
}

fn shakes(lab: &Lab, stream: &mut TlsStream<Wire>) {
    lab.ok("handshake()", || stream.handshake());
    lab.because("handshake() returns when it is over.").same(
        "it is handshaking",
        stream.connection().is_handshaking(),
        false,
    );
}

fn reads(lab: &Lab, stream: &mut impl Read, most: usize) -> Vec<u8> {
    let mut buf = vec![0; most];
    let n = lab.ok(&format!("read(buf of {most} bytes)"), || {
        stream.read(&mut buf)
    });
    buf.truncate(n);
    buf
}

fn reads_exactly(lab: &Lab, stream: &mut impl Read, len: usize, most: usize) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < len {
        let piece = reads(lab, stream, most);
        if piece.is_empty() {
            lab.fails(
                format!("{len} bytes, and then the end"),
                format!("the end after {}", got.len()),
            );
        }
        got.extend(piece);
    }
    got
}

/// Demands that this comes, in one read or in several.
fn comes(lab: &Lab, stream: &mut impl Read, want: &[u8]) {
    let got = reads_exactly(lab, stream, want.len(), 100);
    lab.same_bytes("what comes", &got, want);
}

fn writes(lab: &Lab, stream: &mut impl Write, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let n = lab.ok(&format!("write({} bytes)", rest.len()), || {
            stream.write(rest)
        });
        lab.holds(
            n > 0,
            "some of it is taken",
            "Ok(0): nothing is taken, and there is no error",
        );
        rest = &rest[n..];
    }
}

fn flushes(lab: &Lab, stream: &mut impl Write) {
    lab.ok("flush()", || stream.flush());
}

/// Demands an error of this kind from a call.
fn fails<T: std::fmt::Debug>(
    lab: &Lab,
    what: &str,
    kind: ErrorKind,
    call: impl FnOnce() -> std::io::Result<T>,
) -> std::io::Error {
    let error = lab.err(what, call);
    lab.same("the kind of the error", error.kind(), kind);
    error
}

/// Text of any length, in which every place is different.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 251 + at) as u8).collect()
}

#[test]
fn s3_shakes_hands() {
    lab(|lab| {
        lab.why("The machine says what it wants: to write, to read. A handshake is that loop, and it is over when both sides say so and nothing is left to be sent (RFC 8446 §2).");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let wire = wire(lab, side, &[]);
            let mut stream = wire.stream(side);
            let before = wire.state().calls();
            lab.because(
                "A stream that is made has not begun: who makes it may still want to set a limit.",
            )
            .same("reads, bytes written and flushes", before, (0, 0, 0));
            shakes(lab, &mut stream);
            let connection = stream.connection();
            lab.same(
                "it has something left to send",
                connection.wants_write(),
                false,
            );
            lab.same(
                "bytes that are written and not flushed",
                wire.state().unflushed.len(),
                0,
            );
            lab.because("Your last flight has to be out, too: the other side waits for it.")
                .same(
                    "the peer's handshake is over",
                    wire.has_shaken_hands(),
                    true,
                );
            let before = wire.state().calls();
            shakes(lab, &mut stream);
            let after = wire.state().calls();
            lab.because("A second handshake() has nothing to do.").same(
                "reads and bytes written",
                after,
                before,
            );
        }
    });
}

#[test]
fn s3_a_connection_that_has_read_already() {
    lab(|lab| {
        lab.why("Whoever accepts a client reads its hello, to find out which site it wants, and gives the bytes to rustls. The client waits for an answer now. So what rustls has is processed before the transport is read: nothing more comes from there.");
        for first in ["handshake()", "read(…)", "write(…)"] {
            let wire = to_client(lab, configs::client(), [says(b"hello")]);
            let mut hello = [0; 4096];
            let n = wire.clone().read(&mut hello).expect("the peer's hello");
            lab.scene(format!(
                "rustls is given the client's hello, {n} bytes, before the stream is made; your first call is {first}"
            ));
            let mut connection = ServerConnection::new(configs::server()).expect("a server");
            let mut rest = &hello[..n];
            while !rest.is_empty() {
                connection.read_tls(&mut rest).expect("memory can be read");
            }
            let mut stream = wire.stream_of(connection);
            match first {
                "handshake()" => shakes(lab, &mut stream),
                "write(…)" => writes(lab, &mut stream, b"welcome"),
                _ => {}
            }
            comes(lab, &mut stream, b"hello");
        }
    });
}

#[test]
fn s3_text_goes_both_ways() {
    lab(|lab| {
        lab.why("read and write are in plaintext. On the wire there are records: 17 03 03 and a length, and nothing that can be read.");
        for side in SIDES {
            for shakes_before in [true, false] {
                lab.scene(format!("you are the {side:?}"));
                let wire = wire(
                    lab,
                    side,
                    &[
                        Act::Hears(8),
                        says(b"an answer"),
                        Act::Hears(12),
                        says(b"another"),
                    ],
                );
                let mut stream = wire.stream(side);
                if shakes_before {
                    shakes(lab, &mut stream);
                }
                writes(lab, &mut stream, b"question");
                flushes(lab, &mut stream);
                lab.same_bytes("what the peer has heard", &wire.heard(), b"question");
                comes(lab, &mut stream, b"an answer");
                writes(lab, &mut stream, b"more");
                flushes(lab, &mut stream);
                comes(lab, &mut stream, b"another");
                let written = wire.state().written.clone();
                let clear = written.windows(8).any(|eight| eight == b"question");
                lab.same("the question can be read on the wire", clear, false);
            }
        }
        lab.scene("you read first, without a handshake");
        for side in SIDES {
            let wire = wire(lab, side, &[says(b"welcome")]);
            let mut stream = wire.stream(side);
            comes(lab, &mut stream, b"welcome");
        }
    });
}

#[test]
fn s3_a_transport_gives_and_takes_any_piece() {
    lab(|lab| {
        lab.why("A record is not a read: it comes in any pieces, and goes out in any. Who reads once and has no plaintext yet, reads again; who writes once and is not done, writes again.");
        for side in SIDES {
            for piece in [1, 2, 7, 1000] {
                lab.scene(format!(
                    "you are the {side:?}, and the transport moves {piece} bytes a call"
                ));
                let wire = wire(
                    lab,
                    side,
                    &[says(&text(3000)), Act::Hears(5000), says(b"done")],
                )
                .pieces(piece);
                let mut stream = wire.stream(side);
                shakes(lab, &mut stream);
                lab.same_bytes(
                    "what comes",
                    &reads_exactly(lab, &mut stream, 3000, 4096),
                    &text(3000),
                );
                writes(lab, &mut stream, &text(5000));
                flushes(lab, &mut stream);
                lab.same_bytes("what the peer has heard", &wire.heard(), &text(5000));
                comes(lab, &mut stream, b"done");
            }
        }
    });
}

#[test]
fn s3_interrupted_is_no_error() {
    lab(|lab| {
        lab.why("A signal has woken the call, and nothing else has happened: repeat it. In the middle of a record there is no other way, for what is done of it cannot be done again.");
        for side in SIDES {
            for piece in [5, usize::MAX] {
                lab.scene(format!("you are the {side:?}"));
                let wire = wire(
                    lab,
                    side,
                    &[says(b"hello"), Act::Hears(300), says(b"done"), Act::Ends],
                )
                .pieces(piece)
                .interrupting();
                let mut stream = wire.stream(side);
                shakes(lab, &mut stream);
                lab.same_bytes(
                    "what comes",
                    &reads_exactly(lab, &mut stream, 5, 64),
                    b"hello",
                );
                writes(lab, &mut stream, &text(300));
                flushes(lab, &mut stream);
                lab.same_bytes("what the peer has heard", &wire.heard(), &text(300));
                comes(lab, &mut stream, b"done");
                lab.same_bytes("the end", &reads(lab, &mut stream, 64), b"");
            }
        }
    });
}

#[test]
fn s3_read_gives_what_is_there() {
    lab(|lab| {
        lab.why("Whoever reads a reply needs its first record now, not when the next one comes: the peer may be waiting for the next question.");
        for side in SIDES {
            lab.scene(format!(
                "you are the {side:?}: a record, and nothing behind it"
            ));
            let wire1 = wire(lab, side, &[says(b"one"), Act::Hears(2), says(b"two")]);
            let mut stream = wire1.stream(side);
            comes(lab, &mut stream, b"one");
            writes(lab, &mut stream, b"ok");
            flushes(lab, &mut stream);
            comes(lab, &mut stream, b"two");

            lab.scene(format!(
                "you are the {side:?}: a record that is longer than the buffer"
            ));
            let wire2 = wire(lab, side, &[says(&text(1000))]);
            let mut stream = wire2.stream(side);
            let mut got = reads(lab, &mut stream, 10);
            let before = wire2.state().reads;
            got.extend(reads_exactly(lab, &mut stream, 990, 7));
            lab.same_bytes("all of it", &got, &text(1000));
            lab.because("The plaintext was there already. A read of the transport would have waited for ever.")
                .same("further reads of the transport", wire2.state().reads - before, 0);

            lab.scene(format!("you are the {side:?}: a buffer of no bytes"));
            lab.same(
                "what an empty buffer gets",
                reads(lab, &mut stream, 0).len(),
                0,
            );
        }
    });
}

#[test]
fn s3_much_goes_through() {
    lab(|lab| {
        lab.why("More than a record, and more than all buffers together. A record has 16 kB of plaintext at most, and what is decrypted must be taken out before more is read.");
        for (side, most) in [
            (Side::Client, 100_000),
            (Side::Server, 1000),
            (Side::Client, 16_384),
        ] {
            lab.scene(format!(
                "you are the {side:?}, with a buffer of {most} bytes"
            ));
            let len = 100_000;
            let acts: Vec<_> = text(len)
                .chunks(40_000)
                .map(says)
                .chain([Act::Hears(len), says(b"got it")])
                .collect();
            let wire = wire(lab, side, &acts);
            let mut stream = wire.stream(side);
            lab.same_bytes(
                "what comes",
                &reads_exactly(lab, &mut stream, len, most),
                &text(len),
            );
            writes(lab, &mut stream, &text(len));
            flushes(lab, &mut stream);
            lab.same_bytes("what the peer has heard", &wire.heard(), &text(len));
            comes(lab, &mut stream, b"got it");
        }
    });
}

#[test]
fn s3_flush_brings_it_out() {
    lab(|lab| {
        lab.why("Between your write and the wire there are two buffers: rustls's, and the transport's. Flush means both (std: Write::flush).");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let wire = wire(lab, side, &[]);
            let mut stream = wire.stream(side);
            shakes(lab, &mut stream);
            let before = wire.state().written.len();
            writes(lab, &mut stream, b"one");
            lab.because("A write sends as much as the transport takes. Who never flushes, and has nothing more to write, has sent something all the same.")
                .holds(wire.state().written.len() > before, "bytes in the transport after a write", "none");
            wire.state().piece = 7;
            writes(lab, &mut stream, b"and two");
            lab.because("The transport takes seven bytes a call, and has room for more calls.")
                .same(
                    "rustls has something left to send after a write",
                    stream.connection().wants_write(),
                    false,
                );
            wire.state().piece = usize::MAX;
            let none = lab.ok("write(0 bytes)", || stream.write(b""));
            lab.same("bytes taken of none", none, 0);
            let before = wire.state().flushes;
            flushes(lab, &mut stream);
            lab.same_bytes("what the peer has heard", &wire.heard(), b"oneand two");
            lab.same(
                "the transport was flushed",
                wire.state().flushes > before,
                true,
            );
            lab.same(
                "rustls has something left to send",
                stream.connection().wants_write(),
                false,
            );

            lab.scene(format!(
                "you are the {side:?}, and the transport was full for a while"
            ));
            wire.state().room = Some(10);
            writes(lab, &mut stream, &text(500));
            fails(lab, "flush()", ErrorKind::WouldBlock, || stream.flush());
            wire.state().room = None;
            flushes(lab, &mut stream);
            let heard = wire.heard();
            lab.same_bytes("what the peer has heard", &heard[10..], &text(500));
        }
    });
}

#[test]
fn s3_a_flush_can_fail() {
    lab(|lab| {
        lab.why("A transport that has a buffer of its own can fail when it is flushed, and then the bytes are still in there. Whoever is told that all is out waits for an answer to what nobody has heard.");
        for side in SIDES {
            for kind in [ErrorKind::WouldBlock, ErrorKind::ConnectionReset] {
                lab.scene(format!(
                    "you are the {side:?}: flush() fails, with {kind:?}"
                ));
                let wire1 = wire(lab, side, &[]);
                let mut stream = wire1.stream(side);
                shakes(lab, &mut stream);
                writes(lab, &mut stream, b"hello");
                wire1.state().flush_error = Some(kind);
                fails(lab, "flush()", kind, || stream.flush());
                flushes(lab, &mut stream);
                lab.same_bytes("what the peer has heard", &wire1.heard(), b"hello");

                lab.scene(format!(
                    "you are the {side:?}: the handshake cannot be flushed, with {kind:?}"
                ));
                let wire2 = wire(lab, side, &[]);
                let mut stream = wire2.stream(side);
                wire2.state().flush_error = Some(kind);
                fails(lab, "handshake()", kind, || stream.handshake());
                shakes(lab, &mut stream);
                lab.same(
                    "the peer's handshake is over",
                    wire2.has_shaken_hands(),
                    true,
                );
            }
            lab.scene(format!(
                "you are the {side:?}: the last part of the handshake cannot be flushed"
            ));
            let wire3 = wire(lab, side, &[]);
            let mut stream = wire3.stream(side);
            wire3.state().good_flushes = 1;
            wire3.state().flush_error = Some(ErrorKind::WouldBlock);
            fails(lab, "handshake()", ErrorKind::WouldBlock, || {
                stream.handshake()
            });
            shakes(lab, &mut stream);
            lab.same(
                "bytes that are written and not flushed",
                wire3.state().unflushed.len(),
                0,
            );
            lab.same(
                "the peer's handshake is over",
                wire3.has_shaken_hands(),
                true,
            );
        }
    });
}

#[test]
fn s3_would_block_loses_nothing() {
    lab(|lab| {
        lab.why("WouldBlock means: not now. What was done is done, and the same call made again goes on from there.");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}: nothing comes for a while"));
            let blocks = Act::Fails(ErrorKind::WouldBlock);
            let wire1 = wire(
                lab,
                side,
                &[says(b"hello"), blocks.clone(), blocks, says(b"again")],
            );
            let mut stream = wire1.stream(side);
            comes(lab, &mut stream, b"hello");
            for _ in 0..2 {
                fails(lab, "read(buf of 9 bytes)", ErrorKind::WouldBlock, || {
                    stream.read(&mut [0; 9])
                });
            }
            comes(lab, &mut stream, b"again");

            lab.scene(format!(
                "you are the {side:?}: nothing comes for a while during the handshake"
            ));
            let wire3 = wire(lab, side, &[says(b"hello")]);
            let mut stream = wire3.stream(side);
            for _ in 0..2 {
                wire3.state().read_error = Some(ErrorKind::WouldBlock);
                fails(lab, "handshake()", ErrorKind::WouldBlock, || {
                    stream.handshake()
                });
            }
            shakes(lab, &mut stream);
            comes(lab, &mut stream, b"hello");

            lab.scene(format!(
                "you are the {side:?}: the transport is full during the handshake"
            ));
            let wire2 = wire(lab, side, &[says(b"hello")]);
            wire2.state().room = Some(3);
            let mut stream = wire2.stream(side);
            let mut blocked = 0;
            while let Err(error) = lab.you("handshake()", || stream.handshake()) {
                lab.same("the kind of the error", error.kind(), ErrorKind::WouldBlock);
                blocked += 1;
                if blocked > 1000 {
                    lab.fails(
                        "an end of the handshake",
                        "WouldBlock, a thousand times, though each time there was room",
                    );
                }
                wire2.state().room = Some(100);
            }
            comes(lab, &mut stream, b"hello");

            lab.scene(format!(
                "you are the {side:?}: the transport is full when you write"
            ));
            wire2.state().room = Some(0);
            writes(lab, &mut stream, b"important");
            wire2.state().room = None;
            flushes(lab, &mut stream);
            lab.same_bytes("what the peer has heard", &wire2.heard(), b"important");
            for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
                lab.scene(format!(
                    "you are the {side:?}: the transport says {kind:?} when you write"
                ));
                let before = wire2.heard().len();
                wire2.state().write_error = Some(kind);
                writes(lab, &mut stream, b"later");
                let lab = lab.because("It was no time for it, and nothing is wrong. The next call sends what is left.");
                flushes(&lab, &mut stream);
                lab.same_bytes(
                    "what the peer has heard",
                    &wire2.heard()[before..],
                    b"later",
                );
            }
        }
    });
}

#[test]
fn s3_what_is_unsent_goes_out_before_a_wait() {
    lab(|lab| {
        lab.why("You wait for an answer to a question that lies in your own buffer. So before a stream reads, it sends what it has, and flushes.");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let wire = wire(lab, side, &[Act::Hears(600), says(b"answer")]);
            let mut stream = wire.stream(side);
            shakes(lab, &mut stream);
            wire.state().room = Some(20);
            writes(lab, &mut stream, &text(600));
            wire.state().room = None;
            lab.note("there is room again in the transport");
            comes(lab, &mut stream, b"answer");
        }
        for side in SIDES {
            lab.scene(format!(
                "you are the {side:?}, and there is room when you have read new keys"
            ));
            let acts = [
                Act::MakesRoom,
                Act::Rekeys,
                Act::Hears(600),
                says(b"answer"),
            ];
            let wire = wire(lab, side, &acts);
            let mut stream = wire.stream(side);
            shakes(lab, &mut stream);
            wire.state().room = Some(0);
            writes(lab, &mut stream, &text(600));
            comes(lab, &mut stream, b"answer");
        }
    });
}

#[test]
fn s3_reads_although_it_cannot_write() {
    lab(|lab| {
        lab.why("Both sides have written until everything was full, and now both read. Whoever insists on writing first waits for somebody who does the same. One of them has to read.");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let wire = wire(lab, side, &[says(b"make room")]);
            let mut stream = wire.stream(side);
            shakes(lab, &mut stream);
            wire.state().room = Some(0);
            writes(lab, &mut stream, &text(100));
            comes(lab, &mut stream, b"make room");
            wire.state().room = None;
            flushes(lab, &mut stream);
            lab.same_bytes("what the peer has heard", &wire.heard(), &text(100));
        }
    });
}

#[test]
fn s3_a_peer_that_never_reads_costs_little() {
    lab(|lab| {
        lab.why("A peer that reads nothing keeps you from sending, and must not make you keep what it does not read: some kB for each of ten thousand clients are enough.");
        for side in SIDES {
            for piece in [1000, 100_000] {
                lab.scene(format!(
                    "you are the {side:?}, and write {piece} bytes at a time"
                ));
                let wire = wire(lab, side, &[]);
                let mut stream = wire.stream(side);
                shakes(lab, &mut stream);
                wire.state().room = Some(0);
                let all = text(200_000);
                let mut taken = 0;
                let error = loop {
                    let rest = &all[taken..(taken + piece).min(all.len())];
                    match lab.you(&format!("write({} bytes)", rest.len()), || {
                        stream.write(rest)
                    }) {
                        Ok(0) => lab.fails(
                            "an error, or some bytes that are taken",
                            "Ok(0): nothing is taken, and nothing is wrong",
                        ),
                        Ok(n) => taken += n,
                        Err(error) => break error,
                    }
                    let most = MAX_UNSENT + (16 << 10);
                    lab.holds(
                        taken <= most,
                        format!("about {MAX_UNSENT} bytes are taken, no more"),
                        format!("{taken} bytes are taken, and none is sent"),
                    );
                };
                lab.same("the kind of the error", error.kind(), ErrorKind::WouldBlock);
                lab.holds(
                    taken >= MAX_UNSENT / 4,
                    format!("about {MAX_UNSENT} bytes are taken"),
                    taken,
                );
                wire.state().room = None;
                let n = lab.ok("write(1000 bytes)", || {
                    stream.write(&all[taken..taken + 1000])
                });
                flushes(lab, &mut stream);
                lab.same_bytes("what the peer has heard", &wire.heard(), &all[..taken + n]);
            }
        }
    });
}

#[test]
fn s3_an_error_of_the_transport_is_told() {
    lab(|lab| {
        lab.why("A connection that was reset is no end, and no reason to go on. The kind is what the caller decides by: chapter 13's client tries again after some of them.");
        for side in SIDES {
            for kind in [
                ErrorKind::ConnectionReset,
                ErrorKind::BrokenPipe,
                ErrorKind::ConnectionAborted,
            ] {
                lab.scene(format!("you are the {side:?}: a read fails, with {kind:?}"));
                let wire1 = wire(lab, side, &[Act::Fails(kind)]);
                let mut stream = wire1.stream(side);
                shakes(lab, &mut stream);
                fails(lab, "read(buf of 9 bytes)", kind, || {
                    stream.read(&mut [0; 9])
                });

                lab.scene(format!(
                    "you are the {side:?}: a write fails in the handshake, with {kind:?}"
                ));
                let wire2 = wire(lab, side, &[]);
                wire2.state().write_error = Some(kind);
                let mut stream = wire2.stream(side);
                fails(lab, "handshake()", kind, || stream.handshake());

                lab.scene(format!(
                    "you are the {side:?}: a write fails when the handshake is over, with {kind:?}"
                ));
                let wire3 = wire(lab, side, &[]);
                let mut stream = wire3.stream(side);
                shakes(lab, &mut stream);
                wire3.state().write_error = Some(kind);
                let told = lab.because("What rustls has taken is taken: who hears of an error writes the same once more, later or over another connection. So the error of the transport is the next call's.");
                let taken = told.ok("write(5 bytes)", || stream.write(b"hello"));
                told.same("bytes that were taken", taken, 5);
                fails(&told, "flush()", kind, || stream.flush());
                let once = lab.because("It has been told. The next call asks the transport again.");
                flushes(&once, &mut stream);
                once.same_bytes("what the peer has heard", &wire3.heard(), b"hello");

                lab.scene(format!(
                    "you are the {side:?}: the transport takes no limit, with {kind:?}"
                ));
                let wire6 = wire(lab, side, &[says(b"hello")]);
                let mut stream = wire6.stream(side);
                shakes(lab, &mut stream);
                lab.ok("wait_at_most(3 s)", || {
                    stream.wait_at_most(Duration::from_secs(3))
                });
                wire6.state().limit_error = Some(kind);
                fails(lab, "read(buf of 9 bytes)", kind, || {
                    stream.read(&mut [0; 9])
                });

                lab.scene(format!(
                    "you are the {side:?}: what is unsent cannot be sent when you read, with {kind:?}"
                ));
                let wire5 = wire(lab, side, &[says(b"late")]);
                let mut stream = wire5.stream(side);
                shakes(lab, &mut stream);
                wire5.state().room = Some(3);
                writes(lab, &mut stream, b"hello");
                wire5.state().room = None;
                wire5.state().write_error = Some(kind);
                let told = lab.because("The question has not gone out, and never will. Who reads on waits for an answer to it.");
                fails(&told, "read(buf of 9 bytes)", kind, || {
                    stream.read(&mut [0; 9])
                });
            }
            lab.scene(format!(
                "you are the {side:?}: the transport takes nothing more, and has no error"
            ));
            let wire4 = wire(lab, side, &[]);
            let mut stream = wire4.stream(side);
            shakes(lab, &mut stream);
            wire4.state().piece = 0;
            let written = lab.you("write(5 bytes)", || stream.write(b"hello"));
            match written {
                Ok(_) => drop(fails(lab, "flush()", ErrorKind::WriteZero, || {
                    stream.flush()
                })),
                Err(error) => lab.same("the kind of the error", error.kind(), ErrorKind::WriteZero),
            }
        }
    });
}

#[test]
fn s3_an_end_that_was_announced() {
    lab(|lab| {
        lab.why("close_notify says: this was all (RFC 8446 §6.1). It is signed like everything else, so nobody on the way can say it. Behind it there is nothing to read, and nothing to wait for.");
        for side in SIDES {
            for acts in [
                &[says(b"all"), Act::Ends][..],
                &[says(b"all"), Act::Ends, Act::HangsUp],
            ] {
                lab.scene(format!("you are the {side:?}"));
                let wire = wire(lab, side, acts);
                let mut stream = wire.stream(side);
                comes(lab, &mut stream, b"all");
                for _ in 0..3 {
                    lab.same_bytes(
                        "the end, as often as you ask",
                        &reads(lab, &mut stream, 9),
                        b"",
                    );
                }
                lab.because("One direction has ended, the other has not.")
                    .same_bytes("what the peer has heard", &wire.heard(), b"");
                writes(lab, &mut stream, b"thanks");
                flushes(lab, &mut stream);
            }
        }
    });
}

#[test]
fn s3_a_cut_is_no_end() {
    lab(|lab| {
        lab.why("Anybody on the way can send a FIN. Without a close_notify the TCP connection has ended, and the TLS stream has not: a page that is cut off looks complete, and \"delete everything older than\" loses its date (RFC 8446 §6.1).");
        for side in SIDES {
            lab.scene(format!(
                "you are the {side:?}: a record, and the connection is cut"
            ));
            let wire1 = wire(lab, side, &[says(b"half"), Act::HangsUp]);
            let mut stream = wire1.stream(side);
            comes(lab, &mut stream, b"half");
            for _ in 0..2 {
                fails(
                    lab,
                    "read(buf of 9 bytes)",
                    ErrorKind::UnexpectedEof,
                    || stream.read(&mut [0; 9]),
                );
            }
            for missing in [1, 5, 20] {
                lab.scene(format!("you are the {side:?}: a record that is cut"));
                let wire2 = wire(
                    lab,
                    side,
                    &[says(b"one"), Act::SaysCut(b"two".to_vec(), missing)],
                );
                let mut stream = wire2.stream(side);
                comes(lab, &mut stream, b"one");
                fails(
                    lab,
                    "read(buf of 9 bytes)",
                    ErrorKind::UnexpectedEof,
                    || stream.read(&mut [0; 9]),
                );
            }
            for come in [0, 1, 50, 120] {
                lab.scene(format!("you are the {side:?}: the connection is cut after {come} bytes, in the handshake"));
                let wire3 = wire(lab, side, &[]);
                wire3.state().cut_after = Some(come);
                let mut stream = wire3.stream(side);
                fails(lab, "handshake()", ErrorKind::UnexpectedEof, || {
                    stream.handshake()
                });
            }
        }
    });
}

/// What rustls has inside of an error.
fn inside(lab: &Lab, error: &std::io::Error) -> rustls::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(inner) => inner.clone(),
        None => lab
            .because("The caller wants to know why, and can only ask the error: io::Error::new(InvalidData, error) keeps the rustls::Error inside.")
            .fails("a rustls::Error inside of the error", format!("{error:?}")),
    }
}

#[test]
fn s3_who_refuses_says_why() {
    lab(|lab| {
        lab.why("rustls has made an alert, and it lies in its buffer. Sent before you go, it tells the other side why: \"unknown CA\" is a line in a log, and a connection that just ends is an evening of searching (RFC 8446 §6.2).");
        let impostor = || server_of(stranger().issues(paper(&[NAME])));
        let other = || server_of(root().issues(paper(&["other.example"])));
        for piece in [usize::MAX, 1] {
            for (what, config, alert) in [
                ("an unknown issuer", impostor(), AlertDescription::UnknownCA),
                ("a wrong name", other(), AlertDescription::BadCertificate),
            ] {
                lab.scene(format!("a server with {what}"));
                let wire = to_server(lab, config, []).pieces(piece);
                if piece == 1 {
                    wire.clone().interrupting();
                }
                let mut stream = wire.stream(Side::Client);
                let error = fails(lab, "handshake()", ErrorKind::InvalidData, || {
                    stream.handshake()
                });
                let inner = inside(lab, &error);
                lab.holds(
                    matches!(inner, rustls::Error::InvalidCertificate(_)),
                    "InvalidCertificate inside of the error",
                    format!("{inner:?}"),
                );
                match wire.peer_error() {
                    Some(rustls::Error::AlertReceived(got)) => lab.same(
                        "the alert that the server has got",
                        format!("{got:?}"),
                        format!("{alert:?}"),
                    ),
                    got => lab.fails(
                        format!("the server to get the alert {alert:?}"),
                        format!(
                            "{got:?}, {} bytes of yours not flushed",
                            wire.state().unflushed.len()
                        ),
                    ),
                }
                let lab = lab.because(
                    "It is over. A call that goes on would talk to somebody whom you have refused.",
                );
                let written = wire.state().written.len();
                for _ in 0..2 {
                    fails(&lab, "read(buf of 9 bytes)", ErrorKind::InvalidData, || {
                        stream.read(&mut [0; 9])
                    });
                    fails(&lab, "write(6 bytes)", ErrorKind::InvalidData, || {
                        stream.write(b"secret")
                    });
                    fails(&lab, "flush()", ErrorKind::InvalidData, || stream.flush());
                    fails(&lab, "handshake()", ErrorKind::InvalidData, || {
                        stream.handshake()
                    });
                }
                lab.same(
                    "bytes written since",
                    wire.state().written.len() - written,
                    0,
                );
            }
        }
        lab.scene("a server, and the alert cannot be sent");
        let wire = to_server(lab, impostor(), []);
        let mut stream = wire.stream(Side::Client);
        // The hello goes out, and not all of what comes behind it.
        wire.state().room = Some(super::wire::hello_of_a_client().len() + 3);
        let error = fails(lab, "handshake()", ErrorKind::InvalidData, || {
            stream.handshake()
        });
        let inner = inside(lab, &error);
        lab.because("What is told is why it has failed, not that the alert did not go out.")
            .holds(
                matches!(inner, rustls::Error::InvalidCertificate(_)),
                "InvalidCertificate inside of the error",
                format!("{inner:?}"),
            );
    });
}

#[test]
fn s3_who_is_refused_hears_why() {
    lab(|lab| {
        lab.why("The other side has said why it goes (RFC 8446 §6.2). That is an error, with the alert inside, and not an end of the stream.");
        for (what, client, alert) in [
            (
                "believes somebody else",
                configs::client_with(stranger().trusted(), &[&rustls::version::TLS13], &[]),
                AlertDescription::UnknownCA,
            ),
            (
                "believes nobody",
                configs::client_with(
                    rustls::RootCertStore::empty(),
                    &[&rustls::version::TLS13],
                    &[],
                ),
                AlertDescription::UnknownCA,
            ),
        ] {
            lab.scene(format!("a client that {what}"));
            let wire = to_client(lab, client, []);
            let mut stream = wire.stream(Side::Server);
            let error = fails(lab, "handshake()", ErrorKind::InvalidData, || {
                stream.handshake()
            });
            match inside(lab, &error) {
                rustls::Error::AlertReceived(got) => {
                    lab.same("the alert", format!("{got:?}"), format!("{alert:?}"))
                }
                got => lab.fails(
                    format!("AlertReceived({alert:?}) inside of the error"),
                    format!("{got:?}"),
                ),
            }
            fails(lab, "read(buf of 9 bytes)", ErrorKind::InvalidData, || {
                stream.read(&mut [0; 9])
            });
        }
    });
}

#[test]
fn s3_what_was_changed_on_the_way() {
    lab(|lab| {
        lab.why("Each record carries a proof of every byte of it. One that was changed, or text that is no record at all, ends the connection: bad_record_mac, and nothing of it is given out (RFC 8446 §5.2).");
        for side in SIDES {
            for (what, bytes) in [
                (
                    "a record that nobody has encrypted",
                    [&[23, 3, 3, 0, 30][..], &[5; 30]].concat(),
                ),
                ("a page of plain HTTP", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
                (
                    "a record that is too long",
                    vec![23, 3, 3, 0xff, 0xff, 0, 0],
                ),
            ] {
                lab.scene(format!("you are the {side:?}: {what}"));
                let wire = wire(lab, side, &[says(b"good"), Act::Sends(bytes)]);
                let mut stream = wire.stream(side);
                comes(lab, &mut stream, b"good");
                let error = fails(lab, "read(buf of 9 bytes)", ErrorKind::InvalidData, || {
                    stream.read(&mut [0; 9])
                });
                inside(lab, &error);
                match wire.peer_error() {
                    Some(rustls::Error::AlertReceived(_)) => {}
                    got => lab.fails("the peer to get an alert", format!("{got:?}")),
                }
                for _ in 0..2 {
                    fails(lab, "read(buf of 9 bytes)", ErrorKind::InvalidData, || {
                        stream.read(&mut [0; 9])
                    });
                    fails(lab, "write(2 bytes)", ErrorKind::InvalidData, || {
                        stream.write(b"ok")
                    });
                }
            }
        }
    });
}

#[test]
fn s3_new_keys_are_no_text() {
    lab(|lab| {
        lab.why("Not every record has something for you: tickets and new keys are between the two machines (RFC 8446 §4.6). A read that gets one goes on reading; 0 bytes would mean the end.");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let wire = wire(
                lab,
                side,
                &[
                    says(b"old"),
                    Act::Rekeys,
                    says(b"new"),
                    Act::Rekeys,
                    Act::Rekeys,
                    Act::Ends,
                ],
            );
            let mut stream = wire.stream(side);
            comes(lab, &mut stream, b"old");
            comes(lab, &mut stream, b"new");
            lab.same_bytes("the end", &reads(lab, &mut stream, 9), b"");
        }
    });
}

/// Demands the error of a call that is over time: by its own word, or by the transport's.
fn over_time(lab: &Lab, wire: &Wire, blocked_before: usize, error: &std::io::Error) {
    let want = match wire.state().blocked > blocked_before {
        true => "TimedOut, or WouldBlock as the transport has said",
        false => "TimedOut: the transport has not said WouldBlock",
    };
    let kind = error.kind();
    let told = kind == ErrorKind::WouldBlock && wire.state().blocked > blocked_before;
    lab.holds(
        kind == ErrorKind::TimedOut || told,
        want,
        format!("{kind:?}"),
    );
}

#[test]
fn s3_each_call_has_its_own_time() {
    lab(|lab| {
        lab.why("A limit is for a call, and begins with it: between two calls any time may go by.");
        let hour = Duration::from_secs(3600);
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let wire1 = wire(lab, side, &[says(b"hello"), says(b"again")]);
            let mut stream = wire1.stream(side);
            lab.ok("wait_at_most(5 s)", || {
                stream.wait_at_most(Duration::from_secs(5))
            });
            wire1.time_passes(hour);
            shakes(lab, &mut stream);
            lab.note("an hour goes by between the calls");
            wire1.time_passes(hour);
            comes(lab, &mut stream, b"hello");
            wire1.time_passes(hour);
            writes(lab, &mut stream, b"thanks");
            wire1.time_passes(hour);
            flushes(lab, &mut stream);
            lab.same_bytes("what the peer has heard", &wire1.heard(), b"thanks");
            wire1.state().room = Some(0);
            writes(lab, &mut stream, b"and bye");
            wire1.state().room = None;
            wire1.time_passes(hour);
            flushes(lab, &mut stream);
            lab.same_bytes("what the peer has heard", &wire1.heard(), b"thanksand bye");

            lab.scene(format!(
                "you are the {side:?}, and the record comes with the last moment"
            ));
            let second = Duration::from_secs(1);
            let acts = [Act::SaysLater(5 * second, b"hello".to_vec())];
            let wire2 = wire(lab, side, &acts);
            let mut stream = wire2.stream(side);
            shakes(lab, &mut stream);
            lab.ok("wait_at_most(5 s)", || stream.wait_at_most(5 * second));
            let mut buf = [0; 9];
            let lab = lab.because("Bytes that were read are kept: a call that is over time has lost nothing, and the next one gives them.");
            let n = match lab.you("read(buf of 9 bytes)", || stream.read(&mut buf)) {
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    lab.ok("read(buf of 9 bytes)", || stream.read(&mut buf))
                }
                got => lab.ok("the read", || got),
            };
            lab.same_bytes("what comes", &buf[..n], b"hello");
        }
    });
}

#[test]
fn s3_a_limit_is_for_the_whole_call() {
    lab(|lab| {
        lab.why("A peer that sends a byte of a record every second answers each read of the transport in time, and your read never returns. The time is the call's: each wait in it gets what is left.");
        for side in SIDES {
            for secs in [10, 7] {
                lab.scene(format!(
                    "you are the {side:?}, and a call may take {secs} s"
                ));
                let wire1 = wire(lab, side, &[Act::Drips(b"slow".to_vec())]);
                let mut stream = wire1.stream(side);
                shakes(lab, &mut stream);
                lab.ok(&format!("wait_at_most({secs} s)"), || {
                    stream.wait_at_most(Duration::from_secs(secs))
                });
                let mut calls = 0.0;
                loop {
                    let began = wire1.secs();
                    let blocked = wire1.state().blocked;
                    let got = lab.you("read(buf of 9 bytes)", || stream.read(&mut [0; 9]));
                    let took = wire1.secs() - began;
                    lab.holds(
                        took <= secs as f64 + 0.001,
                        format!("a call of {secs} s at most"),
                        format!("{took} s"),
                    );
                    match got {
                        Ok(n) => {
                            lab.same("the bytes of the record", n, 4);
                            break;
                        }
                        Err(error) => {
                            over_time(lab, &wire1, blocked, &error);
                            lab.because("Each call has its own time, and all of it.")
                                .holds(
                                    took >= secs as f64 - 0.001,
                                    format!("{secs} s for this call"),
                                    format!("{took} s"),
                                );
                        }
                    }
                    calls += 1.0;
                    if calls > 20.0 {
                        lab.fails(
                            "the record, after some calls: nothing is lost",
                            "20 calls that were over time",
                        );
                    }
                }
            }
            lab.scene(format!(
                "you are the {side:?}, with all the time of the world"
            ));
            let wire3 = wire(lab, side, &[says(b"hello")]);
            let mut stream = wire3.stream(side);
            lab.ok("wait_at_most(Duration::MAX)", || {
                stream.wait_at_most(Duration::MAX)
            });
            wire3.time_passes(Duration::from_secs(1));
            comes(lab, &mut stream, b"hello");
            lab.scene(format!("you are the {side:?}, and the peer says nothing"));
            let wire2 = wire(lab, side, &[Act::Silence]);
            let mut stream = wire2.stream(side);
            shakes(lab, &mut stream);
            for (limit, in_all) in [(3.0, 3.0), (0.0005, 3.0005), (2.9995, 6.0)] {
                lab.ok(&format!("wait_at_most({limit} s)"), || {
                    stream.wait_at_most(Duration::from_secs_f64(limit))
                });
                let blocked = wire2.state().blocked;
                let error = lab.err("read(buf of 9 bytes)", || stream.read(&mut [0; 9]));
                over_time(lab, &wire2, blocked, &error);
                lab.same("seconds", wire2.secs(), in_all);
            }
            fails(lab, "wait_at_most(0)", ErrorKind::InvalidInput, || {
                stream.wait_at_most(Duration::ZERO)
            });
            let lab = lab.because("A limit that was refused is not set: the one before it holds.");
            let blocked = wire2.state().blocked;
            let error = lab.err("read(buf of 9 bytes)", || stream.read(&mut [0; 9]));
            over_time(&lab, &wire2, blocked, &error);
            lab.same("seconds", wire2.secs(), 8.9995);
        }
        lab.scene("a client that sends nothing at all");
        let silent = super::wire::to_nobody(lab, [Act::Silence]);
        let mut stream = silent.stream(Side::Server);
        lab.ok("wait_at_most(5 s)", || {
            stream.wait_at_most(Duration::from_secs(5))
        });
        let error = lab.err("handshake()", || stream.handshake());
        let kind = error.kind();
        lab.holds(
            matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock),
            "TimedOut or WouldBlock",
            format!("{kind:?}"),
        );
        lab.same("seconds", silent.secs(), 5.0);
    });
}

#[test]
fn s3_two_round_trips_until_an_answer() {
    lab(|lab| {
        lab.why("TLS 1.3 costs one round trip: hello there, hello and certificate back. The last part of the handshake and the first question go out together (RFC 8446 §2), so the answer is the second.");
        for request in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"q"] {
            let wire = wire(
                lab,
                Side::Client,
                &[Act::Hears(request.len()), says(b"answer")],
            );
            let mut stream = wire.stream(Side::Client);
            shakes(lab, &mut stream);
            lab.same("round trips of the handshake", wire.state().round_trips, 1);
            writes(lab, &mut stream, request);
            flushes(lab, &mut stream);
            comes(lab, &mut stream, b"answer");
            lab.same("round trips until the answer", wire.state().round_trips, 2);
        }
    });
}

#[test]
fn s3_over_tcp() {
    lab(|lab| {
        lab.why("The same stream over real sockets, yours at both ends.");
        for len in [5, 60_000] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let addr = listener.local_addr().expect("an address");
            let server = lab.student(
                "a server that sends back",
                move || -> std::io::Result<usize> {
                    let (socket, _) = listener.accept()?;
                    socket.set_nodelay(true)?;
                    let connection = ServerConnection::new(configs::server()).expect("a server");
                    let mut stream =
                        TlsStream::new(connection, Tcp(socket), Arc::new(SystemClock::new()));
                    let (mut all, mut piece) = (0, [0; 5000]);
                    while all < len {
                        let n = stream.read(&mut piece)?;
                        stream.write_all(&piece[..n])?;
                        stream.flush()?;
                        all += n;
                    }
                    Ok(all)
                },
            );
            let socket = TcpStream::connect(addr).expect("a connection");
            socket.set_nodelay(true).expect("TCP_NODELAY");
            let connection =
                ClientConnection::new(configs::client(), name(NAME)).expect("a client");
            let mut stream = TlsStream::new(connection, Tcp(socket), Arc::new(SystemClock::new()));
            lab.ok("handshake()", || stream.handshake());
            let all = text(len);
            let mut got = Vec::new();
            for piece in all.chunks(20_000) {
                writes(lab, &mut stream, piece);
                flushes(lab, &mut stream);
                got.extend(reads_exactly(lab, &mut stream, piece.len(), 8192));
            }
            lab.same_bytes("what comes back", &got, &all);
            server.returns_ok();
        }
    });
}
