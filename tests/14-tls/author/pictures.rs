//! Pictures of the book: a hello and a request, byte by byte, and all records of a page over HTTPS. They are drawn of
//! the reference answer only, and only when asked:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol14 pictures`

use std::io::{Read, Write};
use std::sync::Arc;

use netlab::bytes_picture::{Field, Kind, draw};
use netlab::lab;
use netlab::picture::Picture;
use rustls::{ClientConnection, Connection, ServerConnection};
use tls::{client_config, server_config, server_name};

use super::exercise::certificates::{NOW, paper, root};

const HOST: &str = "clinic.test";
const REQUEST: &[u8] = b"GET /results/4711 HTTP/1.1\r\nHost: clinic.test\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n";

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEADER: usize = 5;
/// Of what is encrypted: its real type, and the tag by which a change is found (RFC 8446 §5.2).
const TAIL: usize = 1 + 16;

#[test]
fn pictures_of_records() {
    if std::env::var_os("NETLAB_PICTURES").is_none() {
        return;
    }
    lab(|lab| {
        let records = conversation();
        lab.draws("14-hello", hello(&records[0].bytes));
        let request = records.iter().find(|record| record.holds == ASKS);
        lab.draws(
            "14-request",
            encrypted(&request.expect("it was sent").bytes),
        );
        lab.draws("14-records", all(&records));
    });
}

/// A record that was sent, and what those who have the keys know of it.
struct Record {
    from_client: bool,
    bytes: Vec<u8>,
    holds: &'static str,
}

const ASKS: &str = "GET /results/4711";

/// What the two say, a turn after the other, and what is in each of the records of a turn.
const TURNS: [(bool, &[u8], &[&str]); 8] = [
    (
        true,
        b"",
        &["ClientHello: clinic.test, h2, http/1.1, a key"],
    ),
    (
        false,
        b"",
        &[
            "ServerHello: a cipher, a key",
            "nothing, for boxes that know TLS 1.2",
            "http/1.1, the certificate, its proof, Finished",
        ],
    ),
    (
        true,
        b"",
        &["nothing, for boxes that know TLS 1.2", "Finished"],
    ),
    (false, b"", &["tickets for the next session"]),
    (true, REQUEST, &[ASKS]),
    (false, RESPONSE, &["HTTP/1.1 200 OK"]),
    (false, &[b'.'; 700], &["the page"]),
    (false, b"", &["close_notify"]),
];

fn conversation() -> Vec<Record> {
    let offers: [&[u8]; 2] = [b"h2", b"http/1.1"];
    let client = client_config(root().trusted(), &offers, Arc::new(NOW)).expect("a config");
    let server = server_config(root().issues(paper(&[HOST])), &offers[1..]).expect("a config");
    let name = server_name(HOST).expect("a name");
    let mut client: Connection = ClientConnection::new(client, name)
        .expect("a client")
        .into();
    let mut server: Connection = ServerConnection::new(server).expect("a server").into();
    let mut records = Vec::new();
    for (n, (from_client, says, holds)) in TURNS.into_iter().enumerate() {
        let (from, to) = match from_client {
            true => (&mut client, &mut server),
            false => (&mut server, &mut client),
        };
        from.writer().write_all(says).expect("plaintext");
        if n + 1 == TURNS.len() {
            from.send_close_notify();
        }
        let mut wire = Vec::new();
        while from.wants_write() {
            from.write_tls(&mut wire).expect("memory");
        }
        let mut rest = &wire[..];
        for &holds in holds {
            let length = HEADER + number(&rest[3..HEADER]);
            let (record, others) = rest.split_at(length);
            rest = others;
            to.read_tls(&mut &record[..]).expect("memory");
            to.process_new_packets().expect("sound");
            records.push(Record {
                from_client,
                bytes: record.to_vec(),
                holds,
            });
        }
        assert!(rest.is_empty(), "more records than are explained");
        let mut plaintext = vec![0; says.len()];
        to.reader()
            .read_exact(&mut plaintext)
            .expect("what was said");
        assert_eq!(plaintext, says);
    }
    records
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |sum, &byte| sum << 8 | usize::from(byte))
}

/// The bytes of a hello and what they are.
fn hello(record: &[u8]) -> String {
    let mut reader = Reader::new(record);
    reader.takes(1, "type", Kind::Number);
    reader.takes(2, "version", Kind::Number);
    reader.takes(2, "length", Kind::Number);
    reader.takes(1, "Hello", Kind::Flags);
    reader.takes(3, "length", Kind::Flags);
    reader.takes(2, "TLS 1.2?", Kind::Flags);
    reader.takes(32, "random", Kind::Data);
    reader.takes_counted(1, "session", Kind::Data);
    reader.takes_counted(2, "cipher suites", Kind::Flags);
    reader.takes_counted(1, "compression", Kind::Flags);
    reader.takes(2, "extensions", Kind::Number);
    while reader.at < record.len() {
        let kind = number(&record[reader.at..reader.at + 2]);
        let length = number(&record[reader.at + 2..reader.at + 4]);
        let (name, of) = match kind {
            0 => ("SNI", Kind::Name),
            10 => ("groups", Kind::Flags),
            11 => ("points", Kind::Flags),
            13 => ("signatures", Kind::Flags),
            16 => ("ALPN", Kind::Name),
            43 => ("versions: 1.3", Kind::Flags),
            45 => ("resumption", Kind::Flags),
            51 => ("key share", Kind::Data),
            _ => ("", Kind::Flags),
        };
        reader.takes(4, &format!("{kind}, {length} bytes"), Kind::Number);
        reader.takes(length, name, of);
    }
    draw("A ClientHello, byte by byte", record, &reader.fields, &[])
}

/// The bytes of a record that is encrypted.
fn encrypted(record: &[u8]) -> String {
    let mut reader = Reader::new(record);
    reader.takes(1, "type", Kind::Number);
    reader.takes(2, "version", Kind::Number);
    reader.takes(2, "length", Kind::Number);
    reader.takes(
        record.len() - HEADER - TAIL,
        "encrypted: GET /results/4711 HTTP/1.1 …",
        Kind::Data,
    );
    reader.takes(1, "type", Kind::Data);
    reader.takes(16, "tag", Kind::Flags);
    draw(
        "A request in its record, byte by byte",
        record,
        &reader.fields,
        &[],
    )
}

struct Reader<'a> {
    record: &'a [u8],
    at: usize,
    fields: Vec<Field>,
}

impl Reader<'_> {
    fn new(record: &[u8]) -> Reader<'_> {
        Reader {
            record,
            at: 0,
            fields: Vec::new(),
        }
    }

    fn takes(&mut self, length: usize, label: &str, kind: Kind) {
        self.fields.push(Field {
            range: self.at..self.at + length,
            label: label.to_owned(),
            kind,
        });
        self.at += length;
    }

    /// What stands behind its length, which has so many bytes.
    fn takes_counted(&mut self, width: usize, label: &str, kind: Kind) {
        let length = number(&self.record[self.at..self.at + width]);
        self.takes(width + length, label, kind);
    }
}

const ROW: usize = 58;
const TOP: usize = 34;
const BAR: usize = 18;
const LEFT: usize = 30;
const WIDTH: usize = 440;

const IN_THE_CLEAR: &str = "#4fa86a";
const HIDDEN: &str = "#d65a6e";
const HEADERS: &str = "#6b8fd6";
const TAILS: &str = "#b07cd0";

/// All records in their order, as long as they are.
fn all(records: &[Record]) -> String {
    let height = TOP + ROW * records.len() + 4;
    let mut picture = Picture::new(WIDTH, height, "The records of a page over HTTPS");
    let legend = [
        ("header", HEADERS),
        ("in the clear", IN_THE_CLEAR),
        ("encrypted", HIDDEN),
        ("tag", TAILS),
    ];
    let mut x = LEFT;
    for (name, colour) in legend {
        picture.rect(x, 6, 14, 14, colour, 0.6);
        picture.text(x + 20, 18, "start", 12, 0.85, name);
        x += 34 + name.len() * 7;
    }
    for (n, record) in records.iter().enumerate() {
        let y = TOP + n * ROW;
        let is_hidden = record.bytes[0] == APPLICATION_DATA;
        let inner = record.bytes.len() - HEADER - if is_hidden { TAIL } else { 0 };
        let colour = if is_hidden { HIDDEN } else { IN_THE_CLEAR };
        let mut x = LEFT;
        for (length, colour) in [(HEADER, HEADERS), (inner, colour)] {
            let width = (length / 2).max(3);
            picture.rect(x, y + 18, width, BAR, colour, 0.6);
            x += width + 1;
        }
        if is_hidden {
            picture.rect(x, y + 18, TAIL / 2, BAR, TAILS, 0.6);
        }
        let kind = match record.bytes[0] {
            HANDSHAKE => "22, handshake",
            APPLICATION_DATA => "23, data",
            _ => "20",
        };
        let seen = format!("{kind}: {HEADER} + {} bytes", record.bytes.len() - HEADER);
        let arrow = if record.from_client { "→" } else { "←" };
        picture.text(8, y + 13, "start", 16, 1.0, arrow);
        picture.text(LEFT, y + 12, "start", 12, 0.9, &seen);
        picture.text(LEFT, y + 49, "start", 12, 0.65, record.holds);
    }
    picture.finish()
}
