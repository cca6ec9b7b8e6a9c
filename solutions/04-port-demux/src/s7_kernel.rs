//! Step 7: the kernel as a witness.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::{Proto, Row, SocketId, State};

/// A line of `/proc/net/tcp` and its sisters that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1; the heading is line 1.
    pub line: usize,
    pub text: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {:?}", self.line, self.text)
    }
}

impl std::error::Error for BadLine {}

/// Reads the text of `/proc/net/tcp`, `tcp6`, `udp` or `udp6` (proc_pid_net(5)).
///
/// The first line is a heading, whatever it says. In every other line the words, separated by
/// blanks, are: a number, in decimal digits, and a colon; the local end; the remote end; the state;
/// five words that must be there and may be anything; and the inode, in decimal digits. The rest of
/// the line does not matter.
///
/// An end is `ADDRESS:PORT`, both hexadecimal. The port is a number as people write it. The address
/// is one word of 32 bits (IPv4) or four of them (IPv6), and each word is printed as a *number in
/// the order of the processor*: the four bytes that lie in memory in network order, read by the
/// machine as one of its own integers. 127.0.0.1 is `0100007F` on most machines.
///
/// A remote end with port 0 means that there is none. The state is [`State::from_code`]'s number, in
/// hexadecimal. The inode becomes the row's id. All numbers are digits only, without a sign.
///
/// # Errors
///
/// The first line that does not fit.
pub fn parse_proc_net(text: &str, proto: Proto) -> Result<Vec<Row>, BadLine> {
    let lines = text.lines().enumerate().skip(1);
    lines
        .map(|(at, line)| {
            parse_line(line, proto).ok_or_else(|| BadLine {
                line: at + 1,
                text: line.to_owned(),
            })
        })
        .collect()
}

fn parse_line(line: &str, proto: Proto) -> Option<Row> {
    let mut words = line.split_whitespace();
    let _slot = parse_number(words.next()?.strip_suffix(':')?, 10)?;
    let local = parse_end(words.next()?)?;
    let remote = parse_end(words.next()?)?;
    let state = State::from_code(parse_number(words.next()?, 16)?.try_into().ok()?)?;
    // Queues, timer, retransmissions, uid, time-out.
    let inode = parse_number(words.nth(5)?, 10)?;
    Some(Row {
        id: SocketId(inode),
        proto,
        state,
        local,
        remote: (remote.port() != 0).then_some(remote),
    })
}

fn parse_end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port: u16 = parse_number(port, 16)?.try_into().ok()?;
    let ip: IpAddr = match address.len() {
        8 => Ipv4Addr::from(parse_word(address)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for (word, bytes) in bytes.chunks_mut(4).enumerate() {
                let digits = address.get(word * 8..word * 8 + 8)?;
                bytes.copy_from_slice(&parse_word(digits)?);
            }
            Ipv6Addr::from(bytes).into()
        }
        _ => return None,
    };
    Some((ip, port).into())
}

/// Four bytes of an address, in network order. The kernel read them as a number of the processor;
/// as such a number they lie in memory as they came.
fn parse_word(digits: &str) -> Option<[u8; 4]> {
    let word = parse_number(digits, 16)?.try_into().ok();
    word.map(u32::to_ne_bytes)
}

/// Digits only: `from_str_radix` would take a plus sign as well.
fn parse_number(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Given: the rows of the machine that this program runs on, TCP first. Linux only.
///
/// A socket that is bound and neither listens nor is connected is in no list of the kernel's for
/// TCP, and so it is not here. A row can be of a socket that was closed during the reading.
///
/// # Errors
///
/// [`io::ErrorKind::Unsupported`] on systems without `/proc/net`; else why it cannot be read.
pub fn kernel_rows() -> io::Result<Vec<Row>> {
    if !cfg!(target_os = "linux") {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "only Linux shows its sockets in /proc/net; here, ask netstat -an",
        ));
    }
    let mut rows = Vec::new();
    for (file, proto) in [
        ("tcp", Proto::Tcp),
        ("tcp6", Proto::Tcp),
        ("udp", Proto::Udp),
        ("udp6", Proto::Udp),
    ] {
        match rows_of(&Path::new("/proc/net").join(file), proto) {
            Ok(of_this_file) => rows.extend(of_this_file),
            // A kernel without IPv6 has no tcp6.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

/// The rows of one file.
///
/// The kernel gives a file in pieces. For the next piece of UDP's it counts the rows that it has
/// given: when one of these is gone by then, another row is left out. So UDP's are read until a
/// reading shows nothing new. (TCP's place is kept in another way.)
fn rows_of(file: &Path, proto: Proto) -> io::Result<Vec<Row>> {
    const MOST_READINGS: usize = 10;
    let mut rows = read_once(file, proto)?;
    if proto == Proto::Udp {
        let mut known: HashSet<Row> = rows.iter().copied().collect();
        for _ in 1..MOST_READINGS {
            let before = rows.len();
            let again = read_once(file, proto)?;
            rows.extend(again.into_iter().filter(|row| known.insert(*row)));
            if rows.len() == before {
                break;
            }
        }
    }
    Ok(rows)
}

fn read_once(file: &Path, proto: Proto) -> io::Result<Vec<Row>> {
    // Room for whole pieces: without it the first one would be tiny.
    let mut text = String::with_capacity(1 << 16);
    File::open(file)?.read_to_string(&mut text)?;
    parse_proc_net(&text, proto).map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, bad))
}
