//! Step 4: how it ends.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use concurrent_server::Waits;
use http1::Stream;
use netlab::io::{Interrupting, Play, Tape};
use netlab::{Lab, lab};
use rustls::RootCertStore;
use rustls::version::TLS13;
use tls::{Cut, End, LAST_WORD, TlsStream, read_all};

use super::certificates::{paper, root, stranger};
use super::configs::{NAME, client_with, server_of};
use super::wire::{Act, SIDES, Side, Wire, to_client, to_server, wire};

fn says(bytes: &[u8]) -> Act {
    Act::Says(bytes.to_vec())
}

/// A stream that has shaken hands.
fn open(lab: &Lab, side: Side, acts: &[Act]) -> (Wire, TlsStream<Wire>) {
    let wire = wire(lab, side, acts);
    let mut stream = wire.stream(side);
    lab.ok("handshake()", || stream.handshake());
    (wire, stream)
}

fn ends_writing(lab: &Lab, stream: &mut TlsStream<Wire>) {
    lab.ok("end_writing()", || stream.end_writing());
}

fn writes(lab: &Lab, stream: &mut TlsStream<Wire>, bytes: &[u8]) {
    let n = lab.ok(&format!("write({} bytes)", bytes.len()), || {
        stream.write(bytes)
    });
    lab.same("the bytes that were taken", n, bytes.len());
}

fn said_the_end(lab: &Lab, wire: &Wire) {
    if !wire.heard_the_end() {
        let lies = wire.state().unflushed.len();
        let got = match (lies, wire.peer_error()) {
            (_, Some(error)) => format!("the peer has got something else: {error:?}"),
            (0, None) => "nothing of the kind has come".to_owned(),
            (lies, None) => {
                format!("nothing of the kind has come; {lies} bytes are written and not flushed")
            }
        };
        lab.fails("a close_notify for the peer", got);
    }
}

#[test]
fn s4_says_that_it_ends() {
    lab(|lab| {
        lab.why("close_notify, and then the FIN: the peer learns that this was all, and that nobody has cut it off. \"Each party MUST send a close_notify alert before closing its write side\" (RFC 8446 §6.1).");
        for side in SIDES {
            for text in [&b""[..], b"all that there is"] {
                lab.scene(format!("you are the {side:?}"));
                let (wire, mut stream) = open(lab, side, &[]);
                if !text.is_empty() {
                    writes(lab, &mut stream, text);
                }
                ends_writing(lab, &mut stream);
                said_the_end(lab, &wire);
                lab.same_bytes("what the peer has heard before", &wire.heard(), text);
                lab.same(
                    "how often the transport was told to end its writing",
                    wire.state().ended,
                    1,
                );
                let before = wire.state().written.len();
                ends_writing(lab, &mut stream);
                let more = wire.state().written.len() - before;
                let again = lab.because("It has ended. A second call has nothing to do.");
                again.same("bytes written by a second call", more, 0);
                again.same(
                    "how often the transport was told to end its writing",
                    wire.state().ended,
                    1,
                );
            }
        }
    });
}

#[test]
fn s4_what_was_taken_goes_out_first() {
    lab(|lab| {
        lab.why("What a write has taken belongs before the end. It may still lie in rustls, when the transport was full.");
        for side in SIDES {
            for len in [10, 40_000] {
                lab.scene(format!("you are the {side:?}"));
                let (wire, mut stream) = open(lab, side, &[]);
                wire.state().room = Some(7);
                writes(lab, &mut stream, &vec![b'x'; len]);
                lab.note("there is no room in the transport");
                let error = lab.err("end_writing()", || stream.end_writing());
                lab.same("the kind of the error", error.kind(), ErrorKind::WouldBlock);
                lab.because("The end comes behind everything, so it has not come yet.")
                    .same("ends of the transport", wire.state().ended, 0);
                lab.note("there is room");
                wire.state().room = None;
                ends_writing(lab, &mut stream);
                lab.same("bytes that the peer has heard", wire.heard().len(), len);
                said_the_end(lab, &wire);
                lab.same("ends of the transport", wire.state().ended, 1);
            }
        }
    });
}

#[test]
fn s4_an_end_has_its_own_time() {
    lab(|lab| {
        lab.why("A limit is for a call, and end_writing is one: between the last write and the end any time may go by.");
        for side in SIDES {
            for hours in [1, 30] {
                lab.scene(format!("you are the {side:?}, and {hours} h go by"));
                let (wire, mut stream) = open(lab, side, &[]);
                lab.ok("wait_at_most(5 s)", || {
                    stream.wait_at_most(Duration::from_secs(5))
                });
                writes(lab, &mut stream, b"hello");
                wire.time_passes(Duration::from_secs(3600 * hours));
                ends_writing(lab, &mut stream);
                said_the_end(lab, &wire);
            }
        }
    });
}

#[test]
fn s4_an_end_that_the_transport_refuses() {
    lab(|lab| {
        lab.why("The close_notify is out, but the connection below could not be ended. What the transport says is told, with its kind.");
        for side in SIDES {
            for kind in [ErrorKind::NotConnected, ErrorKind::ConnectionReset] {
                lab.scene(format!(
                    "you are the {side:?}, and the transport says {kind:?}"
                ));
                let (wire, mut stream) = open(lab, side, &[]);
                wire.state().end_error = Some(kind);
                let error = lab.err("end_writing()", || stream.end_writing());
                lab.same("the kind of the error", error.kind(), kind);
                said_the_end(lab, &wire);

                let (wire, stream) = open(lab, side, &[Act::Ends]);
                wire.state().end_error = Some(kind);
                let error = lab.err("close(2 s)", || stream.close(Duration::from_secs(2)));
                lab.same("the kind of the error", error.kind(), kind);
            }
        }
    });
}

#[test]
fn s4_the_other_direction_goes_on() {
    lab(|lab| {
        lab.why("An end is one direction's. TLS 1.3 has half-closes as TCP has them: who has asked all its questions can still read the answers (RFC 8446 §6.1).");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let (wire, mut stream) = open(
                lab,
                side,
                &[says(b"an answer"), says(b"and more"), Act::Ends],
            );
            ends_writing(lab, &mut stream);
            let mut got = Vec::new();
            let mut buf = [0; 50];
            loop {
                let n = lab.ok("read(buf of 50 bytes)", || stream.read(&mut buf));
                if n == 0 {
                    break;
                }
                got.extend_from_slice(&buf[..n]);
            }
            lab.same_bytes("what comes", &got, b"an answerand more");
            said_the_end(lab, &wire);
        }
    });
}

#[test]
fn s4_behind_the_end_nothing_is_written() {
    lab(|lab| {
        lab.why("Who has said that this was all, cannot go on. An answer Ok would be a lie: the bytes go nowhere.");
        for side in SIDES {
            let (wire, mut stream) = open(lab, side, &[]);
            ends_writing(lab, &mut stream);
            for text in [&b"more"[..], b"and more"] {
                let error = lab.err("write(some bytes)", || stream.write(text));
                lab.same("the kind of the error", error.kind(), ErrorKind::BrokenPipe);
            }
            lab.same_bytes("what the peer has heard", &wire.heard(), b"");
        }
    });
}

/// The types of the records in these bytes.
fn records(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let Some(&[kind, _, _, high, low]) = bytes.first_chunk() {
        types.push(kind);
        let len = usize::from(u16::from_be_bytes([high, low]));
        bytes = bytes.get(5 + len..).unwrap_or_default();
    }
    types
}

#[test]
fn s4_an_end_before_the_beginning() {
    lab(|lab| {
        lab.why("Before the keys are agreed there is nobody to whom an end could be announced. The transport's own end is enough.");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}, and no byte has gone out"));
            let wire = wire(lab, side, &[]);
            let mut stream = wire.stream(side);
            ends_writing(lab, &mut stream);
            lab.same("ends of the transport", wire.state().ended, 1);
            lab.same("reads", wire.state().reads, 0);
            lab.you("drop(stream)", || drop(stream));
            lab.same("reads of the drop", wire.state().reads, 0);
            let has_alert = records(&wire.state().written).contains(&21);
            lab.same("an alert in the clear", has_alert, false);
        }
        for side in SIDES {
            lab.scene(format!(
                "you are the {side:?}, and dropped before anything has happened"
            ));
            let wire = wire(lab, side, &[]);
            let stream = wire.stream(side);
            lab.you("drop(stream)", || drop(stream));
            let (reads, written, _) = wire.state().calls();
            lab.same("reads and bytes written", (reads, written), (0, 0));
        }
    });
}

#[test]
fn s4_after_an_alert_there_is_no_close_notify() {
    lab(|lab| {
        lab.why("A fatal alert is the last word. A close_notify behind it would say that all is well (RFC 8446 §6.2).");
        for dropped in [true, false] {
            for config in [
                server_of(stranger().issues(paper(&[NAME]))),
                server_of(root().issues(paper(&["other.example"]))),
            ] {
                let wire = to_server(lab, config, []);
                let mut stream = wire.stream(Side::Client);
                lab.err("handshake()", || stream.handshake());
                let before = wire.state().written.len();
                if dropped {
                    lab.you("drop(stream)", || drop(stream));
                } else {
                    ends_writing(lab, &mut stream);
                    lab.same("ends of the transport", wire.state().ended, 1);
                }
                lab.same(
                    "bytes behind the alert",
                    wire.state().written.len() - before,
                    0,
                );
            }
        }
        for dropped in [true, false] {
            for nobody in [stranger().trusted(), RootCertStore::empty()] {
                lab.scene("a client that does not believe you, and says so");
                let wire = to_client(lab, client_with(nobody, &[&TLS13], &[]), []);
                let mut stream = wire.stream(Side::Server);
                lab.err("handshake()", || stream.handshake());
                let before = wire.state().written.len();
                if dropped {
                    lab.you("drop(stream)", || drop(stream));
                } else {
                    ends_writing(lab, &mut stream);
                    lab.same("ends of the transport", wire.state().ended, 1);
                }
                lab.because("It is the other side's alert, and the last word all the same.")
                    .same(
                        "bytes written behind it",
                        wire.state().written.len() - before,
                        0,
                    );
            }
        }
        for side in SIDES {
            lab.scene(format!("you are the {side:?}, and what came was no record"));
            let (wire, mut stream) =
                open(lab, side, &[Act::Sends(b"HTTP/1.1 200 OK\r\n".to_vec())]);
            lab.err("read(buf of 9 bytes)", || stream.read(&mut [0; 9]));
            let before = wire.state().written.len();
            lab.you("drop(stream)", || drop(stream));
            lab.same(
                "bytes behind the alert",
                wire.state().written.len() - before,
                0,
            );
        }
    });
}

fn closes(lab: &Lab, stream: TlsStream<Wire>, secs: u64) -> End {
    lab.ok(&format!("close({secs} s)"), || {
        stream.close(Duration::from_secs(secs))
    })
}

#[test]
fn s4_close_says_how_it_ended() {
    lab(|lab| {
        lab.why("Two have agreed that it is over, or one of them is just gone. The difference is the peer's close_notify.");
        for side in SIDES {
            for (what, acts, want) in [
                ("announces its end", &[Act::Ends][..], End::Agreed),
                (
                    "announces its end, and hangs up",
                    &[Act::Ends, Act::HangsUp],
                    End::Agreed,
                ),
                (
                    "says more, and announces its end",
                    &[says(b"too late"), says(&[7; 50_000]), Act::Ends],
                    End::Agreed,
                ),
                ("hangs up", &[Act::HangsUp], End::Cut),
                (
                    "says more, and hangs up",
                    &[says(b"too late"), Act::HangsUp],
                    End::Cut,
                ),
                (
                    "is gone",
                    &[Act::Fails(ErrorKind::ConnectionReset)],
                    End::Cut,
                ),
                (
                    "sends what is no record",
                    &[Act::Sends(vec![b'x'; 20])],
                    End::Cut,
                ),
            ] {
                lab.scene(format!("you are the {side:?}, and the peer {what}"));
                let (wire, mut stream) = open(lab, side, acts);
                writes(lab, &mut stream, b"bye");
                let end = closes(lab, stream, 5);
                lab.same("how it has ended", format!("{end:?}"), format!("{want:?}"));
                lab.same_bytes("what the peer has heard", &wire.heard(), b"bye");
                said_the_end(lab, &wire);
                lab.same("ends of the transport", wire.state().ended, 1);
            }
        }
    });
}

#[test]
fn s4_close_waits_for_a_limited_time() {
    lab(|lab| {
        lab.why("A peer that never ends its side must not keep yours. The time is for all of it: one that goes on sending is given no more.");
        for side in SIDES {
            for secs in [2, 9] {
                let second = Duration::from_secs(1);
                let records = vec![Act::SaysLater(second, b"more".to_vec()); 20];
                for (what, acts) in [
                    ("says nothing and stays", vec![Act::Silence]),
                    (
                        "sends a byte every second",
                        vec![Act::Drips(vec![b'x'; 200])],
                    ),
                    ("sends a record every second", records),
                ] {
                    lab.scene(format!("you are the {side:?}, and the peer {what}"));
                    let (wire, stream) = open(lab, side, &acts);
                    let end = closes(lab, stream, secs);
                    lab.same(
                        "how it has ended",
                        format!("{end:?}"),
                        format!("{:?}", End::Cut),
                    );
                    lab.same("the seconds that it took", wire.secs(), secs as f64);
                }
            }
        }
    });
}

#[test]
fn s4_close_with_all_the_time_of_the_world() {
    lab(|lab| {
        lab.why("The peer ends its side at once, so it does not matter for how long you would have waited. Duration::MAX is a time, too.");
        for side in SIDES {
            let (wire, stream) = open(lab, side, &[Act::Ends]);
            wire.time_passes(Duration::from_secs(1));
            let end = lab.ok("close(Duration::MAX)", || stream.close(Duration::MAX));
            lab.same(
                "how it has ended",
                format!("{end:?}"),
                format!("{:?}", End::Agreed),
            );
        }
    });
}

#[test]
fn s4_close_tells_why_it_cannot_say_the_end() {
    lab(|lab| {
        lab.why("The last bytes and the close_notify did not go out. Who closes must hear of it: the other side has got a part, and takes it for a cut.");
        for side in SIDES {
            for kind in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
                let (wire, mut stream) = open(lab, side, &[Act::Ends]);
                wire.state().room = Some(3);
                writes(lab, &mut stream, b"hello");
                wire.state().room = None;
                wire.state().write_error = Some(kind);
                let error = lab.err("close(2 s)", || stream.close(Duration::from_secs(2)));
                lab.same("the kind of the error", error.kind(), kind);
            }
        }
    });
}

#[test]
fn s4_a_stream_that_is_dropped_says_so() {
    lab(|lab| {
        lab.why("A pool drops connections, and so does every `?`. The peer must not take that for an attack: a close_notify is the least that is said (RFC 8446 §6.1).");
        for side in SIDES {
            lab.scene(format!("you are the {side:?}"));
            let (wire, mut stream) = open(lab, side, &[Act::Silence]);
            writes(lab, &mut stream, b"and bye");
            let before = wire.state().reads;
            lab.you("drop(stream)", || drop(stream));
            said_the_end(lab, &wire);
            lab.same_bytes("what the peer has heard before", &wire.heard(), b"and bye");
            lab.because("A drop waits for nobody.").same(
                "reads in the drop",
                wire.state().reads - before,
                0,
            );

            lab.scene(format!("you are the {side:?}, and have said it already"));
            let (wire, mut stream) = open(lab, side, &[]);
            ends_writing(lab, &mut stream);
            let before = wire.state().written.len();
            lab.you("drop(stream)", || drop(stream));
            lab.same(
                "bytes written by the drop",
                wire.state().written.len() - before,
                0,
            );

            lab.scene(format!(
                "you are the {side:?}, and the peer has ended before"
            ));
            let (wire, mut stream) = open(lab, side, &[Act::Ends]);
            let n = lab.ok("read(buf of 9 bytes)", || stream.read(&mut [0; 9]));
            lab.same("the end", n, 0);
            lab.you("drop(stream)", || drop(stream));
            said_the_end(lab, &wire);
        }
    });
}

#[test]
fn s4_a_drop_does_not_wait() {
    lab(|lab| {
        lab.why("Whoever drops a stream goes on with something else. A transport that is full gets a tenth of a second, and what is not out then is lost.");
        for side in SIDES {
            for limit in [None, Some(30)] {
                lab.scene(format!(
                    "you are the {side:?}, and the transport takes nothing"
                ));
                let (wire, mut stream) = open(lab, side, &[]);
                if let Some(secs) = limit {
                    lab.ok(&format!("wait_at_most({secs} s)"), || {
                        stream.wait_at_most(Duration::from_secs(secs))
                    });
                }
                wire.state().room = Some(0);
                let before = wire.secs();
                wire.state().longest = None;
                lab.you("drop(stream)", || drop(stream));
                let took = wire.secs() - before;
                lab.holds(
                    took <= LAST_WORD.as_secs_f64() + 0.001,
                    format!("{LAST_WORD:?} at most"),
                    format!("{took} s"),
                );
                let longest = wire.state().longest;
                lab.holds(
                    longest.is_some_and(|longest| longest <= LAST_WORD),
                    format!("a limit of {LAST_WORD:?} at most for the transport"),
                    format!("{longest:?}"),
                );
            }
        }
    });
}

fn all(lab: &Lab, stream: &mut impl Read, max: usize) -> Result<Vec<u8>, Cut> {
    lab.you(&format!("read_all(stream, {max})"), || {
        read_all(stream, max)
    })
}

/// Demands that it was cut, behind these bytes, for this reason.
fn cut(lab: &Lab, got: Result<Vec<u8>, Cut>, had: &[u8], kind: ErrorKind) {
    match got {
        Ok(all) => lab.fails(
            format!("a cut: {kind:?}"),
            format!("{} bytes, as if they were all", all.len()),
        ),
        Err(cut) => {
            lab.same("the kind of the cause", cut.cause.kind(), kind);
            lab.same_bytes("what had come", &cut.had, had);
        }
    }
}

#[test]
fn s4_all_or_cut() {
    lab(|lab| {
        lab.why("Who asks for all of a stream has to know whether it was all. What had come may still be of use: a log has its last lines.");
        let bytes = |bytes: &[u8]| Play::Bytes(bytes.to_vec());
        for parts in [&[&b"one"[..], b"two", b"three"][..], &[b"a"], &[]] {
            let whole = parts.concat();
            let mut tape = Tape::new(parts.iter().map(|part| bytes(part)));
            match all(lab, &mut tape, 100) {
                Ok(got) => lab.same_bytes("all of it", &got, &whole),
                Err(cut) => lab.fails("all of it", format!("{cut:?}")),
            }
            for kind in [
                ErrorKind::UnexpectedEof,
                ErrorKind::ConnectionReset,
                ErrorKind::WouldBlock,
                ErrorKind::TimedOut,
                ErrorKind::InvalidData,
            ] {
                let plays = parts
                    .iter()
                    .map(|part| bytes(part))
                    .chain([Play::Error(kind)]);
                let mut tape = Tape::new(plays);
                let got = all(lab, &mut tape, 100);
                cut(lab, got, &whole, kind);
            }
            let mut tape = Interrupting::new(Tape::new(parts.iter().map(|part| bytes(part))));
            match all(lab, &mut tape, 100) {
                Ok(got) => lab
                    .because("Interrupted is no end and no error.")
                    .same_bytes("all of it", &got, &whole),
                Err(cut) => lab
                    .because("Interrupted is no end and no error.")
                    .fails("all of it", format!("{cut:?}")),
            }
        }
    });
}

/// A stream of `x` without an end, which counts what it has given.
struct Endless(usize);

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.0 > 3_000_000 {
            return Ok(0);
        }
        let n = buf.len().min(1000);
        buf[..n].fill(b'x');
        self.0 += n;
        Ok(n)
    }
}

#[test]
fn s4_all_has_a_longest_length() {
    lab(|lab| {
        lab.why("The other side decides how much it sends, and you decide how much you keep. A stream of exactly max bytes is whole.");
        for max in [0, 1, 100, 20_000] {
            let whole = vec![b'x'; max];
            let mut tape = Tape::new([Play::Bytes(whole.clone())]);
            match all(lab, &mut tape, max) {
                Ok(got) => lab.same("bytes", got.len(), max),
                Err(cut) => lab.fails(
                    format!("{max} bytes, which are allowed"),
                    format!("{:?}", cut.cause),
                ),
            }
            let mut endless = Endless(0);
            let got = all(lab, &mut endless, max);
            cut(lab, got, &whole, ErrorKind::InvalidData);
            let read = endless.0;
            lab.holds(
                read <= max + 70_000,
                format!("no more than a piece behind {max} bytes is read"),
                format!("{read} bytes"),
            );
        }
    });
}

#[test]
fn s4_a_page_that_is_cut_off() {
    lab(|lab| {
        lab.why("This is what it is all for: the page, and the page that somebody has cut in the middle.");
        for side in SIDES {
            let (_, mut stream) = open(lab, side, &[says(b"pay 100 "), says(b"to Bob"), Act::Ends]);
            match all(lab, &mut stream, 1000) {
                Ok(got) => lab.same_bytes("all of it", &got, b"pay 100 to Bob"),
                Err(cut) => lab.fails("all of it", format!("{cut:?}")),
            }
            let (_, mut stream) = open(lab, side, &[says(b"pay 100 "), Act::HangsUp]);
            let got = all(lab, &mut stream, 1000);
            cut(lab, got, b"pay 100 ", ErrorKind::UnexpectedEof);
        }
    });
}
