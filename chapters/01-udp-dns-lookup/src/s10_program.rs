//! Step 10: the program.

use std::io::{self, Write};
use std::net::SocketAddr;

use crate::s6_udp::LookupError;
use crate::s9_lookup::Answer;

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
    let _ = (out, err);
    todo!(
        "1.10 run({args:?}): understand the words (Request::parse is given), look up, print, and \
         return the exit code"
    )
}

/// The exit code that `USAGE` lists for an outcome. A name that can be none (`BadName`) is a mistake
/// in the command line, 2.
pub fn exit_code(outcome: &Result<Answer, LookupError>) -> u8 {
    todo!("1.10 exit_code({outcome:?}): the number that USAGE lists for it")
}

/// The first server that the text of a resolv.conf(5) names, with port 53: the address in its
/// first line whose first word is `nameserver`. Words stand apart by blanks or tabs; what follows
/// the address does not matter; lines that begin with `#` or `;` are comments. An address that
/// cannot be read (such as one with a zone, `fe80::1%eth0`) is passed over.
pub fn nameserver_in(resolv_conf: &str) -> Option<SocketAddr> {
    todo!(
        "1.10 nameserver_in({resolv_conf:?}): the first address behind the word nameserver, with \
         port 53"
    )
}
