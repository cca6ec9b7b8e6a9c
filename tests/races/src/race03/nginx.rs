//! HTTP, where both speak it: wrk asks nginx, and the reference with a handler of a few lines.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{self, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::machine;
use crate::race::{Answer, Better, Contestant, Discipline, Kind, Measure, Turns, View};
use crate::server::ServerProcess;

const CONNECTIONS: &str = "16";

pub fn discipline() -> Discipline {
    let needs_wrk = || wrk().map(|_| String::new());
    let mut contestants = vec![Contestant {
        present: needs_wrk,
        ..Contestant::reference(|_| asked(ServerProcess::own("03", "http")?)).named("workers")
    }];
    if cfg!(feature = "mine-03") {
        contestants.push(Contestant {
            present: needs_wrk,
            ..Contestant::mine(|_| asked(ServerProcess::own("03", "my http")?)).named("my workers")
        });
    }
    contestants.push(Contestant::other(
        "nginx",
        || wrk().and_then(|_| machine::program("nginx", &["-v"])),
        |_| asked(nginx()?),
    ));
    Discipline {
        id: "nginx",
        title: "HTTP: two bytes for each request",
        what: "wrk asks for one second over 16 connections that stay open. nginx returns a fixed text and writes no log; our \
               workers have a handler that reads up to an empty line and writes 40 bytes. It knows no other HTTP.",
        cases: vec![format!("{CONNECTIONS} connections")],
        kind: Kind::Figures {
            measures: vec![
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
            ],
            view: View::Bars,
        },
        contestants,
    }
}

fn wrk() -> Result<String, String> {
    machine::program("wrk", &["-v"])
}

fn asked(server: ServerProcess) -> Result<Turns, String> {
    Ok(Box::new(move |_| {
        let url = format!("http://{}/", server.addr());
        let output = Command::new("wrk")
            .args(["-t1", "-d1s", "--latency", "-c", CONNECTIONS, &url])
            .output()
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("Non-2xx") || said.contains("Socket errors") {
            return Err(said.lines().last().unwrap_or_default().to_owned());
        }
        figures(&said).ok_or_else(|| format!("wrk said: {said}"))
    }))
}

/// Requests a second, and the 99th percentile in µs, from what wrk says.
fn figures(said: &str) -> Option<Answer> {
    let after = |label: &str| {
        let line = said
            .lines()
            .find_map(|line| line.trim().strip_prefix(label))?;
        Some(line.trim())
    };
    let requests = after("Requests/sec:")?.parse().ok()?;
    let slow = after("99%")?;
    let unit = slow.find(|c: char| c.is_alphabetic())?;
    let figure: f64 = slow[..unit].parse().ok()?;
    let factor = match &slow[unit..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(Answer::Figures(vec![requests, figure * factor]))
}

/// nginx with as many workers as there are cores, in a folder of its own.
fn nginx() -> Result<ServerProcess, String> {
    let folder = env::temp_dir().join(format!("races-nginx-{}", process::id()));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    // It cannot be told to choose a port. If this one is taken, it ends at once.
    let mut server = nginx_at(some_port(0), &folder);
    for attempt in 1..5 {
        server = server.or_else(|_| nginx_at(some_port(attempt), &folder));
    }
    // It has read what it needs, and nobody cleans up behind a process that is killed.
    let _ = fs::remove_dir_all(&folder);
    server
}

fn nginx_at(port: u16, folder: &Path) -> Result<ServerProcess, String> {
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let config = format!(
        "daemon off; pid nginx.pid; error_log stderr crit; worker_processes auto;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         access_log off; keepalive_requests 100000000;\n\
         client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
         server {{ listen {addr}; location / {{ return 200 \"ok\"; }} }}\n\
         }}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, config).map_err(|error| error.to_string())?;
    let mut nginx = Command::new("nginx");
    ServerProcess::at(nginx.arg("-p").arg(folder).arg("-c").arg(&file), addr)
}

/// A port below those that systems give to clients.
fn some_port(attempt: u32) -> u16 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    20_000 + ((now.subsec_micros() + process::id() + attempt) % 10_000) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_is_understood() {
        let said = "Running 1s test @ http://127.0.0.1:20123/\n  Latency Distribution\n     50%   91.00us\n     99%    1.25ms\nRequests/sec:  81234.56\nTransfer/sec:      5.1MB\n";
        assert_eq!(figures(said), Some(Answer::Figures(vec![81234.56, 1250.0])));
        assert_eq!(figures("unable to connect"), None);
    }
}
