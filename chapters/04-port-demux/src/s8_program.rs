//! Step 8: the program that shows the table of this machine.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::SocketId;

/// What `--help` prints on standard output, and wrong arguments on standard error.
pub const USAGE: &str = "\
usage: ch04 who PORT
       ch04 table

  who PORT     what PORT is for, the sockets that have it, and whose they are
  table        all sockets of this machine, sieve by sieve
  -h, --help   print this

exit codes: 0 done, 1 nobody has the port, or an error, 2 wrong arguments";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    Who { port: u16 },
    Table,
    Help,
}

/// A process that has a descriptor of a socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    pub pid: u32,
    /// The name of its program: the text of `/proc/PID/comm` without the white space at its end, and
    /// with U+FFFD for bytes that are not UTF-8. Empty where that file cannot be read.
    pub name: String,
}

/// Reads the arguments, without the program's name.
///
/// `-h` or `--help` anywhere asks for help. `who` needs exactly a port from 1 to 65535, in digits
/// only; `table` needs nothing. Any other word is wrong, and so is an empty command line.
///
/// # Errors
///
/// One line that says what is wrong, for a person. An argument can hold a line break: when the line
/// quotes it, `{:?}` keeps it in one line.
pub fn parse_args(args: &[String]) -> Result<Command, String> {
    todo!("4.8 parse_args({args:?}): --help anywhere, else who and a port, or table")
}

/// Which processes have descriptors of which sockets, as far as this is visible.
///
/// `proc` is a folder like `/proc`. Each process has a folder there, named by its number, and in it
/// a folder `fd` with one symbolic link for each descriptor. The link of a socket leads to
/// `socket:[INODE]`, exactly. All other entries are ignored, and so is everything that cannot be
/// read: a process that may not be inspected or has ended meanwhile, a link that is gone.
///
/// One socket can have several owners: descriptors are inherited and passed on. The owners of a
/// socket are sorted by pid, and a process that has two descriptors of it is named once.
///
/// # Errors
///
/// Why `proc` itself cannot be read.
pub fn owners(proc: &Path) -> io::Result<HashMap<SocketId, Vec<Owner>>> {
    todo!(
        "4.8 owners({}): for each PID, each link in PID/fd that leads to socket:[INODE]",
        proc.display()
    )
}

/// Does what `args` ask for, and returns the exit code.
///
/// - **who PORT**: the first line names the port, its class in lower case (`system`, `user`,
///   `dynamic`), and the names under which it is registered. Then a line for each row whose *local*
///   port it is, over TCP or UDP. Its words, parted by blanks or tabs: the protocol, the local end, the
///   remote end or `-`, the state, and the owners, each as `PID NAME` and with a comma behind all but
///   the last, or `-`. A control character in a name is shown as `?`: any user can start a process
///   whose name contains a newline.
/// - **table**: three headings, the words `exact`, `bound` and `wildcard` at the beginning of a
///   line, each followed by the rows that this sieve of [`crate::lookup`] consists of, written as
///   above. A sieve without rows has its heading too.
///
/// A reader that has gone (`table | head -1`, [`io::ErrorKind::BrokenPipe`]) is not an error:
/// nothing is reported, and the exit code is the same as with a reader.
///
/// Exit codes: 0, done; 1, no socket has the port (said on standard output), or the system does not
/// tell, or standard output takes nothing (said on standard error); 2, wrong arguments (standard
/// error: what is wrong, and the usage).
pub fn run(args: &[String]) -> u8 {
    todo!("4.8 run({args:?}): parse_args, show what is asked for, return the exit code")
}
