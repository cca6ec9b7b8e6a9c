//! The reference.

use port_demux_solution as port_demux;

#[path = "ours.rs"]
pub mod ours;
