//! The other end of the student's socket.
//!
//! Here belongs whatever meets the student's code from outside over real sockets, or takes a socket's
//! place: scripted peers and servers, readers and writers that behave as a stream may, clients that
//! misbehave, and addresses with a known fate. The simulated network is not here: it needs no socket.

pub mod adapters;
pub mod frames;
pub mod hostile;
pub mod situations;
pub mod tcp;
pub mod udp;
