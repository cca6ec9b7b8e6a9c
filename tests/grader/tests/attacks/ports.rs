//! An attack on the next submission: it leaves no port free. A port of a closed connection stays taken for a minute.

use std::process::{Command, Output};

use grader::jail::Isolation;
use grader::report::Report;

use crate::support::{self, CHAPTER_00, Submission};
use crate::volley::{Attack, Volley};

/// Linux gives the ports of one half to who connects, and those of the other to who binds.
const FLOOD: &[Attack] = &[
    ("connects", "crate::attack::flood(false)"),
    ("connects again", "crate::attack::flood(false)"),
    ("binds", "crate::attack::flood(true)"),
    ("binds again", "crate::attack::flood(true)"),
    ("binds once more", "crate::attack::flood(true)"),
    (
        "has no port",
        "said(std::net::TcpListener::bind(\"127.0.0.1:0\"))",
    ),
];

const HELPER: &str = r#"
pub fn flood(binds: bool) -> String {
    use socket2::{Domain, SockAddr, Socket, Type};
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let listener = std::net::TcpListener::bind(any).expect("a port");
    let to = SockAddr::from(listener.local_addr().expect("an address"));
    let began = std::time::Instant::now();
    while began.elapsed().as_secs_f64() < 3.0 {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        if binds && client.bind(&SockAddr::from(any)).is_err() || client.connect(&to).is_err() {
            break;
        }
        let accepted = listener.accept();
        drop(client);
        drop(accepted);
    }
    "done".into()
}
"#;

/// In a network of its own: other tests need ports as well.
#[test]
fn the_next_submission_waits_for_its_ports() {
    if !support::has(Isolation::Landlock) {
        return;
    }
    let volley = Volley::of(FLOOD, &[]);
    let file = format!("chapters/{CHAPTER_00}/src/attack.rs");
    let text = std::fs::read_to_string(volley.submission.path().join(&file)).expect("its file");
    let submission = volley.submission.with(&file, &format!("{text}{HELPER}"));
    let answered = Submission::solutions(&[CHAPTER_00]);
    let out = in_own_network(
        "ip link set lo up || exit 77; grader=$1; shift; for folder in \"$@\"; do \
         \"$grader\" one --chapter 00 --at-most landlock --format json --scratch \"$SCRATCH\" \
         --submission \"$folder\"; done",
        &[&submission, &answered],
    );
    if matches!(out.status.code(), Some(1 | 77 | 127)) && out.stdout.is_empty() {
        return support::skip::skip("there is no network of its own");
    }
    let reports = serde_json::Deserializer::from_slice(&out.stdout).into_iter::<Report>();
    let reports: Vec<Report> = reports.map_while(Result::ok).collect();
    let [flood, answered] = &reports[..] else {
        panic!("two reports: {}", String::from_utf8_lossy(&out.stderr));
    };
    support::assert_full(answered);
    // How many connections fit into the time depends on the machine.
    let (_, last) = flood.tests().nth(FLOOD.len() - 1).expect("it is there");
    eprintln!("after the flood: {}", last.message);
}

fn in_own_network(script: &str, submissions: &[&Submission]) -> Output {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--map-current-user", "--keep-caps"]);
    }
    command
        .args(["--net", "/bin/sh", "-c", script, "sh"])
        .arg(env!("CARGO_BIN_EXE_grader"))
        .args(submissions.iter().map(|one| one.path()))
        .env("SCRATCH", support::scratch())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("unshare(1) runs")
}
