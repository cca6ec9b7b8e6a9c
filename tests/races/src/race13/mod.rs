//! Race 13: HTTP/1.1.

mod heads;
mod hyper_server;
#[cfg(feature = "mine-13")]
mod mine;
mod reference;
mod requests;

use crate::race::{Race, Server};

/// What every server answers, as nginx does.
pub const TEXT: &str = "ok";

pub const RACE: Race = Race {
    number: "13",
    title: "HTTP/1.1",
    disciplines: || vec![heads::discipline(), requests::discipline()],
    servers: &[
        Server {
            name: "reference",
            run: reference::ours::serve,
        },
        #[cfg(feature = "mine-13")]
        Server {
            name: "mine",
            run: mine::ours::serve,
        },
        Server {
            name: "hyper",
            run: hyper_server::serve,
        },
    ],
};
