//! What targets have in common: how much memory a call asks for, and how much is in use. Each of them that uses this
//! has an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ASKED_FOR: Cell<usize> = const { Cell::new(0) };
    static IN_USE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ASKED_FOR.try_with(|sum| sum.set(sum.get() + layout.size()));
        let _ = IN_USE.try_with(|sum| sum.set(sum.get() + layout.size() as isize));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let _ = IN_USE.try_with(|sum| sum.set(sum.get() - layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Calls a parser, which may ask for no more memory than it got.
pub fn within<T>(input: &[u8], parse: impl FnOnce() -> T) -> T {
    ASKED_FOR.set(0);
    let parsed = parse();
    let asked_for = ASKED_FOR.get();
    assert!(
        asked_for <= input.len(),
        "{asked_for} bytes for {}",
        input.len()
    );
    parsed
}

/// Calls something that keeps what it needs, and gives how much more memory is in use after the call.
pub fn kept<T>(call: impl FnOnce() -> T) -> (T, isize) {
    let before = IN_USE.get();
    let result = call();
    (result, IN_USE.get() - before)
}
