//! Chapter 15's HPACK beside that of the crate loona-hpack, and over a connection with the crate h2, both ways.
//!
//! ```text
//! HPACK_LISTS=100000 HPACK_SEED=7 cargo test --release -p races --test hpack
//! ```

#![cfg(unix)] // the connection is a pair of Unix sockets

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use h2::server::SendResponse;
use http2_solution::{Config, Event, Field, H2, HpackDecoder, HpackEncoder, Settings, write_int};
use hyper::body::Bytes;
use hyper::{Request, Response};
use netlab::Dice;

/// Sizes of tables, from none to more than the default. They change on the way.
const TABLES: [usize; 6] = [4096, 0, 100, 1000, 4096, 16_384];

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().expect("a number"))
}

struct Lists(Dice);

impl Lists {
    fn text(&mut self, longest: usize, letters: &[u8]) -> Vec<u8> {
        let length = self.0.below(longest + 1);
        (0..length)
            .map(|_| letters[self.0.below(letters.len())])
            .collect()
    }

    /// Fields as they are seen, and some that are not: with names and values of the static table, often the same ones, some
    /// empty, some longer than a table.
    fn next(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        const NAMES: [&str; 8] = [
            "accept",
            "cookie",
            "date",
            "etag",
            "host",
            "server",
            "user-agent",
            "x-request-id",
        ];
        const VALUES: [&str; 6] = ["", "gzip, deflate", "*/*", "/", "a=b; c=d", "no-cache"];
        // loona-hpack takes no block that has a new size of the table and nothing behind it.
        let count = 1 + self.0.below(12);
        let mut list = Vec::new();
        for _ in 0..count {
            let name = match self.0.below(4) {
                0 => [
                    b"x-",
                    &self.text(20, b"abcdefghijklmnopqrstuvwxyz0123456789-_")[..],
                ]
                .concat(),
                _ => NAMES[self.0.below(NAMES.len())].as_bytes().to_vec(),
            };
            let value = match self.0.below(6) {
                0 => self.text(40, b"0123456789"),
                1 => {
                    let longest = if self.0.below(20) == 0 { 5000 } else { 60 };
                    self.text(longest, b"aZ%&=~\"\\ \xe9{}5")
                }
                _ => VALUES[self.0.below(VALUES.len())].as_bytes().to_vec(),
            };
            // Nothing may begin or end with a space (RFC 9113 §8.2.1).
            list.push((name, value.trim_ascii().to_vec()));
        }
        list
    }
}

fn size(table: usize) -> u32 {
    u32::try_from(table).expect("a small one")
}

fn fields(list: &[(Vec<u8>, Vec<u8>)], secrets: bool) -> Vec<Field> {
    let field = |(at, (name, value)): (usize, &(Vec<u8>, Vec<u8>))| match secrets && at % 5 == 3 {
        true => Field::secret(&name[..], &value[..]),
        false => Field::new(&name[..], &value[..]),
    };
    list.iter().enumerate().map(field).collect()
}

fn pairs(fields: &[Field]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pair = |field: &Field| (field.name.clone(), field.value.clone());
    fields.iter().map(pair).collect()
}

#[test]
fn what_we_encode_loona_decodes() {
    let mut lists = Lists(Dice::new(number("HPACK_SEED", 1)));
    let (mut ours, mut theirs) = (HpackEncoder::new(), loona_hpack::Decoder::new());
    let mut table = TABLES[0];
    for n in 0..number("HPACK_LISTS", 2000) {
        if lists.0.below(10) == 0 {
            // Twice at times: the smaller one is to be said as well.
            for _ in 0..1 + lists.0.below(2) {
                table = TABLES[lists.0.below(TABLES.len())];
                ours.set_max(table);
            }
            theirs.set_max_allowed_table_size(table.max(4096));
        }
        let list = lists.next();
        let block = ours.encode(&fields(&list, true));
        let decoded = theirs.decode(&block);
        let decoded =
            decoded.unwrap_or_else(|error| panic!("list {n}, a table of {table}: {error:?}"));
        assert_eq!(decoded, list, "list {n}, a table of {table}");
    }
}

#[test]
fn what_loona_encodes_we_decode() {
    let mut lists = Lists(Dice::new(number("HPACK_SEED", 2)));
    let mut ours = HpackDecoder::new(4096, usize::MAX);
    let mut theirs = loona_hpack::Encoder::new();
    let mut table = 4096;
    for n in 0..number("HPACK_LISTS", 2000) {
        let list = lists.next();
        let mut block = Vec::new();
        if lists.0.below(10) == 0 {
            let max = TABLES[lists.0.below(TABLES.len())];
            ours.set_max(max);
            // Its encoder does not say by itself how large its table is, so this is done for it.
            table = lists.0.below(max + 1);
            theirs.set_max_table_size(table);
            write_int(size(table), 5, 0x20, &mut block);
        }
        block.extend(theirs.encode(list.iter().map(|(name, value)| (&name[..], &value[..]))));
        let decoded = ours.decode(&block);
        let decoded =
            decoded.unwrap_or_else(|fault| panic!("list {n}, a table of {table}: {fault}"));
        let decoded = decoded.expect("no list is too long");
        assert_eq!(pairs(&decoded), list, "list {n}, a table of {table}");
    }
}

/// The crate's server sends back the fields of each request: its HPACK has Huffman's code in both directions. For each
/// pair of tables a connection of its own; over each go as many lists.
#[test]
fn over_a_connection_with_h2_and_back() {
    let mut lists = Lists(Dice::new(number("HPACK_SEED", 3)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let each = number("HPACK_LISTS", 2000).div_ceil(TABLES.len() as u64);
    for (n, table) in TABLES.into_iter().enumerate() {
        let (here, there) = UnixStream::pair().expect("two sockets");
        there.set_nonblocking(true).expect("a socket of tokio's");
        runtime.spawn(echoes(there, size(TABLES[TABLES.len() - 1 - n])));
        here.set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a time-out");
        let config = Config {
            settings: Settings {
                header_table_size: size(table),
                ..Settings::default()
            },
            ..Config::default()
        };
        let mut connection = Connection {
            h2: H2::client(config),
            stream: here,
        };
        for at in 0..each {
            let list = lists.next();
            let got = connection.asks(&list);
            assert_eq!(by_name(&got), by_name(&list), "tables {n}, list {at}");
        }
    }
}

async fn echoes(stream: UnixStream, table: u32) {
    let stream = tokio::net::UnixStream::from_std(stream).expect("a socket of tokio's");
    let mut builder = h2::server::Builder::new();
    builder
        .header_table_size(table)
        .max_header_list_size(1 << 20);
    let hands = builder.handshake::<_, Bytes>(stream);
    let mut connection = hands.await.expect("a client");
    while let Some(request) = connection.accept().await {
        let (request, respond) = request.expect("a request");
        echo(&request, respond);
    }
}

fn echo(request: &Request<h2::RecvStream>, mut respond: SendResponse<Bytes>) {
    let mut response = Response::new(());
    *response.headers_mut() = request.headers().clone();
    respond.send_response(response, true).expect("a stream");
}

struct Connection {
    h2: H2,
    stream: UnixStream,
}

impl Connection {
    /// The fields that come back.
    fn asks(&mut self, list: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut all = vec![
            Field::new(":method", "GET"),
            Field::new(":scheme", "http"),
            Field::new(":path", "/"),
        ];
        // Several `host` would be malformed.
        all.extend(
            fields(list, true)
                .into_iter()
                .filter(|field| field.name != b"host"),
        );
        self.h2.request(&all, true).expect("a request");
        let mut piece = [0; 16_384];
        loop {
            let bytes = self.h2.pending();
            self.stream.write_all(&bytes).expect("it is there");
            let length = self.stream.read(&mut piece).expect("an answer");
            for event in self.h2.receive(&piece[..length]) {
                match event {
                    Event::Head { fields, .. } => return pairs(&fields[1..]),
                    Event::Settings | Event::SettingsAcked => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

/// A map of `http` keeps the order of the values of one name alone.
fn by_name(list: &[(Vec<u8>, Vec<u8>)]) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, value) in list.iter().filter(|(name, _)| name != b"host") {
        names.entry(name.clone()).or_default().push(value.clone());
    }
    names
}
