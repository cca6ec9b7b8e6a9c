//! The machine code of a chapter's tests, compiled once and linked with one answer after the other.
//!
//! In machine code, a function of another crate is a name, and what it does makes no difference to
//! its name.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

pub struct Objects {
    /// How rustc calls the linker, in the words of Unix's shell.
    line: String,
    /// What is in it for the right answer: its library and the program to be made.
    library: String,
    program: String,
}

impl Objects {
    /// Elsewhere there is no such shell.
    pub const ARE_OF_USE: bool = cfg!(unix);

    /// Makes rustc keep what it gives to the linker, and tell how.
    pub const OPTIONS: [&str; 2] = ["-Csave-temps", "--print=link-args"];

    /// None when rustc has `printed` no line that can be used for other answers.
    pub fn new(printed: &str, library: &Path, program: &Path) -> Option<Objects> {
        let objects = Objects {
            line: printed.trim().to_owned(),
            library: quoted(library),
            program: quoted(program),
        };
        let stands_once = |path| objects.line.matches(path).count() == 1;
        (stands_once(&objects.library) && stands_once(&objects.program)).then_some(objects)
    }

    /// Links with the `library` of another answer. False when that does not go: the answer has no copy
    /// of a generic function that the tests share with the right one.
    pub fn link(&self, library: &Path, program: &Path) -> io::Result<bool> {
        let line = self.line.replace(&self.library, &quoted(library));
        let line = line.replace(&self.program, &quoted(program));
        let status = Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        Ok(status.success())
    }
}

/// As rustc prints it.
fn quoted(path: &Path) -> String {
    format!("{path:?}")
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn another_library_is_linked_into_another_program() {
        let folder = std::env::temp_dir().join(format!("loopback objects {}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let [right, wrong, gone, made, other] =
            ["right", "wrong", "gone", "made", "other"].map(|name| folder.join(name));
        fs::write(&wrong, "the wrong answer").expect("a file");
        // A copy in place of a linker.
        let printed = format!("LC_ALL=\"C\" \"cp\" {right:?} {made:?}\n");
        let objects = Objects::new(&printed, &right, &made).expect("a line that can be used");
        assert!(objects.link(&wrong, &other).expect("a shell"));
        assert_eq!(
            fs::read_to_string(&other).expect("a file"),
            "the wrong answer"
        );
        assert!(!made.exists());
        assert!(!objects.link(&gone, &other).expect("a shell"));
        fs::remove_dir_all(&folder).expect("it is ours");
    }

    #[test]
    fn a_line_without_our_paths_is_of_no_use() {
        let [library, program] = ["/lib", "/program"].map(Path::new);
        assert!(Objects::new("", library, program).is_none());
        assert!(Objects::new(r#""cc" "/lib" "-o" "/program.exe""#, library, program).is_none());
        assert!(Objects::new(r#""cc" "/lib" "-o" "/program""#, library, program).is_some());
    }
}
