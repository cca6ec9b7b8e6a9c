//! What the student's values are called here: a student's `Debug` and `==` may say anything.

use std::time::Duration;

use netlab::Lab;
use type_a_url::{Cause, Next, Page, Span, Stage, StageError, Timeline, Url, UrlError};
use udp_dns_lookup::LookupError;

pub fn error(error: UrlError) -> &'static str {
    match error {
        UrlError::NoScheme => "NoScheme",
        UrlError::Scheme => "Scheme",
        UrlError::Characters => "Characters",
        UrlError::NoHost => "NoHost",
        UrlError::Host => "Host",
        UrlError::Port => "Port",
        UrlError::Userinfo => "Userinfo",
    }
}

/// A URL as the tests write it: always with its port.
pub fn parts(url: &Url) -> String {
    let Url {
        https,
        host,
        port,
        path,
    } = url;
    let scheme = if *https { "https" } else { "http" };
    format!("{scheme} | {host} | {port} | {path}")
}

pub fn parsed(result: Result<Url, UrlError>) -> String {
    match result {
        Ok(url) => parts(&url),
        Err(failed) => format!("the error {}", error(failed)),
    }
}

/// A URL that is known to be one.
pub fn url(lab: &Lab, text: &str) -> Url {
    let parsed = lab.you(&format!("Url::parse({text:?})"), || Url::parse(text));
    parsed.unwrap_or_else(|failed| lab.fails("a URL", format!("the error {}", error(failed))))
}

pub fn next(next: Next) -> String {
    match next {
        Next::Begin(addr) => format!("begin {addr}"),
        Next::WaitUntil(at) => format!("wait until {}", at.as_millis()),
        Next::Over => "over".to_owned(),
    }
}

pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Dns => "Dns",
        Stage::Tcp => "Tcp",
        Stage::Tls => "Tls",
        Stage::FirstByte => "FirstByte",
        Stage::Body => "Body",
        Stage::Redirect => "Redirect",
    }
}

pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::NoSuchName => "NoSuchName".to_owned(),
        Cause::NoAddress => "NoAddress".to_owned(),
        Cause::Lookup(LookupError::TimedOut) => "Lookup TimedOut".to_owned(),
        Cause::Lookup(LookupError::Rcode(code)) => format!("Lookup Rcode {code}"),
        Cause::Lookup(_) => "Lookup".to_owned(),
        Cause::Unreachable { failed, silent } => {
            let failed = failed
                .iter()
                .map(|(addr, error)| format!(" {addr} {:?}", error.kind()));
            let silent = silent.iter().map(|addr| format!(" {addr} silent"));
            format!("Unreachable{}", failed.chain(silent).collect::<String>())
        }
        Cause::Io(error) => format!("Io {:?}", error.kind()),
        Cause::Protocol(name) => format!("Protocol {}", name.escape_ascii()),
        Cause::TooManyRedirects(count) => format!("TooManyRedirects {count}"),
        Cause::Downgrade(url) => format!("Downgrade {}", parts(url)),
        Cause::Location(failed) => format!("Location {}", error(*failed)),
    }
}

/// `Tls, Io InvalidData`
pub fn failure(failed: &StageError) -> String {
    format!("{}, {}", stage(failed.stage), cause(&failed.cause))
}

/// The page, which must be there.
pub fn page(lab: &Lab, result: Result<Page, StageError>) -> Page {
    result.unwrap_or_else(|failed| lab.fails("a page", format!("the error {}", failure(&failed))))
}

/// Demands that there is no page, for this reason.
pub fn fails(lab: &Lab, result: Result<Page, StageError>, want: &str) {
    match result {
        Ok(page) => lab.fails(
            format!("the error {want}"),
            format!("a page with status {}", page.head.status),
        ),
        Err(failed) => {
            let got = failure(&failed);
            let stages = [got.split(',').next(), want.split(',').next()];
            let why = match stages {
                [Some("Body"), Some("FirstByte")] => {
                    "No byte of a response has come: the request has failed in stage 4, whatever the reason."
                }
                [Some("FirstByte"), Some("Body")] => {
                    "Some bytes of a response have come, and no whole response: that is stage 5."
                }
                _ => {
                    lab.same("the stage and the cause", got, want.to_owned());
                    return;
                }
            };
            lab.because(why)
                .same("the stage and the cause", got, want.to_owned());
        }
    }
}

fn span(span: Option<Span>) -> String {
    span.map_or("-".to_owned(), |Span { from, to }| {
        format!("{}..{}", whole(from), whole(to))
    })
}

fn whole(time: Duration) -> u128 {
    time.as_millis()
}

/// `dns 0..12 tcp 12..32 tls - first 32..50 body 50..60`, in milliseconds.
pub fn timeline(times: &Timeline) -> String {
    let Timeline {
        dns,
        tcp,
        tls,
        first_byte,
        body,
        reused,
    } = *times;
    let reused = if reused { " reused" } else { "" };
    format!(
        "dns {} tcp {} tls {} first {} body {}{reused}",
        span(dns),
        span(tcp),
        span(tls),
        span(Some(first_byte)),
        span(Some(body))
    )
}

/// Demands that the stages had these times. What is told first is what the first stage with another time ends with.
pub fn runs(lab: &Lab, what: &str, times: &Timeline, want: &str) {
    let got = timeline(times);
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (mine, theirs) = (words(&got), words(want));
    let differs = |at: &usize| mine.get(*at) != theirs.get(*at);
    let Some(at) = (0..mine.len().max(theirs.len())).find(differs) else {
        return;
    };
    let why = match theirs.get(at.saturating_sub(1)).map(String::as_str) {
        Some("dns") => {
            "Stage 1 ends with the addresses. Where nobody had to be asked it has no span."
        }
        Some("tcp") => {
            "Stage 2 begins where stage 1 has ended, and ends when one of the addresses has answered."
        }
        Some("tls") => {
            "Stage 3 begins where stage 2 has ended, and ends when the other side has proved who it is. `http` has none."
        }
        Some("first") => {
            "Stage 4 ends when a read has given the first byte of a response, and not when the read began or the head was whole."
        }
        Some("body") if mine.len() == theirs.len() => {
            "Stage 5 begins with the first byte of the response, and ends with the last one."
        }
        _ => "A connection that was open already is `reused`, and no other.",
    };
    lab.because(why).same(what, got, want.to_owned());
}

/// One text, so that a difference is seen at a glance.
pub fn lines(journal: &[String]) -> String {
    journal.join("\n")
}
