//! What others say: Linux of our routes, Python of our IPv6 texts, IANA and Python of our kinds.
//!
//! Each case is made from a number, so a difference can be looked at again.

mod ask;
mod iana;
mod kinds;
mod routes;
mod texts;
