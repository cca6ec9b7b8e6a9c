//! The reference answer beside programs that everybody has: curl asks it, and it asks Python's server of files, as
//! HTTP/1.0 and as HTTP/1.1. Whoever is not installed is left out, with a word. Everything stays in 127.0.0.0/8.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use connection_pool::{Config, Limits, Pool, TcpManager};
use http1_solution::Client;
use netlab::needs::{installed, starts};

/// One byte, some pieces, and more than a socket's buffer holds.
const SIZES: [usize; 3] = [1, 30_000, 900_000];

#[test]
fn curl_is_served() {
    let Some(curl) = installed("curl", "--version") else {
        return;
    };
    let folder = files("curl");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_sol13"));
    let (_server, addr) = starts(
        serve
            .arg("serve")
            .arg(&folder)
            .args(["127.0.0.1", "-p", "0"]),
    );
    let asks = |options: &[&str], paths: &[&str]| {
        let mut curl = Command::new(curl);
        curl.args([
            "-sS",
            "--max-time",
            "20",
            "-w",
            "%{http_code} %{num_connects} %{size_download},",
        ]);
        curl.args(options);
        for path in paths {
            curl.args(["-o", "-", &format!("http://{addr}/{path}")]);
        }
        let said = curl.output().expect("curl runs");
        // The bodies are letters x, and go.
        let said = String::from_utf8_lossy(&said.stdout).replace('x', "");
        said.trim_end_matches(',').to_owned()
    };
    let upload = folder.join("upload");
    fs::write(&upload, "x".repeat(5_000_000)).expect("a file");
    let upload = format!("@{}", upload.display());

    // Three files over one connection: curl makes none for the second and third.
    assert_eq!(
        asks(&[], &["1", "30000", "900000"]),
        "200 1 1,200 0 30000,200 0 900000"
    );
    assert_eq!(asks(&["--http1.0"], &["30000"]), "200 1 30000");
    let head = asks(&["--head"], &["30000"]);
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("200 1 0"),
        "curl --head says {head:?}"
    );
    // More than the server takes: announced, in chunks, and with a wait for 100 Continue.
    for how in [
        "Expect:",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
    ] {
        let said = asks(&["-H", how, "--data-binary", &upload], &["1"]);
        assert!(
            said.contains("413 1 "),
            "an upload with {how}: curl says {said:?}"
        );
    }
}

#[test]
fn python_is_asked() {
    let Some(python) = installed("python3", "--version") else {
        return;
    };
    let folder = files("python");
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let mut server = Command::new(python);
        server.args([
            "-u",
            "-m",
            "http.server",
            "0",
            "--bind",
            "127.0.0.1",
            "--protocol",
            version,
        ]);
        let (_server, addr) = starts(server.current_dir(&folder));
        let config = Config {
            max: 2,
            wait: Duration::from_secs(20),
            limits: Limits::default(),
        };
        let pool = Pool::new(TcpManager::new(addr, Duration::from_secs(20)), config);
        let client = Client::new(pool, "127.0.0.1");
        for size in SIZES {
            let answer = client.get(&format!("/{size}")).expect("an answer");
            assert_eq!(
                (answer.head.status, answer.body.len()),
                (200, size),
                "{version}"
            );
            assert_eq!(
                answer.reusable,
                version == "HTTP/1.1",
                "{version}, {size} bytes"
            );
        }
        let nothing = client.get("/nothing").expect("an answer");
        assert_eq!(nothing.head.status, 404, "{version}");
    }
}

/// A folder of this test's own, with files of [`SIZES`], named for them.
fn files(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("13-{name}"));
    fs::create_dir_all(&folder).expect("a folder");
    for size in SIZES {
        fs::write(folder.join(size.to_string()), "x".repeat(size)).expect("a file");
    }
    folder
}
