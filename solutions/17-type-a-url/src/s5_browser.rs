//! Step 5: a browser that keeps names and connections for the next page.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use connection_pool::Lost;

use crate::s3_stages::{Open, Stopwatch, ask, at, failed, open_line};
use crate::{Connection, Limits, Network, Page, Span, Stage, StageError, Url, follow, resolve};

/// How long the addresses of a name are kept. (Chapter 01's answer has no TTL. Browsers have a limit of their own as well.)
pub const NAME_LIFE: Duration = Duration::from_secs(60);

/// Opens pages, one at a time, and keeps what the next page can use.
pub struct Browser<N: Network> {
    network: N,
    limits: Limits,
    /// Addresses by name, and when they were learned.
    names: HashMap<String, (Vec<IpAddr>, Duration)>,
    /// Connections that are kept for the next request.
    idle: HashMap<Origin, (Connection, SocketAddr)>,
}

/// The other end of a connection: scheme, host and port.
type Origin = (bool, String, u16);

fn origin(url: &Url) -> Origin {
    (url.https, url.host.clone(), url.port)
}

impl<N: Network> Browser<N> {
    /// A browser without names and connections.
    pub fn new(network: N, limits: Limits) -> Browser<N> {
        Browser {
            network,
            limits,
            names: HashMap::new(),
            idle: HashMap::new(),
        }
    }

    /// The network that it uses.
    pub fn network(&mut self) -> &mut N {
        &mut self.network
    }

    /// Closes all connections that are kept. The names that are kept stay.
    pub fn close_idle(&mut self) {
        self.idle.clear();
    }

    /// Opens one URL, and follows no redirect. As [`open_url`](crate::open_url), with these differences:
    ///
    /// - **Names.** The addresses of a name are kept for [`NAME_LIFE`] from the end of the look-up. During this time the name is
    ///   not looked up again, and stage 1 has no span. An error is not kept, and neither is the answer that a name has no
    ///   address. If none of the addresses could be reached, they are forgotten.
    /// - **Connections.** If the response says that the connection can be used again (chapter 13's `reusable`), it is kept for
    ///   the next request to the same scheme, host and port. That request has no stages 1, 2 and 3, and is `reused`. One
    ///   connection is kept for each scheme, host and port. It carries one request at a time.
    /// - **Repetition.** The server may have closed a kept connection, and the browser learns it only with the next request. If a
    ///   kept connection ends before a byte of the response has come (`UnexpectedEof`, `ConnectionReset`, `ConnectionAborted`,
    ///   `BrokenPipe`), the request is repeated on a new connection, once: `GET` may be repeated (RFC 9110 §9.2.2). The timeline
    ///   then begins with the call: the first stage that follows the lost attempt includes its time. The page is not `reused`.
    ///
    /// # Errors
    ///
    /// As `open_url`. A connection on which something has failed is not kept.
    pub fn visit(&mut self, url: &Url) -> Result<Page, StageError> {
        let mut watch = Stopwatch(self.network.now());
        if let Some((connection, from)) = self.idle.remove(&origin(url)) {
            let open = Open {
                connection,
                from,
                dns: None,
                tcp: None,
                tls: None,
            };
            match self.asks(open, url, Stopwatch(watch.0)) {
                Err(lost) if died_unheard(&lost) => {}
                done => return done.map_err(|lost| failed(lost.received, lost.cause)),
            }
        }
        let (addrs, dns) = self.addresses(url, &mut watch)?;
        let open = open_line(&mut self.network, url, &addrs, &self.limits, &mut watch);
        if let Err(error) = &open
            && error.stage == Stage::Tcp
        {
            self.names.remove(&url.host);
        }
        let open = Open { dns, ..open? };
        self.asks(open, url, watch)
            .map_err(|lost| failed(lost.received, lost.cause))
    }

    /// Opens a URL, and follows the redirects of step 4.
    ///
    /// # Errors
    ///
    /// As [`Browser::visit`] and [`follow`](crate::follow).
    pub fn open(&mut self, url: &Url) -> Result<Vec<Page>, StageError> {
        follow(url, |url| self.visit(url))
    }

    fn asks(&mut self, mut open: Open, url: &Url, watch: Stopwatch) -> Result<Page, Lost> {
        let (page, is_reusable) = ask(&self.network, &mut open, url, &self.limits, watch)?;
        if is_reusable {
            self.idle.insert(origin(url), (open.connection, open.from));
        }
        Ok(page)
    }

    fn addresses(
        &mut self,
        url: &Url,
        watch: &mut Stopwatch,
    ) -> Result<(Vec<IpAddr>, Option<Span>), StageError> {
        if let Some((addrs, learned)) = self.names.get(&url.host)
            && self.network.now() < learned.saturating_add(NAME_LIFE)
        {
            return Ok((addrs.clone(), None));
        }
        let addrs = resolve(&mut self.network, url).map_err(at(Stage::Dns))?;
        if url.address().is_some() {
            return Ok((addrs, None));
        }
        let now = self.network.now();
        self.names.insert(url.host.clone(), (addrs.clone(), now));
        Ok((addrs, Some(watch.lap(now))))
    }
}

/// Whether a kept connection ended before a byte of the response came.
fn died_unheard(lost: &Lost) -> bool {
    lost.received == 0
        && matches!(
            lost.cause.kind(),
            ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
        )
}
