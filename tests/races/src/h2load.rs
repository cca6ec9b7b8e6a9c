//! h2load, which asks a server of HTTP/2 as fast as it answers.

use std::net::SocketAddr;
use std::process::Command;

use crate::machine;

pub fn version() -> Result<String, String> {
    machine::program("h2load", &["--version"])
}

/// What it tells.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub per_second: f64,
    /// What comes for one request: frames, fields and content.
    pub bytes: f64,
}

/// Asks for one second over so many connections, with so many requests under way on each.
pub fn asks(addr: SocketAddr, connections: usize, streams: usize) -> Result<Told, String> {
    let output = Command::new("h2load")
        .args([
            "-D",
            "1",
            "-c",
            &connections.to_string(),
            "-m",
            &streams.to_string(),
        ])
        .arg(format!("http://{addr}/"))
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    read(&said).ok_or_else(|| format!("h2load said: {said}"))
}

/// Nothing, if a request has failed or got another answer than 2xx.
fn read(said: &str) -> Option<Told> {
    let line = |label: &str| said.lines().find_map(|line| line.strip_prefix(label));
    let number = |text: &str| text.split(' ').next()?.parse::<f64>().ok();
    let (_, speed) = line("finished in ")?.split_once(", ")?;
    let (_, done) = line("requests: ")?.split_once("started, ")?;
    let (_, failed) = line("requests: ")?.split_once("succeeded, ")?;
    let good = line("status codes: ")?;
    let (_, total) = line("traffic: ")?.split_once('(')?;
    let (total, _) = total.split_once(')')?;
    let requests = number(done)?;
    // Of some, the head has come at the end of the second, and no more.
    let is_good = failed.starts_with("0 failed, 0 errored")
        && good.ends_with(" 2xx, 0 3xx, 0 4xx, 0 5xx")
        && number(good)? >= requests;
    (is_good && requests > 0.0).then_some(Told {
        per_second: number(speed)?,
        bytes: total.parse::<f64>().ok()? / requests,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "finished in 1.00s, 17200.00 req/s, 369.59KB/s
requests: 17200 total, 17300 started, 17200 done, 17200 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 17200 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 369.59KB (378400) total, 50.41KB (51619) headers (space savings 95.08%), 16.80KB (17200) data
";

    #[test]
    fn what_h2load_says_is_understood() {
        let told = Told {
            per_second: 17200.0,
            bytes: 22.0,
        };
        assert_eq!(read(SAID), Some(told));
        assert_eq!(read(&SAID.replace("17200 2xx", "17199 2xx")), None);
        assert_eq!(read(&SAID.replace("0 4xx", "1 4xx")), None);
        assert_eq!(read(&SAID.replace("0 failed", "1 failed")), None);
        assert_eq!(read(""), None);
    }
}
