//! Chapter 05: a connection pool, from a shelf to a load program.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it.

mod s1_shelf;
mod s2_permits;
mod s3_age;
mod s4_pool;
mod s5_health;
mod s6_upkeep;
mod s7_retry;
mod s8_load;

pub use s1_shelf::{Loan, Shelf};
pub use s2_permits::{NoPermit, Permit, Permits};
pub use s3_age::{Aged, Clock, Limits, SystemClock};
pub use s4_pool::{Config, Lease, Manager, Pool, PoolError, State};
pub use s5_health::{TcpManager, tcp_is_reusable};
pub use s7_retry::{CallError, Lost, MAX_REPLY, Request, call, exchange};
pub use s8_load::{
    Command, DEFAULT_PORT, Load, MAX_CLIENTS, PATIENCE, Report, USAGE, load, load_one_of,
    parse_args, percentile, run,
};
