//! wrk, which asks a server of HTTP as fast as it answers.

use std::net::SocketAddr;
use std::process::Command;

use crate::machine;
use crate::race::{Answer, Better, Measure, Turns};
use crate::server::ServerProcess;

pub fn version() -> Result<String, String> {
    machine::program("wrk", &["-v"])
}

/// What it tells.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub requests: f64,
    pub per_second: f64,
    /// So many microseconds 99 of 100 replies took at most.
    pub slow: f64,
}

/// Asks for one second over so many connections, which stay open.
pub fn asks(addr: SocketAddr, connections: usize) -> Result<Told, String> {
    let output = Command::new("wrk")
        .args(["-t1", "-d1s", "--latency", "-c", &connections.to_string()])
        .arg(format!("http://{addr}/"))
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(said.lines().last().unwrap_or_default().to_owned());
    }
    read(&said).ok_or_else(|| format!("wrk said: {said}"))
}

/// What a discipline measures whose turns are those of [`turns`].
pub fn measures() -> Vec<Measure> {
    vec![
        Measure {
            name: "requests",
            unit: "1/s",
            better: Better::More,
        },
        Measure {
            name: "99 of 100 replies took less than",
            unit: "µs",
            better: Better::Less,
        },
    ]
}

/// Asks a server over as many connections as the case says.
pub fn turns(server: ServerProcess, connections: &'static [usize]) -> Turns {
    Box::new(move |case| {
        let told = asks(server.addr(), connections[case])?;
        Ok(Answer::Figures(vec![told.per_second, told.slow]))
    })
}

fn read(said: &str) -> Option<Told> {
    let lines = || said.lines().map(str::trim);
    let after = |label: &str| Some(lines().find_map(|line| line.strip_prefix(label))?.trim());
    let requests = lines().find_map(|line| line.split_once(" requests in "))?;
    Some(Told {
        requests: requests.0.parse().ok()?,
        per_second: after("Requests/sec:")?.parse().ok()?,
        slow: micros(after("99%")?)?,
    })
}

/// `91.00us`, `1.25ms`
fn micros(text: &str) -> Option<f64> {
    let unit = text.find(|c: char| c.is_alphabetic())?;
    let figure: f64 = text[..unit].parse().ok()?;
    let factor = match &text[unit..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(figure * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_is_understood() {
        let said = "Running 1s test @ http://127.0.0.1:20123/\n  Latency Distribution\n     50%   91.00us\n     99%    1.25ms\n  89362 requests in 1.10s, 12.78MB read\nRequests/sec:  81234.56\nTransfer/sec:      5.1MB\n";
        let told = Told {
            requests: 89362.0,
            per_second: 81234.56,
            slow: 1250.0,
        };
        assert_eq!(read(said), Some(told));
        assert_eq!(read("unable to connect"), None);
    }
}
