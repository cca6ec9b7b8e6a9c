//! What several steps' scenes share. The student's values are put into words of the tests' own
//! before they are compared.

use std::fs;
use std::time::Duration;

use netlab::{Answering, Datagram, Lab, Running, TcpPeer, UdpPeer};
use udp_dns_lookup::{
    Answer, LookupError, Message, Name, ParseError, Patience, Question, RData, Record, Verdict, Why,
};

use super::wire::{self, Asked};

/// Documentation addresses (RFC 5737, RFC 3849): the true answer and a forger's.
pub const GOOD: &str = "192.0.2.1";
pub const GOOD6: &str = "2001:db8::1";
pub const EVIL: &str = "203.0.113.66";

pub const HOST: &str = "www.example.test";

/// Tries that are not expected to run out: the laboratory's own deadlines end them first.
pub const PATIENT: Patience = Patience {
    timeout: Duration::from_secs(60),
    attempts: 1,
};

/// Tries of which one is answered, if need be a later one than on a quick machine.
pub const fn brief(attempts: u32) -> Patience {
    Patience {
        timeout: Duration::from_millis(20),
        attempts,
    }
}

/// Tries that run out, since nobody ever answers.
pub const fn in_vain(attempts: u32) -> Patience {
    Patience {
        timeout: Duration::from_millis(1),
        attempts,
    }
}

/// The time of one try is long, and there are so many of them that whoever shares one time among all
/// has none for each.
pub const ENDLESS: Patience = Patience {
    timeout: Duration::from_secs(60),
    attempts: 1_000_000,
};

/// `1 query`, `3 queries`.
pub fn queries(n: u32) -> String {
    match n {
        1 => "1 query".into(),
        n => format!("{n} queries"),
    }
}

/// Demands what a look-up came to. An error of the system's that has a usual cause is explained as
/// that, whatever the scene is about.
pub fn comes_to(lab: &Lab, what: &str, got: String, want: &str) {
    if got != want
        && let Some(cause) = usual_cause(&got)
    {
        lab.why(cause);
    }
    lab.same(what, got, want.to_owned());
}

/// A reply that comes when the time is up is not taken. A scene says what came of the exchange, and
/// whether its peer was in time for an exchange that waits too long.
///
/// A thread that wakes up late finds the reply and takes it, and that is no mistake. So the scene is
/// played again when a busy machine may have spoilt it. A thread that waits too long, but wakes up late before
/// that, may end in time. So it is played until the peer was in time twice. Two plays go on side by side: they
/// mostly wait.
pub fn runs_out_of_time(lab: &Lab, what: &str, pairs: usize, scene: fn(&Lab) -> (String, bool)) {
    let mut good = 0;
    for pair in 1..=pairs {
        lab.scene(format!("twice, side by side: {what}"));
        let plays = [(), ()].map(|()| {
            let beside = lab.clone();
            lab.meanwhile("a play", move || scene(&beside))
        });
        for (result, in_time) in plays.map(Running::returns) {
            match result.as_str() {
                "TimedOut" => good += usize::from(in_time),
                _ if pair < pairs => {}
                _ => comes_to(lab, "result", result, "TimedOut"),
            }
        }
        if good >= 2 {
            return;
        }
    }
}

fn usual_cause(got: &str) -> Option<&'static str> {
    let causes = [
        (
            "Io(WouldBlock)",
            "WouldBlock is how Linux reports that the time-out of a read has run out (on a socket in \
             non-blocking mode: that nothing is there yet). It is not a failure of the network: here it means TimedOut, or one more try.",
        ),
        (
            "Io(TimedOut)",
            "The system's own word for a time that ran out: Io(TimedOut). Your caller should not have to know both: it is LookupError::TimedOut.",
        ),
        (
            "Io(InvalidInput)",
            "InvalidInput is an argument that the system does not take. A time-out of zero is one, for \
             set_read_timeout and for connect_timeout: when nothing is left, do not ask the system, \
             the time is up. Another one is send_to from an address that cannot reach the server.",
        ),
        (
            "Io(Interrupted)",
            "Interrupted says that a signal came while the call waited. Nothing is wrong: call again.",
        ),
    ];
    let found = causes.iter().find(|(error, _)| *error == got);
    found.map(|(_, cause)| *cause)
}

/// What this thread has used of a processor, in nanoseconds, as far as Linux shows it.
pub fn cpu_time() -> u64 {
    // The kernel brings its books up to date when a thread gives its processor away.
    std::thread::park_timeout(std::time::Duration::from_micros(1));
    let used = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let used = used.split(' ').next().and_then(|ns| ns.parse().ok());
    used.unwrap_or(0)
}

/// The student's question, without a line in the story: by now a name is nothing new.
pub fn question(lab: &Lab, host: &str, qtype: u16) -> Question {
    lab.reads(wire::in_words);
    let name = Name::from_text(host)
        .unwrap_or_else(|error| lab.fails(format!("Name::from_text({host:?}) to succeed"), error));
    Question {
        name,
        qtype,
        qclass: wire::IN,
    }
}

/// Demands what an exchange comes to: addresses, or an error.
pub fn gives(lab: &Lab, what: &str, exchange: Running<Result<Message, LookupError>>, want: &str) {
    comes_to(lab, what, reply_in_words(&exchange.returns()), want);
}

/// The reply to a query: www.example.test is at [`GOOD`].
pub fn replies(lab: &Lab, server: &UdpPeer, query: &Datagram) {
    let reply = asked(lab, query).reply().answers([wire::a(HOST, GOOD)]);
    server.sends_to_labelled(query.from, "reply", &reply.bytes());
}

/// A server that answers every query at once: www.example.test is at [`GOOD`].
pub fn answers_all(lab: &Lab, server: &UdpPeer) -> Answering {
    let lab = lab.clone();
    server.answers(move |datagram| {
        let reply = asked(&lab, datagram).reply().answers([wire::a(HOST, GOOD)]);
        Some(("reply".into(), reply.bytes()))
    })
}

/// Reads a query of the student's.
pub fn asked(lab: &Lab, datagram: &Datagram) -> Asked {
    asked_in(lab, &datagram.bytes)
}

pub fn asked_in(lab: &Lab, query: &[u8]) -> Asked {
    match Asked::read(query) {
        Some(asked) => asked,
        None => lab.fails(
            "a query with one question (header, name, type, class)",
            format!("{} octets that are none: {query:02x?}", query.len()),
        ),
    }
}

/// Reads a query of the student's, with its length in front, from a stream.
pub fn query_from(lab: &Lab, peer: &TcpPeer) -> Asked {
    let mut length = [0; 2];
    // Only looked at: what was written in one piece should be one arrow on the ladder.
    let whole = matches!(peer.stream().peek(&mut length), Ok(2));
    if !whole {
        length.copy_from_slice(&peer.expects_exactly(2));
    }
    let begins = hex(&length);
    let length = usize::from(u16::from_be_bytes(length));
    lab.holds(
        (17..=512).contains(&length),
        "two octets with the length of the query, then the query",
        format!("{begins} first: a length of {length}"),
    );
    let seen = if whole { 2 } else { 0 };
    asked_in(lab, &peer.expects_exactly(seen + length)[seen..])
}

/// A record as in a zone file, with its data in short.
pub fn record_in_words(record: &Record) -> String {
    let data = match &record.data {
        RData::A(ip) => format!("A {ip}"),
        RData::Aaaa(ip) => format!("AAAA {ip}"),
        RData::Cname(name) => format!("CNAME {}", text_of(name)),
        RData::Ns(name) => format!("NS {}", text_of(name)),
        RData::Other(bytes) => format!("type {} {}", record.rtype, hex(bytes)),
    };
    format!("{} {} {data}", text_of(&record.name), record.ttl)
}

/// A name of the student's, by its labels.
pub fn text_of(name: &Name) -> String {
    let labels: Vec<_> = name
        .labels()
        .iter()
        .map(|label| String::from_utf8_lossy(label))
        .collect();
    format!("{}.", labels.join("."))
}

pub fn hex(bytes: &[u8]) -> String {
    let words: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    words.join(" ")
}

/// `192.0.2.1` for a reply with that answer, several with commas between them, `no records`, or
/// what went wrong.
pub fn reply_in_words(reply: &Result<Message, LookupError>) -> String {
    match reply {
        Ok(message) => addresses_in_words(message),
        Err(error) => error_in_words(error),
    }
}

fn addresses_in_words(message: &Message) -> String {
    let addresses: Vec<_> = message
        .answers
        .iter()
        .map(|record| match &record.data {
            RData::A(ip) => ip.to_string(),
            RData::Aaaa(ip) => ip.to_string(),
            _ => record_in_words(record),
        })
        .collect();
    match addresses.len() {
        0 => "no records".into(),
        _ => addresses.join(", "),
    }
}

/// Which error it is. An error that a user could not read is told as such.
pub fn error_in_words(error: &LookupError) -> String {
    if wordless(error) || matches!(error, LookupError::BadReply(why) if wordless(why)) {
        return format!("{error:?} without a sentence for the user");
    }
    match error {
        LookupError::BadName(_) => "BadName".into(),
        LookupError::TimedOut => "TimedOut".into(),
        LookupError::Io(e) => format!("Io({:?})", e.kind()),
        LookupError::BadReply(why) => format!("BadReply({})", why_in_words(*why)),
        LookupError::Rcode(rcode) => format!("Rcode({rcode})"),
        LookupError::Referral => "Referral".into(),
        LookupError::CnameChain => "CnameChain".into(),
    }
}

/// Which error it is, for what could not be parsed.
pub fn parse_error_in_words(error: ParseError) -> &'static str {
    if wordless(&error) {
        return "an error without a sentence for the user";
    }
    match error {
        ParseError::Truncated => "Truncated",
        ParseError::BadPointer => "BadPointer",
        ParseError::ReservedLabel => "ReservedLabel",
        ParseError::NameTooLong => "NameTooLong",
        ParseError::BadRdata => "BadRdata",
    }
}

/// Whether an error has no sentence for people.
pub fn wordless(error: &dyn std::fmt::Display) -> bool {
    error.to_string().split_whitespace().count() < 3
}

pub fn why_in_words(why: Why) -> &'static str {
    match why {
        Why::WrongSource => "WrongSource",
        Why::WrongId => "WrongId",
        Why::Malformed => "Malformed",
        Why::NotAReply => "NotAReply",
        Why::WrongQuestion => "WrongQuestion",
    }
}

pub fn verdict_in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accept(message) => format!("Accept: {}", addresses_in_words(message)),
        Verdict::Ignore(why) => format!("Ignore: {}", why_in_words(*why)),
    }
}

/// `192.0.2.1 2001:db8::1`, `NoSuchName`, `NoData`, or what went wrong.
pub fn answer_in_words(answer: &Result<Answer, LookupError>) -> String {
    match answer {
        Ok(Answer::Addresses(addresses)) => {
            let words: Vec<_> = addresses.iter().map(|ip| ip.to_string()).collect();
            words.join(" ")
        }
        Ok(Answer::NoSuchName) => "NoSuchName".into(),
        Ok(Answer::NoData) => "NoData".into(),
        Err(error) => error_in_words(error),
    }
}
