//! Step 3: the pieces come together.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::time::Duration;

use packets::{Ipv4Header, PacketError};

/// How long and how much a host keeps of datagrams that are not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long after its first piece a datagram is given up. RFC 1122, section 3.3.2 asks for one
    /// fixed time of 60 to 120 seconds.
    pub timeout: Duration,
    /// How many bytes all pieces together may have. Each counts as its payload and 20 bytes.
    pub bytes: usize,
}

/// The result for a datagram or a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A whole datagram, as [`packets::Ipv4Header::parse`] reads it.
    Whole(Vec<u8>),
    /// The piece is kept, or was already there. Others are missing.
    Waiting,
    Discarded(Why),
}

/// Why a piece is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not a valid datagram.
    Malformed(PacketError),
    /// It carries nothing, or it is not the last and its payload is not a multiple of 8 bytes.
    Size,
    /// The whole would have more than 65535 bytes.
    TooLong,
    /// Some of its bytes were already there, and it is not an exact copy.
    Overlap,
    /// It contradicts another piece about the end of the datagram.
    End,
    /// There is no room for it.
    Full,
}

/// The datagrams of which some pieces have come. `now` is the time since any fixed moment.
#[derive(Debug)]
pub struct Reassembly {
    limits: Limits,
    partials: HashMap<Key, Partial>,
    bytes: usize,
}

/// What the pieces of one datagram have in common (RFC 791, section 3.2).
type Key = (Ipv4Addr, Ipv4Addr, u8, u16);

#[derive(Debug)]
struct Partial {
    since: Duration,
    /// The first piece as it came.
    first: Option<Vec<u8>>,
    /// The payloads, by the byte at which they begin. No two overlap.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// How long the whole payload is, when the last piece is here.
    end: Option<usize>,
}

/// What the payload and the header of a piece count for.
fn cost(payload: &[u8]) -> usize {
    payload.len() + Ipv4Header::MIN_LEN
}

impl Reassembly {
    /// Nothing is here yet.
    pub fn new(limits: Limits) -> Reassembly {
        Reassembly {
            limits,
            partials: HashMap::new(),
            bytes: 0,
        }
    }

    /// Takes a datagram that has come in, or a piece of one.
    ///
    /// Pieces belong together if source, destination, protocol and identification are the same. They may come
    /// in any order. When all have come, they are forgotten, and the whole is returned. It has the
    /// header of the first piece with offset 0, with More Fragments clear and the right length and
    /// checksum.
    ///
    /// A piece is discarded for the first of these reasons that holds, and nothing of it is kept.
    /// The earlier pieces stay, unless the list says that all pieces of the datagram are forgotten.
    /// After that the next piece starts the datagram again.
    ///
    /// 1. [`Why::Malformed`], with what [`packets::Ipv4Header::parse`] says.
    ///
    ///    A valid datagram that is not a piece (offset 0 and More Fragments clear) is whole: it is
    ///    returned as it is, up to its Total Length, and changes nothing.
    /// 2. [`Why::Size`]: the piece has no payload, or has More Fragments set and its payload is not
    ///    a multiple of 8 bytes.
    /// 3. [`Why::TooLong`]: the piece ends behind the first 65515 bytes, so that a datagram with a header of 20 bytes
    ///    would have more than 65535 (the "ping of death").
    /// 4. [`Why::Overlap`]: bytes at the same place have already come. All pieces of the datagram
    ///    are forgotten, as RFC 5722 requires for IPv6: a filter on the way may have seen only one
    ///    of the two. An exact copy of a piece, with the same place, More Fragments and payload, is
    ///    not an overlap: networks repeat packets. The copy is ignored, and the piece that came
    ///    first stays, with its header.
    /// 5. [`Why::End`]: a piece without More Fragments says where the datagram ends. All pieces of the datagram are
    ///    forgotten if
    ///    - the end is known, and the new piece ends behind it, or
    ///    - the end is known, and the new piece gives another end, or
    ///    - the new piece gives the end, and an earlier piece ends behind it.
    /// 6. [`Why::Full`]: with this piece, all pieces together would count more than [`Limits::bytes`].
    /// 7. [`Why::TooLong`]: all pieces have come, and the whole has more than 65535 bytes because
    ///    the first piece has options. All are forgotten.
    ///
    /// `push` gives nothing up by time: see [`Reassembly::expire`]. The first piece of a datagram
    /// that is kept, whichever it is, starts the datagram's time. Later pieces and copies do not
    /// change it.
    pub fn push(&mut self, now: Duration, datagram: &[u8]) -> Outcome {
        match self.take(now, datagram) {
            Ok(Some(whole)) => Outcome::Whole(whole),
            Ok(None) => Outcome::Waiting,
            Err(why) => Outcome::Discarded(why),
        }
    }

    fn take(&mut self, now: Duration, datagram: &[u8]) -> Result<Option<Vec<u8>>, Why> {
        const MOST: usize = 65535 - Ipv4Header::MIN_LEN;
        let (header, payload) = Ipv4Header::parse(datagram).map_err(Why::Malformed)?;
        let total = header.header_len() + payload.len();
        if !header.mf && header.frag_off == 0 {
            return Ok(Some(datagram[..total].to_vec()));
        }
        if payload.is_empty() || header.mf && payload.len() % 8 != 0 {
            return Err(Why::Size);
        }
        let begin = usize::from(header.frag_off) * 8;
        let end = begin + payload.len();
        if end > MOST {
            return Err(Why::TooLong);
        }

        let key = (header.src, header.dst, header.proto, header.id);
        if let Some(partial) = self.partials.get(&key) {
            match partial.judge(begin, end, &header, payload) {
                Ok(true) => return Ok(None),
                Ok(false) => {}
                Err(why) => {
                    self.forget(&key);
                    return Err(why);
                }
            }
        }
        if self.bytes + cost(payload) > self.limits.bytes {
            return Err(Why::Full);
        }
        self.bytes += cost(payload);
        let partial = self.partials.entry(key).or_insert_with(|| Partial {
            since: now,
            first: None,
            pieces: BTreeMap::new(),
            end: None,
        });
        partial.pieces.insert(begin, payload.to_vec());
        if begin == 0 {
            partial.first = Some(datagram[..total].to_vec());
        }
        if !header.mf {
            partial.end = Some(end);
        }
        if !partial.is_whole() {
            return Ok(None);
        }
        let partial = self.forget(&key).expect("it is there");
        partial.join().map(Some)
    }

    /// Gives up the datagrams whose time is over at `now`: their first piece was kept at least
    /// [`Limits::timeout`] ago.
    ///
    /// For each of them whose piece with offset 0 has come, it returns this piece, as it came, up
    /// to its Total Length: the caller tells the source with ICMP "time exceeded, fragment
    /// reassembly". Without that piece no error is sent (RFC 792; RFC 1122, section 3.3.2). The
    /// oldest datagram comes first. Two of the same age may come in any order.
    pub fn expire(&mut self, now: Duration) -> Vec<Vec<u8>> {
        let is_over = |partial: &Partial| now.saturating_sub(partial.since) >= self.limits.timeout;
        let mut over: Vec<(Duration, Key)> = self
            .partials
            .iter()
            .filter(|(_, partial)| is_over(partial))
            .map(|(key, partial)| (partial.since, *key))
            .collect();
        over.sort();
        over.iter()
            .filter_map(|(_, key)| self.forget(key)?.first)
            .collect()
    }

    /// When the next datagram must be given up, if there is any.
    pub fn next_expiry(&self) -> Option<Duration> {
        let first = self.partials.values().map(|partial| partial.since).min()?;
        Some(first.saturating_add(self.limits.timeout))
    }

    /// How much all pieces together count.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn forget(&mut self, key: &Key) -> Option<Partial> {
        let partial = self.partials.remove(key)?;
        self.bytes -= partial.pieces.values().map(|p| cost(p)).sum::<usize>();
        Some(partial)
    }
}

impl Partial {
    /// Whether a piece is a copy of one that is here.
    fn judge(
        &self,
        begin: usize,
        end: usize,
        header: &Ipv4Header,
        payload: &[u8],
    ) -> Result<bool, Why> {
        let before = self.pieces.range(..end).next_back();
        if let Some((&other, bytes)) = before.filter(|(other, bytes)| *other + bytes.len() > begin)
        {
            let is_last = self.end == Some(other + bytes.len());
            let is_copy = other == begin && bytes == payload && header.mf != is_last;
            return if is_copy { Ok(true) } else { Err(Why::Overlap) };
        }
        let farthest = self.pieces.iter().next_back();
        let farthest = farthest.map_or(0, |(begin, bytes)| begin + bytes.len());
        let contradicts = match self.end {
            Some(known) => end > known || !header.mf,
            None => !header.mf && farthest > end,
        };
        if contradicts {
            Err(Why::End)
        } else {
            Ok(false)
        }
    }

    fn is_whole(&self) -> bool {
        let here: usize = self.pieces.values().map(Vec::len).sum();
        self.end == Some(here)
    }

    fn join(self) -> Result<Vec<u8>, Why> {
        let first = self.first.unwrap_or_default();
        let (header, _) = Ipv4Header::parse(&first).map_err(Why::Malformed)?;
        let header = Ipv4Header {
            mf: false,
            ..header
        };
        let payload: Vec<u8> = self.pieces.into_values().flatten().collect();
        let mut whole = Vec::with_capacity(header.header_len() + payload.len());
        let written = header.emit(&payload, &mut whole);
        written.map(|()| whole).map_err(|_| Why::TooLong)
    }
}
