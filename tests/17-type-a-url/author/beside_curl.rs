//! curl opens the same page, and measures the same stages: each of them ends after the one before it, in ours and in its
//! timeline, and the bytes are the same.

use std::process::Command;

use netlab::needs::installed;

use crate::exercise::world::dns::Known;
use crate::exercise::world::sites::{body, names, site};
use crate::exercise::world::{NAME, ROOT, SITE, server};

const OURS: &str = env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME")));

/// The ends of the stages, in milliseconds.
fn rises(what: &str, ends: &[f64]) {
    assert_eq!(ends.len(), 5, "{what}: five times");
    assert!(
        ends.is_sorted() && ends[4] > 0.0,
        "{what}: each stage ends behind the one before it, not {ends:?}"
    );
}

#[test]
fn curl_measures_the_same_stages() {
    netlab::lab(|lab| {
        let zone = vec![(NAME, Known::Addresses(vec!["127.0.0.1".parse().unwrap()]))];
        let (names, site) = (names(lab, zone), site(Some(server(SITE, &[b"http/1.1"]))));
        let root = std::env::temp_dir().join(format!("loopback-17-curl-{}", std::process::id()));
        std::fs::write(&root, ROOT).expect("a file");
        let root = root.to_string_lossy().into_owned();
        let port = site.addr.port();
        let url = format!("https://{NAME}:{port}/large");

        let resolve = format!("{NAME}:{port}:127.0.0.1");
        let format = "%{stderr}%{time_namelookup} %{time_connect} %{time_appconnect} %{time_starttransfer} %{time_total} %{http_code}";
        let curl = installed("curl", "--version");
        let asked = curl.map(|curl| {
            Command::new(curl)
                .args([
                    "-s",
                    "--http1.1",
                    "--cacert",
                    &root,
                    "--resolve",
                    &resolve,
                    "-w",
                    format,
                    &url,
                ])
                .output()
                .expect("curl runs")
        });
        let ours = Command::new(OURS)
            .args(["--dns", &names.addr.to_string(), "--ca", &root, &url])
            .output()
            .expect("browse runs");
        let _ = std::fs::remove_file(&root);

        let text = String::from_utf8_lossy(&ours.stdout);
        let first = text.lines().next().unwrap_or_default();
        let want = body("/large");
        assert!(
            first.contains(&format!(" 200 {} bytes ", want.len())),
            "{text} {}",
            String::from_utf8_lossy(&ours.stderr)
        );
        let ends: Vec<f64> = text
            .lines()
            .skip(1)
            .take(5)
            .filter_map(|line| line.split_whitespace().nth(2)?.parse().ok())
            .collect();
        rises("ours", &ends);

        let Some(asked) = asked else { return };
        assert!(asked.stdout == want, "curl gets the same page");
        let said = String::from_utf8_lossy(&asked.stderr);
        let (times, status) = said.rsplit_once(' ').expect("six words");
        assert_eq!(status, "200", "curl: {said}");
        let ends: Vec<f64> = times
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        rises("curl", &ends);
    });
}
