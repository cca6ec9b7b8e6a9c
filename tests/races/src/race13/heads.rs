//! The head of a request, whole and in pieces.

use std::hint::black_box;
use std::mem::MaybeUninit;

use httparse::Status;

#[cfg(feature = "mine-13")]
use super::mine;
use super::reference;
use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Effort, Kind, Measure, Turns, View};
use crate::stopwatch::nanoseconds;

/// What a parser makes of bytes.
#[derive(Debug, PartialEq)]
pub enum Seen {
    /// A head of `len` bytes, with so many fields, and a target of so many bytes.
    Head {
        target: usize,
        fields: usize,
        len: usize,
    },
    /// The beginning of one.
    Part,
    Wrong,
}

const SHORT: &[u8] = b"GET /a.txt HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// What a browser sends.
const BROWSER: &[u8] = b"GET /docs/chapter-13.html?theme=dark HTTP/1.1\r\n\
Host: www.example.org\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
Accept-Language: en-US,en;q=0.5\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Connection: keep-alive\r\n\
Cookie: session=3f1c0a9be2d84c57a6; theme=dark; seen=2026-01-17\r\n\
Upgrade-Insecure-Requests: 1\r\n\
Sec-Fetch-Dest: document\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-Site: same-origin\r\n\
Priority: u=0, i\r\n\
\r\n";

/// How many bytes a slow network brings at a time.
const PIECE: usize = 64;

type Case = (&'static str, &'static [u8], usize);

const CASES: [Case; 3] = [
    ("short, 45 bytes", SHORT, SHORT.len()),
    ("a browser's, 522 bytes", BROWSER, BROWSER.len()),
    ("the browser's, 64 bytes at a time", BROWSER, PIECE),
];

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        measured(effort, reference::ours::read)
    })];
    #[cfg(feature = "mine-13")]
    contestants.push(Contestant::mine(|effort| {
        measured(effort, mine::ours::read)
    }));
    contestants.push(Contestant::other(
        "httparse",
        || machine::library("httparse"),
        |effort| measured(effort, with_httparse),
    ));
    Discipline {
        id: "heads",
        title: "The head of a request",
        what: "One thread reads a head in memory, and counts its fields. httparse lends parts of the buffer, where ours copies, \
               and leaves Host and the form of the target to whoever asks. In pieces, both begin anew with each piece, with \
               all that has come.",
        cases: CASES.map(|(name, ..)| name.to_owned()).to_vec(),
        kind: Kind::Figures {
            measures: vec![Measure {
                name: "one head",
                unit: "ns",
                better: Better::Less,
            }],
            view: View::Bars,
        },
        contestants,
    }
}

fn measured(effort: &Effort, read: fn(&[u8]) -> Seen) -> Result<Turns, String> {
    let span = effort.span;
    for (head, target, fields) in [(SHORT, 6, 1), (BROWSER, 32, 12)] {
        // Speed counts when the work is done.
        let len = head.len();
        let whole = Seen::Head {
            target,
            fields,
            len,
        };
        let broken = [0, 10, len - 6].map(|at| {
            let mut broken = head.to_vec();
            broken[at] = 0;
            read(&broken)
        });
        if read(head) != whole
            || read(&head[..len - 1]) != Seen::Part
            || broken != [const { Seen::Wrong }; 3]
        {
            return Err("does not read what is there, or reads what is broken".to_owned());
        }
    }
    Ok(Box::new(move |case| {
        let (_, head, piece) = CASES[case];
        let time = nanoseconds(span, || {
            let mut come = 0;
            while come < head.len() {
                come = head.len().min(come + piece);
                black_box(read(black_box(&head[..come])));
            }
        });
        Ok(Answer::Figures(vec![time]))
    }))
}

/// As hyper does it: with room for a hundred fields.
fn with_httparse(bytes: &[u8]) -> Seen {
    let mut room = [const { MaybeUninit::uninit() }; 100];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut room) {
        Ok(Status::Complete(len)) => Seen::Head {
            target: request.path.map_or(0, str::len),
            fields: request.headers.len(),
            len,
        },
        Ok(Status::Partial) => Seen::Part,
        Err(_) => Seen::Wrong,
    }
}
