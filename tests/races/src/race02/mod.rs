//! Race 02: TCP echo.

mod echo;
mod hostile;
#[cfg(feature = "mine-02")]
mod mine;
mod reference;
mod tokio_echo;
mod writes;

use crate::race::{Race, Server};

pub const RACE: Race = Race {
    number: "02",
    title: "TCP echo",
    disciplines: || {
        vec![
            hostile::discipline(),
            writes::discipline(),
            echo::discipline(),
        ]
    },
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
            name: "reference program",
            run: reference::ours::program,
        },
        #[cfg(feature = "mine-02")]
        Server {
            name: "mine program",
            run: mine::ours::program,
        },
        Server {
            name: "tokio",
            run: tokio_echo::serve,
        },
    ],
};
