//! The reference answer beside programs that everybody has: curl, nghttp and h2load ask it, and it asks nginx. Who is not
//! installed is left out, with a word. Everything stays in 127.0.0.0/8.

use std::fs;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::process::{self, Command};
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use netlab::Folder;
#[cfg(unix)]
use netlab::needs::relays;
use netlab::needs::{Ends, installed, starts};

/// One byte, some frames, and more than all windows hold.
const SIZES: [usize; 3] = [1, 30_000, 3_000_000];

#[test]
fn curl_is_served() {
    let Some(curl) = installed("curl", "--version") else {
        return;
    };
    let folder = folder();
    let (_server, addr) = serves(&folder);
    // One page a run: for a second one, curl 7.88 fails by itself, whoever the server is.
    let asks = |options: &[&str], path: &str| {
        let mut curl = Command::new(curl);
        curl.args(["-sS", "--http2-prior-knowledge", "--max-time", "20", "-w"]);
        curl.arg("%{http_code} %{http_version} %{size_download}");
        curl.args(options).arg(format!("http://{addr}/{path}"));
        let said = curl.current_dir(folder.path()).output().expect("curl runs");
        // The bodies are letters x, and go.
        String::from_utf8_lossy(&said.stdout).replace('x', "")
    };
    for size in SIZES {
        assert_eq!(asks(&[], &size.to_string()), format!("200 2 {size}"));
    }
    let nothing = asks(&[], "nothing");
    assert!(nothing.contains("404 2 "), "curl says {nothing:?}");
    let head = asks(&["--head"], "30000");
    assert!(
        head.starts_with("HTTP/2 200") && head.ends_with("200 2 0"),
        "curl --head says {head:?}"
    );
    for file in ["@1", "@30000", "@3000000"] {
        let said = asks(&["--data-binary", file], "1");
        assert!(said.contains("405 2 "), "{file}: curl says {said:?}");
    }
}

#[test]
fn nghttp_is_served() {
    let Some(nghttp) = installed("nghttp", "--version") else {
        return;
    };
    let folder = folder();
    let (_server, addr) = serves(&folder);
    let asks = |options: &[&str]| {
        let mut nghttp = Command::new(nghttp);
        nghttp.args(["-v", "-n", "-t", "20"]).args(options);
        nghttp.args(SIZES.map(|size| format!("http://{addr}/{size}")));
        let said = nghttp
            .current_dir(folder.path())
            .output()
            .expect("nghttp runs");
        assert!(said.status.success(), "{options:?}: {said:?}");
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    for options in [
        &[][..],
        // Streams of 1 kB, a connection of 4 kB: every window closes again and again.
        &["-w", "10", "-W", "12"],
        &["--header-table-size=0"],
        &["--header-table-size=100", "--encoder-header-table-size=100"],
        &["--padding=255"],
        &["--no-dep", "--max-concurrent-streams=1"],
        &["-m", "20"],
        &["-d", "30000", "--trailer", "a: b"],
    ] {
        let said = asks(options);
        let times = if options == ["-m", "20"] { 20 } else { 1 };
        let statuses = said.matches(":status: ").count();
        assert_eq!(statuses, 3 * times, "{options:?}: {said}");
        assert!(!said.contains("RST_STREAM"), "{options:?}: {said}");
        assert!(!said.contains("INVALID"), "{options:?}: {said}");
        if options.first() != Some(&"-d") {
            assert_eq!(said.matches(":status: 200").count(), 3 * times, "{said}");
        }
    }
    // 24 kB of fields, in HEADERS and CONTINUATION: more than the server has said that it takes.
    let said = asks(&["--continuation"]);
    assert!(said.contains("ENHANCE_YOUR_CALM"), "{said}");
}

#[test]
fn h2load_is_served() {
    let Some(h2load) = installed("h2load", "--version") else {
        return;
    };
    let folder = folder();
    let (_server, addr) = serves(&folder);
    for (requests, clients, streams, size) in [
        ("5000", "1", "100", 1),
        ("5000", "20", "10", 1),
        ("200", "4", "25", 30_000),
    ] {
        let mut command = Command::new(h2load);
        command.args(["-n", requests, "-c", clients, "-m", streams]);
        command.arg(format!("http://{addr}/{size}"));
        let said = command.output().expect("h2load runs");
        let said = String::from_utf8_lossy(&said.stdout);
        let all = format!("{requests} succeeded, 0 failed, 0 errored, 0 timeout");
        let good = format!("{requests} 2xx, 0 3xx, 0 4xx, 0 5xx");
        assert!(said.contains(&all) && said.contains(&good), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn nginx_is_asked() {
    let Some(nginx) = installed("nginx", "-v") else {
        return;
    };
    let folder = folder();
    let at = folder.path().join("socket");
    let config = format!(
        "daemon off; master_process off; pid pid; error_log errors; user root;\n\
         events {{}}\n\
         http {{\n\
         access_log off;\n\
         client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
         server {{ listen unix:{0} http2; root {1};\n\
         location = /seen {{ return 200 \"$connection_requests $server_protocol $http_host\"; }} }}\n\
         server {{ listen unix:{0}-one http2; http2_max_concurrent_streams 1; http2_chunk_size 100; root {1}; }}\n\
         server {{ listen unix:{0}-old; root {1}; }}\n\
         }}\n",
        at.display(),
        folder.path().display()
    );
    fs::write(folder.path().join("nginx.conf"), config).expect("a file");
    let mut command = Command::new(nginx);
    command.args(["-c", "nginx.conf", "-p"]).arg(folder.path());
    let mut server = Ends(command.spawn().expect("nginx starts"));
    let [one, old] = ["socket-one", "socket-old"].map(|name| folder.path().join(name));
    while UnixStream::connect(&old).is_err() {
        let ended = server.0.try_wait().expect("a process");
        let errors = fs::read_to_string(folder.path().join("errors"));
        assert!(ended.is_none(), "nginx ends: {errors:?}");
        thread::sleep(Duration::from_millis(10));
    }
    let port = relays(at);
    let files: usize = SIZES.iter().sum();
    let said = gets(port, &["1", "30000", "3000000", "seen"]);
    let (content, seen) = said.stdout.split_at_checked(files).expect("all files");
    assert!(content.iter().all(|&byte| byte == b'x'), "the files");
    assert_eq!(
        String::from_utf8_lossy(seen),
        format!("4 HTTP/2.0 127.0.0.1:{port}"),
        "one connection for all of them"
    );
    assert_eq!(said.status.code(), Some(0));
    let said = gets(port, &["1", "nothing", "30000"]);
    assert_eq!((said.status.code(), said.stdout.len()), (Some(1), 30_001));
    // One stream at a time, and frames of 100 bytes.
    let said = gets(relays(one), &["30000"]);
    assert_eq!((said.status.code(), said.stdout.len()), (Some(0), 30_000));
    let said = gets(relays(old), &["1"]);
    assert_eq!(
        (said.status.code(), said.stdout.len()),
        (Some(1), 0),
        "a server of HTTP/1.1 alone"
    );
}

/// What the reference client makes of these paths of a server on this port.
fn gets(port: u16, paths: &[&str]) -> process::Output {
    let mut get = Command::new(env!("CARGO_BIN_EXE_sol15"));
    let urls = paths
        .iter()
        .map(|path| format!("http://127.0.0.1:{port}/{path}"));
    get.arg("get").args(urls).output().expect("it runs")
}

/// Files of [`SIZES`], named for them.
fn folder() -> Folder {
    let with = |folder: Folder, size: &usize| folder.with(&size.to_string(), "x".repeat(*size));
    SIZES.iter().fold(Folder::new(), with)
}

/// The reference server, with a folder's files.
fn serves(folder: &Folder) -> (Ends, SocketAddr) {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_sol15"));
    serve.arg("serve").arg(folder.path());
    starts(serve.args(["127.0.0.1", "-p", "0"]))
}
