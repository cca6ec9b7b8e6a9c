//! Chapter 04: the table by which a kernel finds the socket for a segment.
//!
//! One file a step. Each step uses the ones before it. `table.rs` is given: the rows, and what the
//! steps share.

mod s1_ports;
mod s2_lookup;
mod s3_bind;
mod s4_connect;
mod s5_listen;
mod s6_close;
mod s7_kernel;
mod s8_program;
mod table;

pub use s1_ports::{PortClass, SERVICES, classify_port, service_name};
pub use s2_lookup::{Hit, Index, Refusal, lookup};
pub use s4_connect::EphemeralPorts;
pub use s5_listen::{AckOutcome, SynOutcome};
pub use s6_close::Effect;
pub use s7_kernel::{BadLine, kernel_rows, parse_proc_net};
pub use s8_program::{Command, Owner, USAGE, owners, parse_args, run};
pub use table::{
    Errno, FourTuple, Holder, Proto, Reuse, Row, Socket, SocketId, SocketTable, State,
};
