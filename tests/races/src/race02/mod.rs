//! Race 02: TCP echo.

mod echo;
#[cfg(feature = "mine-02")]
mod mine;
mod reference;
mod tokio_echo;

use crate::race::{Race, Server};

pub const RACE: Race = Race {
    number: "02",
    title: "TCP echo",
    disciplines: || vec![echo::discipline()],
    servers: &[
        Server {
            name: "reference",
            run: reference::ours::serve,
        },
        #[cfg(feature = "mine-02")]
        Server {
            name: "mine",
            run: mine::ours::serve,
        },
        Server {
            name: "tokio",
            run: tokio_echo::serve,
        },
    ],
};
