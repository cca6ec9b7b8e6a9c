//! Step 4: messages for a person when there is no page, and redirects.

use std::error::Error;
use std::fmt;

use crate::{Cause, Page, Stage, StageError, Url, UrlError};

/// How many redirects are followed.
pub const MAX_REDIRECTS: usize = 10;

/// The name of a stage: `dns`, `tcp`, `tls`, `first-byte`, `body` and `redirect`.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Dns => "dns",
            Stage::Tcp => "tcp",
            Stage::Tls => "tls",
            Stage::FirstByte => "first-byte",
            Stage::Body => "body",
            Stage::Redirect => "redirect",
        })
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
        write!(f, "{}: ", self.stage)?;
        match &self.cause {
            Cause::NoSuchName => f.write_str("there is no such name"),
            Cause::NoAddress => f.write_str("the name has no address"),
            Cause::Lookup(error) => write!(f, "{error}"),
            Cause::Unreachable { failed, silent } => {
                let failed = failed
                    .iter()
                    .map(|(addr, error)| format!("{addr}: {error}"));
                let silent = silent.iter().map(|addr| format!("{addr}: silent"));
                let all: Vec<String> = failed.chain(silent).collect();
                f.write_str(&all.join("; "))
            }
            Cause::Io(error) => write!(f, "{error}"),
            Cause::Protocol(name) => {
                f.write_str("the server speaks ")?;
                name.iter().try_for_each(|byte| match byte {
                    b'!'..=b'~' => write!(f, "{}", char::from(*byte)),
                    _ => write!(f, "\\x{byte:02x}"),
                })
            }
            Cause::TooManyRedirects(count) => {
                write!(f, "{count} redirects were followed, and there is one more")
            }
            Cause::Downgrade(url) => write!(f, "from https to {url}, where anybody can listen"),
            Cause::Location(error) => write!(f, "{error}"),
        }
    }
}

impl Error for StageError {}

/// One line for a person, without a line break.
impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlError::NoScheme => "a URL begins with http:// or https://",
            UrlError::Scheme => "only http and https are spoken here",
            UrlError::Characters => "a URL is written in visible ASCII",
            UrlError::NoHost => "there is no host in it",
            UrlError::Host => "its host is neither a name nor an address",
            UrlError::Port => "a port is a number from 1 to 65535",
            UrlError::Userinfo => "there is a user in it",
        })
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
    if !matches!(page.head.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = page.head.fields.all("Location").first().copied() else {
        return Ok(None);
    };
    let refuses = |cause| StageError {
        stage: Stage::Redirect,
        cause,
    };
    let url = std::str::from_utf8(location)
        .map_err(|_| UrlError::Characters)
        .and_then(|text| page.url.join(text))
        .map_err(|error| refuses(Cause::Location(error)))?;
    match page.url.https && !url.https {
        true => Err(refuses(Cause::Downgrade(url))),
        false => Ok(Some(url)),
    }
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
    let mut pages = vec![open(url)?];
    while let Some(next) = redirect(&pages[pages.len() - 1])? {
        if pages.len() > MAX_REDIRECTS {
            return Err(StageError {
                stage: Stage::Redirect,
                cause: Cause::TooManyRedirects(MAX_REDIRECTS),
            });
        }
        pages.push(open(&next)?);
    }
    Ok(pages)
}
