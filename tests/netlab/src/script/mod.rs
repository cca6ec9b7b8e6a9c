//! Conversations as data: a script says what comes, what is called, and what must leave, line by line.
//!
//! The same lines stand on a page, in a test and in a failure. A segment's words are those of the
//! [`sim`](crate::sim) ladder, in the RFC's terms:
//!
//! ```text
//! with iss=100 mss=1460
//!   0 ms  connect()
//!         --> SYN seq 100 mss 1460                 SYN-SENT
//!  25     <-- SYN,ACK seq 300 ack 101 mss 1000
//!         # The ACK number is the next number that is wanted.
//!         --> ACK seq 101 ack 301
//!         established                              ESTABLISHED
//!         SND.UNA=101 RCV.NXT=301
//!  90     send(5)
//!         --> ACK seq 101 ack 301 len 5
//!1000     nothing
//! ```
//!
//! A line is a moment: milliseconds since the beginning, or seconds (`3 s`), or the moment of the line
//! above. `200..500` is a moment in between, both included; the lines below it are of the moment that it was.
//! Behind the time stand one or more of these:
//!
//! | item | says |
//! |---|---|
//! | `<-- SYN seq 100 mss 1460` | this segment arrives at the machine |
//! | `--> ACK seq 101 ack 301 len 5` | this one leaves it, next and at this moment |
//! | `send(5)`, `recv() = 5`, `recv() = "hello"` | a call of the program, and what it must give |
//! | `established` | what the program is told: any word in lower case |
//! | `SYN-SENT` | the state in which it is now |
//! | `SND.UNA=101` | the value of a variable now |
//! | `nothing` | until this moment nothing leaves, and nothing is told |
//! | `with iss=100` | how the machine is made; before all others. A player reads it by [`Script::setting`] |
//! | `# …` | the reason of this line, or of the line below a whole row of it, and of what follows from it at the same moment: a failure prints it as its `why` |
//!
//! **A segment** has its flags (`SYN`, `FIN`, `RST`, `PSH`, `ACK`, joined by commas), then `seq`, `ack`, `len` or the
//! bytes themselves (`"hello"`), `win`, `mss`. `ack 301` sets the flag ACK by itself. A number may be hexadecimal:
//! `0xffffffff`. One that leaves must have exactly these flags, this length, and whatever else is written. What is not
//! written may be anything, but only a SYN may have an MSS option. PSH may be there or not, unless the script says `PSH`,
//! or `no PSH` behind the numbers. One that arrives has the window of the one before, at
//! first 65535, and no MSS option, unless it is written.
//!
//! **What leaves must be in a line, and in order**; what the program is told must be, too. Time goes on only as far as
//! the lines say. On the way the machine is woken when it asked for it ([`Reaction::wake_at`]) and at no other
//! moment. What was due at a moment happens before what comes at that moment.
//!
//! **Bytes.** `send(5)` gives the next 5 bytes of an endless stream without repetition ([`stream`]), and what leaves must
//! carry the bytes of its place; `<-- … len 5` brings bytes of another one, and `recv() = 5` must give those of the
//! place that has been reached.
//!
//! **Several peers** have names, which stand before the item: `c2: <-- SYN seq 900`, `c2: SYN-RECEIVED`. A call names
//! them among its arguments, the last of which says how much: `send(c2, 5)`.
//!
//! **Two judges.** What follows the word `ours` on a line is for the machine alone; what follows `linux` only the
//! kernel must do. A comment says why they differ. `with linux=no` says that the whole script is not for the kernel.
//!
//! A machine is played through [`Machine`]; in a test by [`Lab::plays`](crate::Lab::plays).

mod bytes;
mod line;
mod mismatch;
mod parse;
mod play;
mod segment;
#[cfg(test)]
mod tests;
mod token;

pub use bytes::stream;
pub use line::{At, Call, Gives, Item, Line, What, Whom};
pub use mismatch::Mismatch;
pub use parse::{Mistake, Script};
pub(crate) use play::ms;
pub use play::{Doing, Machine, Reaction, Step, play};
pub use segment::{Pattern, Segment};
