//! The same attacks where the grader is an ordinary user's, as on a teacher's own machine: then submissions run as
//! the same user.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use crate::support::skip::skip;

/// No system gives out this number by itself.
const USER: u32 = 64_100;

/// The tests of the table.
const TESTS: [&str; 7] = [
    "ends::an_end_is_no_pass",
    "reaches::with_",
    "bombs::each_bomb_has_its_limit",
    "next_test::nothing_of_a_test_reaches_the_next",
    "more::",
    // With bubblewrap a submission sees none of its neighbours, whoever starts it.
    "neighbours::honest_students_keep_their_points_with_landlock",
    "reaches::a_program",
];

#[test]
fn an_ordinary_users_grader_holds_out_as_well() {
    if !geteuid().is_root() {
        return eprintln!("all tests of this run are an ordinary user's");
    }
    let own = std::env::current_exe().expect("a path");
    let home = tempfile::tempdir().expect("a folder");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).expect("ours");
    let tools = [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")].map(|(name, usual)| {
        let default = || std::env::home_dir().unwrap_or_default().join(usual);
        (
            name,
            std::env::var_os(name).map_or_else(default, PathBuf::from),
        )
    });
    let needed = [
        crate::support::course().root,
        own.ancestors().nth(2).expect("target/debug").to_owned(),
        tools[0].1.clone(),
        tools[1].1.clone(),
    ];
    let script = format!("{}exec \"$@\"", opened(&needed, home.path()));
    let user = USER.to_string();
    let become_user = [
        "setpriv",
        "--reuid",
        &user,
        "--regid",
        &user,
        "--clear-groups",
    ];
    let status = Command::new("unshare")
        .args(["--mount", "sh", "-ec", &script, "sh"])
        .args(become_user)
        .arg(&own)
        .args(TESTS)
        .envs(tools)
        .env("HOME", home.path())
        .env("CARGO_NET_OFFLINE", "true")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    match status {
        Err(error) => skip(&format!("no unshare and setpriv of util-linux: {error}")),
        Ok(status) => assert!(status.success(), "as user {USER}: {status}"),
    }
}

/// Lines of shell, for a mount namespace: everybody may enter these folders, also those that lie in root's own.
fn opened(needed: &[PathBuf], hold: &Path) -> String {
    let mut inside: BTreeMap<PathBuf, Vec<&PathBuf>> = BTreeMap::new();
    for folder in needed {
        let above: Vec<&Path> = folder.ancestors().skip(1).collect();
        let is_closed = |path: &&&Path| {
            fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o001 == 0)
        };
        if let Some(closed) = above.iter().rev().find(is_closed) {
            inside.entry(closed.to_path_buf()).or_default().push(folder);
        }
    }
    let mut script = String::new();
    for (number, (closed, folders)) in inside.iter().enumerate() {
        let place = |at: usize| hold.join(format!("{number}-{at}")).display().to_string();
        for (at, folder) in folders.iter().enumerate() {
            let (place, folder) = (place(at), folder.display());
            let _ = writeln!(script, "mkdir '{place}'; mount --bind '{folder}' '{place}'");
        }
        let _ = writeln!(
            script,
            "mount -t tmpfs -o mode=755 tmpfs '{}'",
            closed.display()
        );
        for (at, folder) in folders.iter().enumerate() {
            let (place, folder) = (place(at), folder.display());
            let _ = writeln!(
                script,
                "mkdir -p '{folder}'; mount --bind '{place}' '{folder}'"
            );
        }
    }
    script
}
