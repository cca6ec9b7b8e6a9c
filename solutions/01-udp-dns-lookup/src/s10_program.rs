//! Step 10: the program.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use crate::command_line::{DNS_PORT, Request, USAGE};
use crate::s6_udp::LookupError;
use crate::s9_lookup::{Answer, lookup_ip};

const NETWORK: u8 = 1;
const COMMAND_LINE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const NO_DATA: u8 = 4;
const TIMED_OUT: u8 = 5;
const REFUSED: u8 = 6;

/// The file in which a Unix system says whom to ask, resolv.conf(5).
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The whole program but for the process around it: `args` are the command line's words without
/// the program's name. Addresses go to `out`, one a line, IPv4 first; anything else worth saying
/// goes to `err`. Gives the exit code, as `USAGE` lists them. `--help` prints `USAGE` to `out`.
///
/// Without a server in `args` it asks the one that [`nameserver_in`] finds in /etc/resolv.conf. When
/// there is no such file, or it names no server, `err` tells that and the exit code is 1: there is
/// no network to ask.
///
/// # Errors
///
/// Only when `out` or `err` cannot be written.
pub fn run(args: &[String], out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    if args.iter().any(|word| word == "--help") {
        write!(out, "{USAGE}")?;
        return Ok(0);
    }
    let request = match Request::parse(args) {
        Ok(request) => request,
        Err(mistake) => {
            writeln!(err, "{mistake} (--help tells how to use this)")?;
            return Ok(COMMAND_LINE);
        }
    };
    let server = match request.server.map_or_else(system_server, Ok) {
        Ok(server) => server,
        Err(reason) => {
            writeln!(err, "{reason}; name a server with @ADDRESS:PORT")?;
            return Ok(NETWORK);
        }
    };
    let outcome = lookup_ip(server, &request.name, request.patience);
    match &outcome {
        Ok(Answer::Addresses(addresses)) => {
            for address in addresses {
                writeln!(out, "{address}")?;
            }
        }
        Ok(Answer::NoSuchName) => writeln!(err, "{}: no such name", request.name)?,
        Ok(Answer::NoData) => writeln!(err, "{}: the name has no address", request.name)?,
        Err(e) => writeln!(err, "{}: {e} (asked {server})", request.name)?,
    }
    Ok(exit_code(&outcome))
}

/// The exit code that `USAGE` lists for an outcome. A name that can be none (`BadName`) is a mistake
/// in the command line, 2.
pub fn exit_code(outcome: &Result<Answer, LookupError>) -> u8 {
    match outcome {
        Ok(Answer::Addresses(_)) => 0,
        Ok(Answer::NoSuchName) => NO_SUCH_NAME,
        Ok(Answer::NoData) => NO_DATA,
        Err(LookupError::BadName(_)) => COMMAND_LINE,
        Err(LookupError::TimedOut) => TIMED_OUT,
        Err(LookupError::Rcode(_)) => REFUSED,
        Err(LookupError::Io(_) | LookupError::BadReply(_) | LookupError::CnameChain) => NETWORK,
    }
}

/// The first server that the text of a resolv.conf(5) names, with port 53: the address in its
/// first line whose first word is `nameserver`. Words stand apart by blanks or tabs; what follows
/// the address does not matter; lines that begin with `#` or `;` are comments. An address that
/// cannot be read (such as one with a zone, `fe80::1%eth0`) is passed over.
pub fn nameserver_in(resolv_conf: &str) -> Option<SocketAddr> {
    resolv_conf
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == "nameserver").then_some(words.next()?)
        })
        .find_map(|address| address.parse::<IpAddr>().ok())
        .map(|ip| SocketAddr::new(ip, DNS_PORT))
}

/// The server that this system asks.
fn system_server() -> Result<SocketAddr, String> {
    if cfg!(not(unix)) {
        return Err(format!("this system has no {RESOLV_CONF}"));
    }
    let text = fs::read_to_string(RESOLV_CONF).map_err(|e| format!("{RESOLV_CONF}: {e}"))?;
    nameserver_in(&text).ok_or_else(|| format!("{RESOLV_CONF} names no server"))
}
