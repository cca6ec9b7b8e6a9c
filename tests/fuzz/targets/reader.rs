//! Chapter 00: a reader never leaves its buffer and never goes back.
#![no_main]

use bytes_and_sockets::{Reader, hexdump};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (calls, buf) = data.split_at(data.len() / 2);
    let mut reader = Reader::new(buf);
    for call in calls {
        let before = reader.pos();
        let read = match call % 4 {
            0 => reader.u8().map(|_| 1),
            1 => reader.u16().map(|_| 2),
            2 => reader.u32().map(|_| 4),
            _ => reader.take(usize::from(*call)).map(<[u8]>::len),
        };
        assert_eq!(reader.pos(), before + read.unwrap_or(0));
        assert!(reader.pos() <= buf.len());
    }
    assert_eq!(hexdump(buf).lines().count(), buf.len().div_ceil(16));
});
