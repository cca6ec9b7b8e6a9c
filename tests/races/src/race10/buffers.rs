//! A buffer that makes a stream out of segments, and smoltcp's.

use smoltcp::storage::{Assembler, RingBuffer};

/// Room for all that is sent at once.
pub const ROOM: usize = 65535;

pub trait Buffer {
    fn new() -> Self;
    /// Takes the segment that begins at this position.
    fn push(&mut self, at: usize, data: &[u8]);
    /// The position of the first byte that has not come.
    fn next(&self) -> usize;
    /// Reads all that can be read.
    fn read(&mut self, into: &mut Vec<u8>);
}

/// What smoltcp's TCP socket does with a segment.
pub struct Smoltcp {
    ring: RingBuffer<'static, u8>,
    assembler: Assembler,
    next: usize,
}

impl Buffer for Smoltcp {
    fn new() -> Smoltcp {
        Smoltcp {
            ring: RingBuffer::new(vec![0; ROOM]),
            assembler: Assembler::new(),
            next: 0,
        }
    }

    fn push(&mut self, at: usize, data: &[u8]) {
        let old = self.next.saturating_sub(at).min(data.len());
        let (offset, data) = (at.saturating_sub(self.next), &data[old..]);
        // It has room for a few ranges: with too many holes, the segment is dropped.
        let Ok(ready) = self.assembler.add_then_remove_front(offset, data.len()) else {
            return;
        };
        let written = self.ring.write_unallocated(offset, data);
        debug_assert_eq!(written, data.len(), "there is room for all that is sent");
        self.ring.enqueue_unallocated(ready);
        self.next += ready;
    }

    fn next(&self) -> usize {
        self.next
    }

    fn read(&mut self, into: &mut Vec<u8>) {
        loop {
            let part = self.ring.dequeue_many(ROOM);
            if part.is_empty() {
                return;
            }
            into.extend_from_slice(part);
        }
    }
}
