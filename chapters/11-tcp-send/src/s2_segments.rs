//! Step 2: a stream is cut into segments.

use std::ops::Range;

use tcp_open::Seq;

/// Cuts the beginning of `stream` into pieces for segments: for each the number of its first byte, and its place in
/// `stream`.
///
/// `from` is the number of the stream's first byte. The pieces follow one another without a gap.
/// Together they hold the first `usable` bytes, or all if there are fewer. Each but the last has
/// `mss` bytes, the last has at most as many, and none is empty. `mss` is at least 1.
///
/// `may_go` decides whether a short last piece leaves now.
pub fn segmentize(stream: &[u8], from: Seq, mss: u16, usable: u32) -> Vec<(Seq, Range<usize>)> {
    todo!(
        "11.2 segmentize({} bytes, {from}, mss {mss}, usable {usable}): cut them into pieces",
        stream.len()
    )
}
