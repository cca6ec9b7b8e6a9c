//! Step 8: the program that shows the table of this machine.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use crate::{PortClass, Proto, Row, SERVICES, SocketId, classify_port, kernel_rows, service_name};

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
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if args.contains(&"-h") || args.contains(&"--help") {
        return Ok(Command::Help);
    }
    match args[..] {
        ["who", text] => match number(text) {
            Some(port) if port != 0 => Ok(Command::Who { port }),
            _ => Err(format!("{text:?} is no port: 1 to 65535")),
        },
        ["table"] => Ok(Command::Table),
        _ => Err("who and a port, or table, and nothing else".to_owned()),
    }
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
    let mut owners: HashMap<SocketId, Vec<Owner>> = HashMap::new();
    for entry in fs::read_dir(proc)? {
        let Ok(process) = entry.map(|entry| entry.path()) else {
            continue;
        };
        let name = process.file_name().and_then(|name| name.to_str());
        let Some(pid) = name.and_then(number) else {
            continue;
        };
        let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
            continue;
        };
        let name = fs::read(process.join("comm")).unwrap_or_default();
        let name = String::from_utf8_lossy(&name).trim_end().to_owned();
        let owner = Owner { pid, name };
        for link in descriptors.flatten() {
            if let Some(id) = fs::read_link(link.path())
                .ok()
                .and_then(|to| socket_of(&to))
            {
                owners.entry(id).or_default().push(owner.clone());
            }
        }
    }
    for owners in owners.values_mut() {
        owners.sort();
        owners.dedup();
    }
    Ok(owners)
}

/// The socket that a descriptor's link leads to.
fn socket_of(target: &Path) -> Option<SocketId> {
    let inode = target.to_str()?.strip_prefix("socket:[")?;
    number(inode.strip_suffix(']')?).map(SocketId)
}

/// Digits only: `parse` would take a plus sign as well.
fn number<T: FromStr>(digits: &str) -> Option<T> {
    let digits = Some(digits).filter(|digits| !digits.starts_with('+'));
    digits?.parse().ok()
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
    let done = match parse_args(args) {
        Ok(Command::Help) => print(USAGE).map(|()| 0),
        Ok(Command::Who { port }) => who(port),
        Ok(Command::Table) => table(),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return 2;
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        1
    })
}

fn who(port: u16) -> io::Result<u8> {
    let rows = kernel_rows()?;
    let owners = owners(Path::new("/proc"))?;
    let mut text = describe_port(port);
    let mut code = 1;
    for row in rows.iter().filter(|row| row.local.port() == port) {
        text.push('\n');
        text.push_str(&line(row, &owners));
        code = 0;
    }
    if code == 1 {
        text.push_str("\nno socket has it");
    }
    print(&text)?;
    Ok(code)
}

fn describe_port(port: u16) -> String {
    let class = match classify_port(port) {
        PortClass::Reserved => "reserved",
        PortClass::System => "system",
        PortClass::User => "user",
        PortClass::Dynamic => "dynamic",
    };
    let names = [Proto::Tcp, Proto::Udp].map(|proto| {
        service_name(SERVICES, port, proto).map(|name| format!("{name} over {proto}"))
    });
    let mut names: Vec<String> = names.into_iter().flatten().collect();
    if names.is_empty() {
        names.push("not in the list of services".to_owned());
    }
    format!("port {port}: {class} port, {}", names.join(", "))
}

fn table() -> io::Result<u8> {
    let rows = kernel_rows()?;
    let owners = owners(Path::new("/proc"))?;
    let mut text = String::new();
    for (sieve, heading) in HEADINGS.iter().enumerate() {
        text.push_str(heading);
        text.push('\n');
        for row in rows.iter().filter(|row| sieve_of(row) == sieve) {
            text.push_str(&format!("  {}\n", line(row, &owners)));
        }
    }
    print(text.trim_end())?;
    Ok(0)
}

const HEADINGS: [&str; 3] = [
    "exact: the four numbers of a connection",
    "bound: an address and a port",
    "wildcard: a port of all addresses",
];

/// The sieve that a row of the kernel belongs to, counted from 0. A TCP socket without a peer is in
/// the kernel's list only if it listens.
fn sieve_of(row: &Row) -> usize {
    match row.remote {
        Some(_) => 0,
        None if row.local.ip().is_unspecified() => 2,
        None => 1,
    }
}

fn line(row: &Row, owners: &HashMap<SocketId, Vec<Owner>>) -> String {
    let local = row.local.to_string();
    let remote = row.remote.map_or("-".to_owned(), |addr| addr.to_string());
    let owners = owners.get(&row.id).map_or("-".to_owned(), |owners| {
        let names = owners
            .iter()
            .map(|owner| format!("{} {}", owner.pid, printable(&owner.name)));
        names.collect::<Vec<_>>().join(", ")
    });
    let (proto, state) = (row.proto, row.state);
    format!("{proto:3}  {local:21}  {remote:21}  {state:12}  {owners}")
}

/// A name without the characters that would move the cursor or end the line.
fn printable(name: &str) -> String {
    name.replace(char::is_control, "?")
}

/// Lines on standard output. `println!` would panic where they cannot be written.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
