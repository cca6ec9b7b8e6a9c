//! Descriptors that whoever started the grader has left open: a program of a submission would have them, too, and could
//! use them where it may open nothing.

use std::fs;

/// Closes all but standard input, output and error. To be called before anything of ours is open.
pub fn close() {
    let open = fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    // The folder itself is among them, and is closed when the list is made.
    for number in numbers.collect::<Vec<_>>() {
        if number > 2 {
            let _ = nix::unistd::close(number);
        }
    }
}
