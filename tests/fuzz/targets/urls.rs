//! Chapter 17: a URL and a reference to another one, each on a line. What is written is read again; and where the crate
//! `url` takes the same text, it means the same.
//!
//! That crate follows the WHATWG's standard, ours RFC 3986. The texts that they read differently on purpose are left out:
//! `theirs` says which.
#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};

use type_a_url::{Url, UrlError};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (base, reference) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(base) = checked(base, Url::parse(base), None) else {
        return;
    };
    // It is a reference to itself, and so is its path, which is an authority behind two slashes.
    assert_eq!(base.join(&base.to_string()).as_ref(), Ok(&base));
    assert_eq!(base.join("").as_ref(), Ok(&base));
    if !base.path.starts_with("//") {
        assert_eq!(base.join(&base.path).as_ref(), Ok(&base));
    }
    if let Ok(joined) = checked(reference, base.join(reference), Some(&base)) {
        // The fragment is nobody's business.
        assert_eq!(base.join(&format!("{reference}#a/../b?c")), Ok(joined));
    }
});

/// Looks at what `text` has come to, for itself or with this base.
fn checked(text: &str, read: Result<Url, UrlError>, base: Option<&Url>) -> Result<Url, UrlError> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = read.inspect_err(|error| {
        assert_eq!(*error == UrlError::Characters, !is_visible, "{text:?}");
    })?;
    assert!(is_visible && url.port > 0, "{text:?}: {url:?}");
    let (path, _) = url.path.split_once('?').unwrap_or((&url.path, ""));
    let mut segments = path
        .strip_prefix('/')
        .expect("a path begins with /")
        .split('/');
    assert!(
        segments.all(|segment| segment != "." && segment != ".."),
        "{url:?}"
    );
    assert!(!url.path.contains('#'), "{url:?}");
    assert!(
        !url.host.bytes().any(|byte| byte.is_ascii_uppercase()),
        "{url:?}"
    );
    assert_eq!(Url::parse(&url.to_string()).as_ref(), Ok(&url), "{text:?}");
    match theirs(text, base) {
        Some(Ok(theirs)) => same(text, &url, &theirs),
        // A name whose last label is a number can be wrong.
        Some(Err(error)) => assert!(
            is_number(&url.host),
            "{text:?}: {error}, and we read {url:?}"
        ),
        None => {}
    }
    Ok(url)
}

/// What the other library makes of it. `None` where the two standards differ:
///
/// - A backslash is a slash there, and `%2e` is a dot.
/// - `xn--` begins a label in other letters (IDNA), which must be a right one.
/// - A letter and a colon are a Windows drive there, which `..` does not leave. By the standard that is so of `file` only.
/// - Some characters of a path or a query are not written as they are read there, but encoded.
fn theirs(text: &str, base: Option<&Url>) -> Option<Result<url::Url, url::ParseError>> {
    let base = base.map(Url::to_string);
    let differs = |text: &str| {
        let small = text.to_ascii_lowercase();
        let is_dot_or_idna = small.contains("%2e") || small.contains("xn--");
        let is_drive =
            |part: &str| matches!(part.as_bytes(), [first, b':'] if first.is_ascii_alphabetic());
        let has_drive = text.split(['/', '?', '#']).any(is_drive);
        is_dot_or_idna
            || has_drive
            || text.contains(['\\', '"', '<', '>', '\'', '^', '`', '{', '|', '}'])
    };
    if differs(text) || base.as_deref().is_some_and(differs) {
        return None;
    }
    match base {
        // What cannot be read there has been looked at before.
        Some(base) => Some(url::Url::parse(&base).ok()?.join(text)),
        None => Some(url::Url::parse(text)),
    }
}

fn same(text: &str, ours: &Url, theirs: &url::Url) {
    assert_eq!(ours.https, theirs.scheme() == "https", "{text:?}");
    assert_eq!(Some(ours.port), theirs.port_or_known_default(), "{text:?}");
    let query = theirs.query().map(|query| format!("?{query}"));
    let path = format!("{}{}", theirs.path(), query.unwrap_or_default());
    assert_eq!(ours.path, path, "{text:?}");
    match theirs.host() {
        Some(url::Host::Ipv6(addr)) => assert_eq!(ours.host.parse(), Ok(addr), "{text:?}"),
        // There, an address may have fewer numbers, and those of C; here that is a name.
        Some(url::Host::Ipv4(addr)) => match ours.host.parse::<Ipv4Addr>() {
            Ok(ours) => assert_eq!(ours, addr, "{text:?}"),
            Err(_) => assert!(is_number(&ours.host), "{text:?}: {addr}"),
        },
        Some(url::Host::Domain(name)) => assert_eq!(ours.host, name, "{text:?}"),
        None => panic!("{text:?}: they find no host"),
    }
    assert!(ours.host.parse::<Ipv6Addr>().is_err() || ours.host_field().starts_with('['));
}

/// Whether the last label is a number to C (a point may follow): there, such a name is an address, or an error.
fn is_number(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_decimal = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal || last.strip_prefix("0x").is_some_and(is_hexadecimal)
}
