//! Step 5: a browser, which knows on the second page what it has learned on the first one.

use std::time::Duration;

use crate::{Limits, Network, Page, StageError, Url};

/// How long the addresses of a name are believed. (Chapter 01's answer does not say how long its server would have them
/// believed. Browsers have such a limit as well.)
pub const NAME_LIFE: Duration = Duration::from_secs(60);

/// Opens pages, one at a time, and keeps what the next one can use.
pub struct Browser<N: Network> {
    // What else belongs here is yours to decide.
    _network: std::marker::PhantomData<N>,
}

impl<N: Network> Browser<N> {
    /// A browser that knows nothing yet.
    pub fn new(network: N, limits: Limits) -> Browser<N> {
        let _ = network;
        todo!("17.5 Browser::new(network, {limits:?}): no names and no lines yet")
    }

    /// What it stands on.
    pub fn network(&mut self) -> &mut N {
        todo!("17.5 browser.network(): what it stands on")
    }

    /// Hangs up: all lines that wait are dropped. What was learned of names stays.
    pub fn hang_up(&mut self) {
        todo!("17.5 browser.hang_up(): drop all lines that wait")
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
        todo!(
            "17.5 browser.visit({url:?}): on a line that waits for this scheme, host and port, or with a name that is known, or as open_url"
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
