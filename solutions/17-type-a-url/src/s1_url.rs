//! Step 1: the parts of a URL that a person types.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A URL of `http` or `https`, as far as it concerns the network (RFC 3986, RFC 9110 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    pub https: bool,
    /// A name in small letters, or an address: an IPv6 address without brackets.
    pub host: String,
    /// From 1 to 65535.
    pub port: u16,
    /// The path and the query: it begins with `/`, and has no `#`. It is what a request asks for.
    pub path: String,
}

/// Why a text is refused as a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It does not begin with a scheme and `://`.
    NoScheme,
    /// It has another scheme than `http` and `https`.
    Scheme,
    /// It has a character that is not visible ASCII.
    Characters,
    /// There is no host.
    NoHost,
    /// The host is not valid.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// It comes from a server, and has a user in it.
    Userinfo,
}

impl Url {
    /// Parses what a person has typed: `https://www.example.org:8443/a?b#c`.
    ///
    /// - All characters are visible ASCII (`!` to `~`). Blanks around the URL are not removed.
    /// - The **scheme** comes first, in any case, then `://`. What stands before the first `:` is a scheme if it is a
    ///   letter and then letters, digits, `+`, `-` and `.` (RFC 3986 §3.1).
    /// - The **authority** follows, up to the first `/`, `?` or `#`, or to the end (§3.2). The part
    ///   before its last `@` is the user, and is dropped: it may hold a password, which the server must not get
    ///   (RFC 9110 §4.2.4).
    /// - The **host** is an IPv6 address in brackets, without a zone; or letters, digits, `-`, `_` and `.`, at least one of
    ///   them. Capitals become small letters (RFC 3986 §3.2.2). It is not decoded: a `%` is not allowed.
    ///   An IPv6 address is kept as `Ipv6Addr` writes it.
    /// - The **port** stands behind the `:` after the host: decimal digits, from 1 to 65535. Without a `:`, or
    ///   without digits behind it, the port is 80, or 443 for `https` (RFC 3986 §3.2.3, RFC 9110 §4.2.1, §4.2.2).
    /// - The **path** goes up to the first `?` or `#`, the **query** from the `?` up to the `#`. An empty path is `/`.
    ///   `.` and `..` are removed from the path as RFC 3986 §5.2.4 says, and not from the query: `/a/./b/../c?d/..`
    ///   becomes `/a/c?d/..`, and `/..` becomes `/`. Nothing else is changed or decoded.
    /// - The **fragment**, from the `#` on, is for the browser alone (§3.5). It is dropped.
    ///
    /// # Errors
    ///
    /// The first of these that applies, in this order: `Characters`, `NoScheme` (no scheme, or no `://` behind
    /// it), `Scheme`, then `NoHost` for a host that is empty, `Host`, `Port`. A `[` that no `]` ends, and anything but a
    /// `:` behind the `]`, is `Host`.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let (scheme, rest) = split_scheme(text)?.ok_or(UrlError::NoScheme)?;
        let rest = rest.strip_prefix("//").ok_or(UrlError::NoScheme)?;
        let https = is_https(scheme)?;
        Url::absolute(https, rest)
    }

    /// The URL that `reference` means on a page with this URL (RFC 3986 §5.2, strictly: the scheme of `reference` counts
    /// if it has one). A `Location` may be a URL, or a part of one (RFC 9110 §10.2.2):
    ///
    /// | reference | of `https://a:8443/b/c?d` |
    /// |---|---|
    /// | `http://e/f` | `http://e/f` |
    /// | `//e/f` | `https://e/f` |
    /// | `/f?g` | `https://a:8443/f?g` |
    /// | `f` | `https://a:8443/b/f` |
    /// | `../f` | `https://a:8443/f` |
    /// | `?f` | `https://a:8443/b/c?f` |
    /// | `` or `#f` | `https://a:8443/b/c?d` |
    ///
    /// A reference that begins with a scheme and has no `//` behind it is refused: `https:f`, `mailto:a@b`.
    ///
    /// # Errors
    ///
    /// As [`Url::parse`], and `Userinfo`, which is looked for before `NoHost`. A person has not typed this user, and it can
    /// deceive: `https://bank.example@evil.example/` (RFC 9110 §4.2.4).
    pub fn join(&self, reference: &str) -> Result<Url, UrlError> {
        if let Some((scheme, rest)) = split_scheme(reference)? {
            let rest = rest.strip_prefix("//").ok_or(UrlError::NoScheme)?;
            let https = is_https(scheme)?;
            return Url::from_a_stranger(https, rest);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Url::from_a_stranger(self.https, rest);
        }
        let reference = before(reference, &['#']);
        let (own_path, _) = split_query(&self.path);
        let path = match reference {
            "" => self.path.clone(),
            query if query.starts_with('?') => format!("{own_path}{query}"),
            whole if whole.starts_with('/') => target(whole),
            relative => {
                let folder = own_path.rfind('/').map_or("", |at| &own_path[..at]);
                target(&format!("{folder}/{relative}"))
            }
        };
        Ok(Url {
            path,
            ..self.clone()
        })
    }

    /// The value of the field `Host`: the host, with brackets around an IPv6 address, and the port if it is not the
    /// scheme's default port (RFC 9110 §7.2).
    pub fn host_field(&self) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{}]", self.host),
            Err(_) => self.host.clone(),
        };
        match self.port == default_port(self.https) {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }

    /// The host as an address, if it is one. No name server is needed then.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    fn from_a_stranger(https: bool, rest: &str) -> Result<Url, UrlError> {
        match before(rest, &['/', '?', '#']).contains('@') {
            true => Err(UrlError::Userinfo),
            false => Url::absolute(https, rest),
        }
    }

    /// The URL of what stands behind `//`.
    fn absolute(https: bool, rest: &str) -> Result<Url, UrlError> {
        let authority = before(rest, &['/', '?', '#']);
        let path = before(&rest[authority.len()..], &['#']);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, own)| own);
        let (host, port) = split_port(authority)?;
        let port = match port {
            None | Some("") => default_port(https),
            Some(digits) => number(digits)?,
        };
        Ok(Url {
            https,
            host,
            port,
            path: target(path),
        })
    }
}

/// As a person would type it, without the scheme's default port.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.host_field(), self.path)
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn is_https(scheme: &str) -> Result<bool, UrlError> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(true),
        "http" => Ok(false),
        _ => Err(UrlError::Scheme),
    }
}

/// A scheme, if there is one, and what stands behind its `:`.
fn split_scheme(text: &str) -> Result<Option<(&str, &str)>, UrlError> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(UrlError::Characters);
    }
    let is_scheme = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    Ok(text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)))
}

/// What stands before the first of these characters.
fn before<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or("")
}

fn split_query(path: &str) -> (&str, &str) {
    path.split_at(path.find('?').unwrap_or(path.len()))
}

fn split_port(authority: &str) -> Result<(String, Option<&str>), UrlError> {
    if let Some(inside) = authority.strip_prefix('[') {
        let (address, behind) = inside.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        let port = match behind {
            "" => None,
            _ => Some(behind.strip_prefix(':').ok_or(UrlError::Host)?),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    match host {
        "" => Err(UrlError::NoHost),
        _ if !host.bytes().all(belongs) => Err(UrlError::Host),
        _ => Ok((host.to_ascii_lowercase(), port)),
    }
}

fn number(digits: &str) -> Result<u16, UrlError> {
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().ok().filter(|port| *port > 0),
        false => None, // `parse` would take a plus
    }
    .ok_or(UrlError::Port)
}

/// A path with its query, as a request asks for it.
fn target(path: &str) -> String {
    let (path, query) = split_query(path);
    format!("{}{query}", without_dots(path))
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // A folder ends with a slash, also when its name is left out.
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}
