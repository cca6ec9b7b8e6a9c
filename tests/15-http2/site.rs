//! Folders of files for the student's server.

use std::fs::File;

use netlab::Folder;

/// A few small files, a large one, and thirty objects.
pub fn site() -> Folder {
    let mut folder = Folder::new()
        .with("index.html", "<h1>hello</h1>")
        .with("a.txt", "alpha")
        .with("empty.txt", "")
        .with("large.bin", large());
    for n in 0..30 {
        folder = folder.with(&format!("o{n}.bin"), object(n));
    }
    folder
}

pub fn large() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n / 251 + n) as u8).collect()
}

/// One of the thirty objects.
pub fn object(n: usize) -> Vec<u8> {
    vec![n as u8; 3000 + n]
}

/// The length of a file that a narrow connection does not hold.
pub const HUGE: usize = 4 << 20;

/// A small file, and one of [`HUGE`] zeros.
pub fn huge_site() -> Folder {
    let folder = Folder::new().with("a.txt", "alpha");
    let file = File::create(folder.path().join("huge.bin")).expect("a file");
    file.set_len(HUGE as u64).expect("a long file");
    folder
}
