//! Pictures for the book, as SVG.
//!
//! Here belongs whatever draws: the surface to draw on, the ladder of a test, the bytes of a packet.

pub mod bytes;
pub mod canvas;
pub mod ladder;
