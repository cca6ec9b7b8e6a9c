//! Step 10: the program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use crate::s6_udp::LookupError;
use crate::s9_lookup::Answer;

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
    let _ = (resolv_conf, out, err);
    todo!(
        "1.10 run({args:?}): understand the words (Request::parse is given), look up, print, and \
         return the exit code"
    )
}

/// The exit code that `USAGE` lists for an outcome. `BadName` is a mistake in the command line, 2.
/// `Io`, `BadReply` and `CnameChain` are 1; `Rcode` and `Referral` are 6.
pub fn exit_code(outcome: &Result<Answer, LookupError>) -> u8 {
    todo!("1.10 exit_code({outcome:?}): the number that USAGE lists for it")
}

/// The first server that the text of a resolv.conf(5) names, with port 53: the address in its
/// first line whose first word is `nameserver`. Words stand apart by blanks or tabs; what follows
/// the address does not matter; lines that begin with `#` or `;` are comments. (resolv.conf(5) wants
/// the word at the very beginning of the line; an indented one you may take or skip.) An address that
/// cannot be read (such as one with a zone, `fe80::1%eth0`) is skipped. `0.0.0.0` and `::` are
/// this machine, `127.0.0.1` and `::1`: `address_of_server` is given.
pub fn nameserver_in(resolv_conf: &str) -> Option<SocketAddr> {
    todo!(
        "1.10 nameserver_in({resolv_conf:?}): the first address behind the word nameserver, with \
         port 53"
    )
}
