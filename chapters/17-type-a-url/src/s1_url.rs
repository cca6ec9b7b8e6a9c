//! Step 1: the parts of a URL that a person types.

use std::fmt;
use std::net::IpAddr;

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
        todo!(
            "17.1 Url::parse({text:?}): parse it from the left: scheme, authority (user, host, port), path and query; drop the fragment"
        )
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
        todo!(
            "17.1 {self:?}.join({reference:?}): a scheme, `//`, `/`, `?` or a relative path: what the reference does not say comes from this URL"
        )
    }

    /// The value of the field `Host`: the host, with brackets around an IPv6 address, and the port if it is not the
    /// scheme's default port (RFC 9110 §7.2).
    pub fn host_field(&self) -> String {
        todo!(
            "17.1 {self:?}.host_field(): the host, brackets around IPv6, and the port if it is not the scheme's default"
        )
    }

    /// The host as an address, if it is one. No name server is needed then.
    pub fn address(&self) -> Option<IpAddr> {
        todo!("17.1 {self:?}.address(): the host, if it is an address")
    }
}

/// As a person would type it, without the scheme's default port.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!("17.1 {self:?}.to_string(): scheme, `://`, the value of Host, and the path")
    }
}
