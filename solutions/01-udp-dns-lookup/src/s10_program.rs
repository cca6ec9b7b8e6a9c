//! Step 10: the program.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::command_line::{DNS_PORT, Request, USAGE, address_of_server};
use crate::s6_udp::LookupError;
use crate::s9_lookup::{Answer, lookup_ip};

const NETWORK: u8 = 1;
const COMMAND_LINE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const NO_DATA: u8 = 4;
const TIMED_OUT: u8 = 5;
const REFUSED: u8 = 6;

/// The whole program except for the process around it: `args` are the command line's words without
/// the program's name. Returns the exit code, as `USAGE` lists them.
///
/// - `--help`, wherever it stands: `USAGE` on `out`, and nothing else happens.
/// - Words that `Request::parse` does not understand: its sentence on `err`.
/// - Addresses: on `out`, one a line, IPv4 first. Nothing else ever goes to `out`.
/// - No address: a line on `err` with the name as it was typed and the reason. That is `no such name`
///   or `no address`; for an error it is the sentence that its `Display` gives.
/// - The line about an error also names the server that was asked; for `BadName` it does not,
///   because no server was asked.
///
/// Without a server in `args` it asks the one that [`nameserver_in`] finds in the file `resolv_conf`.
/// A byte that is not UTF-8 costs at most the word that it stands in. When the file cannot be read,
/// or names no server, a line on `err` names the file and the exit code is 1: there is no server to
/// ask. If the name is bad as well, either error is right.
///
/// # Errors
///
/// Only when `out` or `err` cannot be written: then what `write` said.
pub fn run(
    args: &[String],
    resolv_conf: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
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
    let server = match request.server.map_or_else(|| server_in(resolv_conf), Ok) {
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
        // Nothing was sent.
        Err(e @ LookupError::BadName(_)) => writeln!(err, "{}: {e}", request.name)?,
        Err(e) => writeln!(err, "{}: {e} (asked {server})", request.name)?,
    }
    Ok(exit_code(&outcome))
}

/// The exit code that `USAGE` lists for an outcome. `BadName` is a mistake in the command line, 2.
/// `Io`, `BadReply` and `CnameChain` are 1; `Rcode` and `Referral` are 6.
pub fn exit_code(outcome: &Result<Answer, LookupError>) -> u8 {
    match outcome {
        Ok(Answer::Addresses(_)) => 0,
        Ok(Answer::NoSuchName) => NO_SUCH_NAME,
        Ok(Answer::NoData) => NO_DATA,
        Err(LookupError::BadName(_)) => COMMAND_LINE,
        Err(LookupError::TimedOut) => TIMED_OUT,
        Err(LookupError::Rcode(_) | LookupError::Referral) => REFUSED,
        Err(LookupError::Io(_) | LookupError::BadReply(_) | LookupError::CnameChain) => NETWORK,
    }
}

/// The first server that the text of a resolv.conf(5) names, with port 53: the address in its
/// first line whose first word is `nameserver`. Words stand apart by blanks or tabs; what follows
/// the address does not matter; lines that begin with `#` or `;` are comments. (resolv.conf(5) wants
/// the word at the very beginning of the line; an indented one you may take or skip.) An address that
/// cannot be read (such as one with a zone, `fe80::1%eth0`) is skipped. `0.0.0.0` and `::` are
/// this machine, `127.0.0.1` and `::1`: `address_of_server` is given.
pub fn nameserver_in(resolv_conf: &str) -> Option<SocketAddr> {
    resolv_conf
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == "nameserver").then_some(words.next()?)
        })
        .find_map(|address| address.parse::<IpAddr>().ok())
        .map(|ip| SocketAddr::new(address_of_server(ip), DNS_PORT))
}

/// The server that this system asks.
fn server_in(resolv_conf: &Path) -> Result<SocketAddr, String> {
    let file = resolv_conf.display();
    // People write comments in it, in whatever encoding they like.
    let bytes = fs::read(resolv_conf).map_err(|e| format!("{file}: {e}"))?;
    nameserver_in(&String::from_utf8_lossy(&bytes)).ok_or(format!("{file} names no server"))
}
