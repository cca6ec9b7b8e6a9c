//! A network, its plan and its traffic, all chosen by a stranger: nothing vanishes, and every packet is told.
#![no_main]

#[path = "../../netlab/tests/plays/mod.rs"]
mod plays;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plays::play(bytes));
