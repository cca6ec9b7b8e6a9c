//! Step 4: messages for a person when there is no page, and redirects.

use std::error::Error;
use std::fmt;

use crate::{Page, Stage, StageError, Url, UrlError};

/// How many redirects are followed.
pub const MAX_REDIRECTS: usize = 10;

/// The name of a stage: `dns`, `tcp`, `tls`, `first-byte`, `body` and `redirect`.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("17.4 {self:?}.to_string(): the name of the stage")
    }
}

/// One line for a person, in words of your own: the name of the stage, `: `, and what went wrong. It contains
///
/// | cause | text |
/// |---|---|
/// | `NoSuchName` | `no such name` |
/// | `NoAddress` | `no address` |
/// | `Lookup` | the text of the error |
/// | `Unreachable` | each address; the text of the error of each that failed, and the word `silent` if one was |
/// | `Io` | the text of the error |
/// | `Protocol` | the protocol, with each byte that is not visible ASCII as `\xNN` |
/// | `TooManyRedirects` | the number |
/// | `Downgrade` | the URL to which the page redirects |
/// | `Location` | the text of the error |
impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("17.4 {self:?}.to_string(): the name of the stage, and what went wrong")
    }
}

impl Error for StageError {}

/// One line for a person, without a line break.
impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("17.4 {self:?}.to_string(): a line for each of the seven")
    }
}

impl Error for UrlError {}

/// The URL to which a page redirects: its `Location`, if its status is 301, 302, 303, 307 or 308 (RFC 9110 §15.4) and it has
/// this field. Of several fields the first one counts. 300 leaves the choice to a person, and 304 is about a stored response.
///
/// # Errors
///
/// The stage is [`Stage::Redirect`].
///
/// - `Location`: [`Url::join`] on the page's URL gives this error. Bytes that are no UTF-8 are `UrlError::Characters`.
/// - `Downgrade`: the page came by `https`, and its `Location` is of `http`. An eavesdropper on the path could read what TLS
///   was to hide, and could answer in the server's place. Browsers and `curl -L` follow such a redirect. This browser does not.
pub fn redirect(page: &Page) -> Result<Option<Url>, StageError> {
    todo!(
        "17.4 redirect(page of {}, status {}): Location of five statuses, joined to the page's URL; never from https to http",
        page.url.path,
        page.head.status
    )
}

/// Opens a URL with `open`, and follows redirects until a page has none. Returns all pages in their order. At most
/// [`MAX_REDIRECTS`] redirects are followed, so there is at most one page more.
///
/// # Errors
///
/// The first error of `open`, or of [`redirect`]. `TooManyRedirects` with [`MAX_REDIRECTS`], of [`Stage::Redirect`], when there
/// is one redirect more.
pub fn follow(
    url: &Url,
    mut open: impl FnMut(&Url) -> Result<Page, StageError>,
) -> Result<Vec<Page>, StageError> {
    let _ = &mut open;
    todo!(
        "17.4 follow({url:?}, open): open, ask redirect for the next URL, and again, ten times at most"
    )
}
