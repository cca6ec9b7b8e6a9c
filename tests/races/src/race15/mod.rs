//! Race 15: HTTP/2.

mod clients;
mod h2_crate;
#[cfg(feature = "mine-15")]
mod mine;
mod reference;
mod requests;

use crate::race::{Race, Server};

/// What every server answers, as nginx does.
pub const TEXT: &str = "ok";

/// What a browser sends.
pub const BROWSER: [(&str, &str); 10] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "www.example.org"),
    (":path", "/docs/chapter-15.html?theme=dark"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ),
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("cookie", "theme=dark; seen=2026-01-17"),
    ("priority", "u=0, i"),
];

/// What has been done over a connection.
pub struct Asked {
    pub done: usize,
    /// Bytes that the client has sent.
    pub sent: usize,
}

pub const RACE: Race = Race {
    number: "15",
    title: "HTTP/2",
    disciplines: || vec![requests::discipline(), clients::discipline()],
    servers: &[
        Server {
            name: "reference",
            run: reference::ours::serve,
        },
        #[cfg(feature = "mine-15")]
        Server {
            name: "mine",
            run: mine::ours::serve,
        },
        Server {
            name: "h2",
            run: h2_crate::serve,
        },
    ],
};
