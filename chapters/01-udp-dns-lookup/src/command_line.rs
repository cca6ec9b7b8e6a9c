//! Given: how the program is called. There is nothing to write here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::s6_udp::Patience;

/// The port on which DNS servers listen, over UDP and TCP (RFC 1035 §4.2).
pub const DNS_PORT: u16 = 53;

/// The longest time-out that may be asked for.
const LONGEST: Duration = Duration::from_secs(3600);

/// What `--help` prints.
pub const USAGE: &str = "\
Looks up the addresses of a name in the DNS and prints them, one a line.

usage: ch01 NAME [@ADDRESS[:PORT]] [--timeout SECONDS] [--attempts N]

  NAME                a host name, for example www.example.com
  @ADDRESS[:PORT]     the DNS server's IP address, for example @127.0.0.1:5300 or @[::1]:53;
                      port 53 unless told, the system's own server when left out;
                      0.0.0.0 and :: are this machine
  --timeout SECONDS   how long one try waits for its reply [5]
  --attempts N        how many times a question is sent at most [2]
  --help              prints this

exit code
  0  addresses were printed
  1  the network failed, or the reply made no sense
  2  the command line was not understood
  3  there is no such name (NXDOMAIN)
  4  the name has no address (no data)
  5  no answer in time
  6  the server would not or could not answer (REFUSED, SERVFAIL, a referral, ...)
";

/// The command line, understood.
#[derive(Clone, Debug)]
pub struct Request {
    /// The name whose addresses are wanted, as it was typed.
    pub name: String,
    /// The server to ask; `None` for the one that this system asks.
    pub server: Option<SocketAddr>,
    /// How long to wait, and how often to ask.
    pub patience: Patience,
}

impl Request {
    /// Understands the command line's words, without the program's own name and `--help`.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn parse(args: &[String]) -> Result<Request, String> {
        let mut name = None;
        let mut server = None;
        let mut patience = Patience::default();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            if word == "--timeout" {
                patience.timeout = parse_timeout(value()?)?;
            } else if word == "--attempts" {
                patience.attempts = parse_attempts(value()?)?;
            } else if word.starts_with('-') {
                return Err(format!("there is no option {word}"));
            } else if let Some(address) = word.strip_prefix('@') {
                server = Some(parse_server(address)?);
            } else if name.replace(word.clone()).is_some() {
                return Err("one name at a time".into());
            }
        }
        Ok(Request {
            name: name.ok_or("a name is missing")?,
            server,
            patience,
        })
    }
}

/// The address at which a server answers that is named as `ip`. Systems take the unspecified address,
/// `0.0.0.0` or `::`, for this machine; but the reply comes from `127.0.0.1` or `::1`.
pub fn address_of_server(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// `127.0.0.1:5300`, `127.0.0.1`, `[::1]:5300`, `[::1]` or `::1`. A server's name would need a
/// look-up first, and there is no server for it.
fn parse_server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let named: SocketAddr = text
        .parse()
        .or_else(|_| bare.parse().map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT)))
        .map_err(|_| format!("@{text} is not an IP address, with or without a port"))?;
    Ok(SocketAddr::new(address_of_server(named.ip()), named.port()))
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|&timeout| Duration::ZERO < timeout && timeout <= LONGEST)
        .ok_or(format!(
            "--timeout {text} is not a number of seconds above 0 and up to an hour"
        ))
}

fn parse_attempts(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|&attempts| attempts > 0)
        .ok_or(format!("--attempts {text} is not a number above 0"))
}
