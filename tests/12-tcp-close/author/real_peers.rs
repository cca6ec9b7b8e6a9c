//! The program, as the page calls it: it downloads a file from nginx and serves a page to curl, over TUN, while 5 packets of
//! 100 are lost.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netlab::needs::{installed, left_out};

/// What the program says of a download that nothing has stopped. `None` where it has no TUN device.
fn runs(arguments: &str, other_end: &[&str]) -> Option<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sol12"));
    program.args(arguments.split(' ')).arg("--").args(other_end);
    let Output {
        status,
        stdout,
        stderr,
    } = program.output().expect("it runs");
    let said = String::from_utf8_lossy(&stdout).into_owned();
    if said.contains("Over the simulated network") {
        left_out("there is no TUN device in a namespace of one's own");
        return None;
    }
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{arguments}: {status}\n{said}\n{errors}");
    Some(said)
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("12-{name}"));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn it_gets_a_file_from_nginx() {
    let Some(nginx) = installed("nginx", "-v") else {
        return;
    };
    let folder = folder("nginx");
    fs::write(folder.join("large"), "x".repeat(100_000)).expect("a file");
    let config = format!(
        "daemon off; master_process off; pid pid; error_log errors; user root;\n\
         events {{}}\n\
         http {{\n\
         access_log off;\n\
         client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
         server {{ listen 80; root {}; }}\n\
         }}\n",
        folder.display()
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, config).expect("a file");
    let (file, prefix) = (file.to_string_lossy(), folder.to_string_lossy());
    let nginx = [nginx, "-c", &file, "-p", &prefix];
    let Some(said) = runs("get http://10.0.0.1/large --loss 5", &nginx) else {
        return;
    };
    let (_, end) = said
        .split_once("complete: HTTP/1.1 200 OK, ")
        .unwrap_or_else(|| {
            panic!("no complete download:\n{said}");
        });
    let bytes: usize = end
        .split(' ')
        .next()
        .unwrap_or_default()
        .parse()
        .expect("a number");
    assert!(
        (100_100..101_000).contains(&bytes),
        "the file and its head, not {bytes} bytes"
    );
}

#[test]
fn it_serves_a_page_to_curl() {
    let Some(curl) = installed("curl", "--version") else {
        return;
    };
    let page = folder("curl").join("page");
    let _ = fs::remove_file(&page);
    let at = page.to_string_lossy();
    let curl = [curl, "-sS", "--noproxy", "*", "-o", &at, "http://10.0.0.2/"];
    if runs("serve --loss 5", &curl).is_none() {
        return;
    }
    let page = fs::read_to_string(&page).expect("what curl has got");
    let numbers: Vec<usize> = page
        .lines()
        .filter_map(|line| line.trim_start().split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(page.len(), 21_000);
    assert!(
        numbers.iter().copied().eq(1..=500),
        "the lines in order: {numbers:?}"
    );
}
