//! Chapter 17: what happens when one types a URL: a name, a connection, a proof, a request, a page.
//!
//! One file a step. Each step uses the ones before it, and nothing of the ones after it. `network.rs`, `sockets.rs` and
//! `drawing.rs` are given. Steps 6 and 7 need the feature `whole`, which is on unless you turn it off.

#[cfg(feature = "whole")]
mod drawing;
mod network;
mod s1_url;
mod s2_plan;
mod s3_stages;
mod s4_failures;
mod s5_browser;
#[cfg(feature = "whole")]
mod s6_program;
#[cfg(feature = "whole")]
mod s7_own_stack;
#[cfg(feature = "whole")]
mod sockets;

#[cfg(feature = "whole")]
pub use drawing::timeline_svg;
pub use network::{
    Cause, Connection, Limits, Network, Page, Secured, Span, Stage, StageError, Timeline,
};
pub use s1_url::{Url, UrlError};
pub use s2_plan::{ATTEMPT_DELAY, Attempts, Next, plan};
pub use s3_stages::{connect, fetch, open_url, resolve, secure};
pub use s4_failures::{MAX_REDIRECTS, follow, redirect};
pub use s5_browser::{Browser, NAME_LIFE};
#[cfg(feature = "whole")]
pub use s6_program::{
    Browse, Command, LIMITS, PATIENCE, PROTOCOLS, USAGE, parse_args, report, run, tls_over,
};
#[cfg(feature = "whole")]
pub use s7_own_stack::{LINGER, Stack, Wire};
#[cfg(feature = "whole")]
pub use sockets::Sockets;
