//! A part of a test in a process of its own, which may have less than this one: less memory, no more
//! threads. What happens there, an abort too, ends nothing but that process.

use std::env;
use std::process::{self, Command};

use super::Lab;
use super::program::{End, Program};

/// The environment variable that says: this is that process.
const ELSEWHERE: &str = "NETLAB_ELSEWHERE";

impl Lab {
    /// Shell for [`Lab::elsewhere`] and [`Lab::program_after`]: what comes behind it runs in a network of its own, after
    /// `setting`, a command of the shell. That network has a loopback interface, which is down, and no other one. Linux;
    /// the test is skipped where an ordinary user gets no namespaces.
    pub fn own_network(&self, setting: &str) -> String {
        let may = Command::new("unshare")
            .args(["-Urn", "sh", "-c", setting])
            .output();
        if !may.is_ok_and(|output| output.status.success()) {
            self.skip("this machine does not allow a network namespace");
        }
        format!("exec unshare -Urn sh -c '{setting}; exec \"$0\" \"$@\"' \"$0\" \"$@\"")
    }

    /// Runs `part` in a process of its own, behind a line of shell that says what it may have:
    /// `ulimit -v 4000000`. `part` prints what the test wants to know. Unix.
    ///
    /// That process is this test once more, which ends here. So what stands before this call runs
    /// twice: let it be little. One such call a test.
    pub fn elsewhere(&self, shell: &str, part: impl FnOnce()) -> End {
        self.beside(shell, part).exits()
    }

    /// The same for a part that goes on while the test watches it, and speaks to it:
    /// [`Program::expects_line`], [`Program::types`].
    pub fn beside(&self, shell: &str, part: impl FnOnce()) -> Program {
        if env::var_os(ELSEWHERE).is_some() {
            part();
            process::exit(0);
        }
        let tests = env::current_exe().expect("the path of this program");
        let shell = format!("export {ELSEWHERE}=1; {shell}");
        let this = [&*self.0.test.function, "--nocapture", "--include-ignored"];
        self.program_after(&shell, &tests.to_string_lossy(), &this)
    }
}
