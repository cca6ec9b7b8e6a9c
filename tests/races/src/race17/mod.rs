//! Race 17: a page.

#[cfg(feature = "mine-17")]
mod mine;
mod page;
mod reference;
mod site;

use crate::race::{Race, Server};

pub const RACE: Race = Race {
    number: "17",
    title: "A page",
    disciplines: || vec![page::discipline()],
    servers: &[
        Server {
            name: "site",
            run: site::serve,
        },
        // No servers: the program, which is asked in the same way to be a process of its own.
        Server {
            name: "reference",
            run: reference::ours::browse,
        },
        #[cfg(feature = "mine-17")]
        Server {
            name: "mine",
            run: mine::ours::browse,
        },
    ],
};
