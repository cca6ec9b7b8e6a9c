//! Step 5: a browser that keeps names and connections for the next page.

use std::time::Duration;

use crate::{Limits, Network, Page, StageError, Url};

/// How long the addresses of a name are kept. (Chapter 01's answer has no TTL. Browsers have a limit of their own as well.)
pub const NAME_LIFE: Duration = Duration::from_secs(60);

/// Opens pages, one at a time, and keeps what the next page can use.
pub struct Browser<N: Network> {
    // What else belongs here is yours to decide.
    _network: std::marker::PhantomData<N>,
}

impl<N: Network> Browser<N> {
    /// A browser without names and connections.
    pub fn new(network: N, limits: Limits) -> Browser<N> {
        let _ = network;
        todo!("17.5 Browser::new(network, {limits:?}): no names and no connections yet")
    }

    /// The network that it uses.
    pub fn network(&mut self) -> &mut N {
        todo!("17.5 browser.network(): the network that it uses")
    }

    /// Closes all connections that are kept. The names that are kept stay.
    pub fn close_idle(&mut self) {
        todo!("17.5 browser.close_idle(): drop all connections that are kept")
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
        todo!(
            "17.5 browser.visit({url:?}): on a connection that is kept for this scheme, host and port, or with a name that is kept, or as open_url"
        )
    }

    /// Opens a URL, and follows the redirects of step 4.
    ///
    /// # Errors
    ///
    /// As [`Browser::visit`] and [`follow`](crate::follow).
    pub fn open(&mut self, url: &Url) -> Result<Vec<Page>, StageError> {
        todo!("17.5 browser.open({url:?}): follow of step 4, with visit")
    }
}
