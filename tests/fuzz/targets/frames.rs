//! Chapters 02 and 05: frames from a stream that is cut where chance wants it.
#![no_main]

use std::io::{self, Read, Write};

/// A stream that gives its bytes in pieces: the first byte says how large.
struct Pieces<'a> {
    size: usize,
    data: &'a [u8],
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(self.size);
        self.data.read(&mut buf[..most])
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MAX: u32 = 4096;

/// The frames up to an error or the end, and how much is left.
fn frames(mut stream: impl Read, left: impl Fn() -> usize) -> (Vec<Vec<u8>>, String) {
    let mut all = Vec::new();
    loop {
        match tcp_echo::read_frame(&mut stream, MAX) {
            Ok(Some(frame)) => {
                assert!(frame.len() <= MAX as usize);
                all.push(frame);
            }
            Ok(None) => return (all, format!("the end, {} left", left())),
            Err(error) => return (all, format!("{error:?}")),
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&size, data)) = data.split_first() else {
        return;
    };
    let size = usize::from(size).max(1);
    let whole = frames(data, || 0);
    let cut = frames(Pieces { size, data }, || 0);
    assert_eq!(whole, cut);

    let mut stream = Pieces { size, data };
    if let Ok(reply) = connection_pool::exchange(&mut stream, b"ping") {
        assert_eq!(whole.0.first().map_or(reply.len(), Vec::len), reply.len());
        assert_eq!(data.len() - stream.data.len(), 4 + reply.len());
    }
});
