//! Files that an instructor wrote with a spreadsheet.
#![no_main]

use grader::class::roster::Roster;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(roster) = Roster::parse("roster.csv", data) {
        let lines = data.split(|byte| b"\n\r".contains(byte)).count();
        assert!(!roster.students.is_empty() && roster.students.len() < lines);
        for student in &roster.students {
            let folder = student.folder.as_ref().unwrap_or(&student.id);
            assert!(!folder.contains(['/', '\\', '\0', '\n']) && folder != "..");
        }
    }
});
