//! Step 5: a browser, which knows on the second page what it has learned on the first one.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use connection_pool::Lost;

use crate::s3_stages::{Open, Stopwatch, ask, at, failed, open_line};
use crate::{Limits, Line, Network, Page, Span, Stage, StageError, Url, find, follow};

/// How long the addresses of a name are believed. (Chapter 01's answer does not say how long its server would have them
/// believed. Browsers have such a limit as well.)
pub const NAME_LIFE: Duration = Duration::from_secs(60);

/// Opens pages, one at a time, and keeps what the next one can use.
pub struct Browser<N: Network> {
    network: N,
    limits: Limits,
    /// Addresses by name, and when they were learned.
    names: HashMap<String, (Vec<IpAddr>, Duration)>,
    /// Lines that wait for their next request.
    idle: HashMap<Origin, (Line, SocketAddr)>,
}

/// Who is at the other end of a line: scheme, host and port.
type Origin = (bool, String, u16);

fn origin(url: &Url) -> Origin {
    (url.https, url.host.clone(), url.port)
}

impl<N: Network> Browser<N> {
    /// A browser that knows nothing yet.
    pub fn new(network: N, limits: Limits) -> Browser<N> {
        Browser {
            network,
            limits,
            names: HashMap::new(),
            idle: HashMap::new(),
        }
    }

    /// What it stands on.
    pub fn network(&mut self) -> &mut N {
        &mut self.network
    }

    /// Hangs up: all lines that wait are dropped. What was learned of names stays.
    pub fn hang_up(&mut self) {
        self.idle.clear();
    }

    /// Opens one URL, and follows no redirect. As [`open_url`](crate::open_url), with these differences:
    ///
    /// - **Names.** The addresses of a name are kept for [`NAME_LIFE`] from the end of the look-up, and it is not asked for again
    ///   as long as they are; stage 1 has no span then. That a name has no address, and an error, is not kept.
    ///   Addresses of which none could be reached are forgotten.
    /// - **Lines.** When a response has come and says that the line can be used again (chapter 13's `reusable`), the line is kept for
    ///   the next request to the same scheme, host and port. It carries that one without stages 1, 2 and 3: `reused`.
    ///   One line is kept for each of these; it is used by one request at a time.
    /// - **Again.** A line may have died while it was idle, and the browser cannot know. If a line that was kept ends before a
    ///   byte of the response has come (`UnexpectedEof`, `ConnectionReset`, `ConnectionAborted`, `BrokenPipe`), the request is
    ///   repeated on a new line, once: `GET` may be repeated (RFC 9110 §9.2.2). The timeline is then the one of all that it took,
    ///   from the beginning of the call: the lost attempt belongs to the first stage that follows it. It is not `reused`.
    ///
    /// # Errors
    ///
    /// As `open_url`. A line on which something has failed is not kept.
    pub fn visit(&mut self, url: &Url) -> Result<Page, StageError> {
        let mut watch = Stopwatch(self.network.now());
        if let Some((line, from)) = self.idle.remove(&origin(url)) {
            let open = Open {
                line,
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
            self.idle.insert(origin(url), (open.line, open.from));
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
        let addrs = find(&mut self.network, url).map_err(at(Stage::Dns))?;
        if url.address().is_some() {
            return Ok((addrs, None));
        }
        let now = self.network.now();
        self.names.insert(url.host.clone(), (addrs.clone(), now));
        Ok((addrs, Some(watch.lap(now))))
    }
}

/// Whether a line ended before it gave a sign of life.
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
