//! Chapter 07: a storm of fragments. What comes out whole was sent, the table has an end, and a full one keeps what it
//! has.
#![no_main]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use delivery::{FragError, Limits, Outcome, Reassembly, Why, fragment};
use fuzz::kept;
use packets::{Ipv4Header, internet_checksum};

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    bytes: 2048,
};
/// What a byte that counts may take at most: an attacker's pieces are as short as can be, and each has a table's row.
const MEMORY: isize = 48;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&mtu, rest)) = data.split_first() else {
        return;
    };
    cut_and_joined(rest, 28 + 4 * usize::from(mtu));
    storm(data);
});

/// A datagram in pieces is the datagram.
fn cut_and_joined(data: &[u8], mtu: usize) {
    let mut datagram = data.to_vec();
    let header = datagram.first().map_or(0, |b| usize::from(b & 0xf) * 4);
    if header >= 20 && datagram.len() >= header {
        datagram[10..12].fill(0);
        let sum = internet_checksum(&[&datagram[..header]]);
        datagram[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    let pieces = match fragment(&datagram, mtu) {
        Ok(pieces) => pieces,
        Err(FragError::Malformed(error)) => {
            match Ipv4Header::parse(&datagram) {
                Err(refused) => assert_eq!(refused, error),
                Ok((header, payload)) => {
                    let last = usize::from(header.frag_off) + payload.len().saturating_sub(1) / 8;
                    assert!(last > 0x1fff, "the last piece's offset has room: {error:?}");
                }
            }
            return;
        }
        Err(_) => return,
    };
    assert!(pieces.iter().all(|piece| piece.len() <= mtu));
    let (header, payload) = Ipv4Header::parse(&datagram).expect("it was cut");
    if header.mf || header.frag_off > 0 {
        return;
    }
    let mut table = Reassembly::new(Limits {
        bytes: 1 << 20,
        ..LIMITS
    });
    let mut backwards = pieces.iter().rev();
    let last = backwards.find_map(|piece| match table.push(Duration::ZERO, piece) {
        Outcome::Waiting => None,
        other => Some(other),
    });
    let Some(Outcome::Whole(whole)) = last else {
        panic!("{last:?}");
    };
    assert_eq!(Ipv4Header::parse(&whole), Ok((header, payload)));
    assert!(backwards.next().is_none() && table.bytes() == 0);
}

/// Source and identification: the rest is the same in all pieces.
type Key = (Ipv4Addr, u16);

/// The pieces that a table should have, with the place of each, and when the first came.
#[derive(Default)]
struct Here {
    since: Duration,
    pieces: Vec<(usize, Vec<u8>)>,
    end: Option<usize>,
}

impl Here {
    fn has(&self, byte: usize, value: u8) -> bool {
        let mut pieces = self.pieces.iter();
        pieces.any(|(begin, bytes)| {
            byte.checked_sub(*begin).and_then(|at| bytes.get(at)) == Some(&value)
        })
    }

    fn is_whole(&self) -> bool {
        let here: usize = self.pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        self.end == Some(here)
    }
}

fn storm(mut data: &[u8]) {
    let mut table = Reassembly::new(LIMITS);
    let mut memory = 0;
    let mut here: HashMap<Key, Here> = HashMap::new();
    let mut now = Duration::ZERO;
    // Four bytes say what a piece is: whose, flags and time; its place; its length; the time before it.
    while let [what, place, len, time, rest @ ..] = data {
        let (payload, behind) = rest.split_at(usize::from(*len).min(rest.len()));
        data = behind;
        now += Duration::from_millis(u64::from(*time) * 50);
        gives_up(&mut table, &mut memory, &mut here, now);

        let payload = &payload[..payload.len() >> (3 * (what >> 7)) << (3 * (what >> 7))];
        let header = Ipv4Header {
            id: u16::from(what & 1 | (place & 7) << 1),
            mf: what & 4 != 0,
            frag_off: match place {
                255 => 8190,
                place => u16::from(place >> 3),
            },
            options: vec![1; usize::from(what >> 3 & 1) * 40],
            ..Ipv4Header::new(
                17,
                Ipv4Addr::new(10, 0, 0, what >> 1 & 1),
                [10, 0, 0, 9].into(),
            )
        };
        let mut piece = Vec::new();
        header.emit(payload, &mut piece).expect("it fits");
        let key = (header.src, header.id);
        let begin = usize::from(header.frag_off) * 8;
        let is_piece = header.mf || begin > 0;
        let before = table.bytes();
        let (outcome, more) = kept(|| table.push(now, &piece));
        memory += more;
        match outcome {
            Outcome::Whole(whole) if !is_piece => {
                assert_eq!(whole, piece);
                memory -= whole.capacity() as isize;
            }
            Outcome::Whole(whole) => {
                let mut parts = here.remove(&key).unwrap_or_default();
                parts.pieces.push((begin, payload.to_vec()));
                let (joined, bytes) = Ipv4Header::parse(&whole).expect("what we write, we read");
                assert!(!joined.mf && joined.frag_off == 0 && (joined.src, joined.id) == key);
                assert!((0..).zip(bytes).all(|(at, byte)| parts.has(at, *byte)));
                memory -= whole.capacity() as isize;
            }
            Outcome::Waiting => {
                let parts = here.entry(key).or_insert_with(|| Here {
                    since: now,
                    ..Here::default()
                });
                let is_new = table.bytes() > before;
                assert_eq!(is_new, !parts.has(begin, payload[0]));
                if is_new {
                    parts.pieces.push((begin, payload.to_vec()));
                    let end = (!header.mf).then_some(begin + payload.len());
                    parts.end = parts.end.or(end);
                }
                assert!(!parts.is_whole(), "nothing is missing");
            }
            Outcome::Discarded(Why::Overlap | Why::End) => {
                assert!(
                    here.remove(&key).is_some(),
                    "nothing was there to contradict"
                );
            }
            Outcome::Discarded(Why::Malformed(error)) => panic!("{error:?}"),
            Outcome::Discarded(_) => assert_eq!(table.bytes(), before, "what is here stays"),
        }
        let pieces = here.values().flat_map(|parts| &parts.pieces);
        assert_eq!(table.bytes(), pieces.map(|(_, b)| b.len() + 20).sum());
        assert!(table.bytes() <= LIMITS.bytes);
        assert!(
            memory <= MEMORY * LIMITS.bytes as isize,
            "{memory} bytes in use"
        );
    }
    gives_up(&mut table, &mut memory, &mut here, now + LIMITS.timeout);
    assert!(here.is_empty() && table.bytes() == 0 && table.next_expiry().is_none());
}

/// Lets the time of datagrams end: the source of each is told whose first piece is here.
fn gives_up(
    table: &mut Reassembly,
    memory: &mut isize,
    here: &mut HashMap<Key, Here>,
    now: Duration,
) {
    let first = here.values().map(|parts| parts.since).min();
    assert_eq!(
        table.next_expiry(),
        first.map(|since| since + LIMITS.timeout)
    );
    let mut told = 0;
    here.retain(|_, parts| {
        let is_over = now - parts.since >= LIMITS.timeout;
        told += usize::from(is_over && parts.pieces.iter().any(|(begin, _)| *begin == 0));
        !is_over
    });
    let (over, more) = kept(|| table.expire(now).len());
    *memory += more;
    assert_eq!(over, told);
}
