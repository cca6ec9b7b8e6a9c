//! The reference answer before judges from outside: tshark dissects our frames, and etherparse and
//! smoltcp say of mutated frames whether they are sound.

mod frames;
mod libraries;
mod tshark;
#[path = "../../wire.rs"]
#[allow(dead_code)] // the step tests use the rest
mod wire;
