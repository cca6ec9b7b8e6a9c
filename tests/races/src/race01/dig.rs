//! dig, the magnifying glass of people who run DNS servers.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::servers::{HOST, Outcome, Tries};

pub fn ask(server: SocketAddr, tries: Tries) -> Outcome {
    let mut dig = Command::new("dig");
    dig.arg("-r") // whatever stands in the user's .digrc
        .arg(format!("@{}", server.ip()))
        .args(["-p", &server.port().to_string()])
        // It counts in whole seconds, and takes anything below for one.
        .args(["+time=1", &format!("+tries={}", tries.count)])
        .args([HOST, "A"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // Half as long again as all of its tries.
    let deadline = Duration::from_millis(1500) * tries.count;
    printed(dig, deadline).unwrap_or_else(|error| Outcome::Error(error.to_string()))
}

/// Runs it. A dig that does not come to an end is killed.
fn printed(mut dig: Command, deadline: Duration) -> io::Result<Outcome> {
    let mut child = dig.spawn()?;
    let (send, text) = mpsc::channel();
    let mut stdout = child.stdout.take().expect("piped");
    thread::spawn(move || {
        let mut text = String::new();
        let _ = send.send(stdout.read_to_string(&mut text).map(|_| text));
    });
    let text = text.recv_timeout(deadline);
    if text.is_err() {
        child.kill()?;
    }
    child.wait()?;
    Ok(match text {
        Ok(text) => outcome(&text?),
        Err(_) => Outcome::Error("no end".to_owned()),
    })
}

/// What it has printed, as a script reads it: `+short` would print the same addresses.
fn outcome(printed: &str) -> Outcome {
    let after = |words: &str| printed.split_once(words).map(|(_, rest)| rest);
    let status = after(", status: ").and_then(|rest| rest.split(',').next());
    match status {
        Some("NOERROR") => {
            let records = printed.lines().filter(|line| !line.starts_with(';'));
            let addresses: Vec<_> = records
                .filter_map(
                    |line| match line.split_whitespace().collect::<Vec<_>>()[..] {
                        [_, _, "IN", "A", address] => address.parse().ok(),
                        _ => None,
                    },
                )
                .collect();
            match addresses.is_empty() {
                true => Outcome::NoData,
                false => Outcome::Addresses(addresses),
            }
        }
        Some("NXDOMAIN") => Outcome::NoSuchName,
        Some("SERVFAIL") => Outcome::Rcode(2),
        Some(other) => Outcome::Error(other.to_owned()),
        None if printed.contains("no servers could be reached") => Outcome::TimedOut,
        // `;; Got bad packet: bad compression pointer`
        None => {
            let why = after("Got bad packet: ").and_then(|rest| rest.lines().next());
            Outcome::Error(why.unwrap_or("no answer").to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dig_prints_is_understood() {
        let words = |printed: &str| match outcome(printed) {
            Outcome::Addresses(addresses) => format!("{addresses:?}"),
            Outcome::NoSuchName => "no such name".to_owned(),
            Outcome::NoData => "no data".to_owned(),
            Outcome::TimedOut => "time-out".to_owned(),
            Outcome::Rcode(rcode) => format!("rcode {rcode}"),
            Outcome::Error(words) => words,
        };
        let header = |status| format!(";; ->>HEADER<<- opcode: QUERY, status: {status}, id: 7\n");
        let found = "\n;; QUESTION SECTION:\n;www.example.test.\t\tIN\tA\n\n;; ANSWER SECTION:\n\
                     www.example.test.\t300\tIN\tCNAME\tweb.test.\nweb.test.\t300\tIN\tA\t4.4.4.4\n";
        assert_eq!(words(&(header("NOERROR") + found)), "[4.4.4.4]");
        assert_eq!(words(&header("NOERROR")), "no data");
        assert_eq!(words(&header("NXDOMAIN")), "no such name");
        assert_eq!(words(&header("SERVFAIL")), "rcode 2");
        assert_eq!(words(&header("REFUSED")), "REFUSED");
        let late = ";; communications error to 127.0.0.1#53: timed out\n\n;; no servers could be reached\n";
        assert_eq!(words(late), "time-out");
        let bad = ";; Got bad packet: bad compression pointer\n50 bytes\n";
        assert_eq!(words(bad), "bad compression pointer");
    }
}
