//! nginx as a server of a race.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{self, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::machine;
use crate::server::ServerProcess;

pub fn version() -> Result<String, String> {
    machine::program("nginx", &["-v"])
}

/// Answers each request with a body of two bytes, in this many processes (`auto`: one a core), in a folder of its own. It
/// lets clients stay that say nothing.
pub fn two_bytes(processes: &str) -> Result<ServerProcess, String> {
    some_server(processes, "")
}

/// The same for clients that know beforehand that it speaks HTTP/2.
pub fn two_bytes_over_http2(processes: &str) -> Result<ServerProcess, String> {
    some_server(processes, "http2")
}

fn some_server(processes: &str, protocol: &str) -> Result<ServerProcess, String> {
    let folder = env::temp_dir().join(format!("races-nginx-{}", process::id()));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    // It cannot be told to choose a port. If this one is taken, it ends at once.
    let mut server = at(some_port(0), processes, protocol, &folder);
    for attempt in 1..5 {
        server = server.or_else(|_| at(some_port(attempt), processes, protocol, &folder));
    }
    // It has read what it needs, and nobody cleans up behind a process that is killed.
    let _ = fs::remove_dir_all(&folder);
    server
}

fn at(port: u16, processes: &str, protocol: &str, folder: &Path) -> Result<ServerProcess, String> {
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let config = format!(
        "daemon off; pid nginx.pid; error_log stderr crit; worker_processes {processes};\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n\
         access_log off; keepalive_requests 100000000; keepalive_timeout 1h;\n\
         client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
         server {{ listen {addr} {protocol}; location / {{ return 200 \"ok\"; }} }}\n\
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
