//! Chapter 01: a datagram from anybody. What is accepted obeys the limits of RFC 1035 and answers the
//! question that was asked.
#![no_main]

use std::net::{Ipv4Addr, SocketAddr};

use udp_dns_lookup::{
    CLASS_IN, Name, Question, Sent, TYPE_A, Verdict, judge_reply, parse_header, parse_message,
    read_name,
};

fn check(name: &Name) {
    let mut wire = Vec::new();
    name.encode(&mut wire);
    assert!(wire.len() <= 255, "{} octets", wire.len());
    assert!(
        name.labels()
            .iter()
            .all(|label| (1..=63).contains(&label.len()))
    );
    let (again, end) = read_name(&wire, 0).expect("what we write, we read");
    assert!(again.eq_ignore_case(name) && end == wire.len());
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = parse_header(data);
    for at in [0, 12, data.len().wrapping_sub(1), data.len(), usize::MAX] {
        if let Ok((name, end)) = read_name(data, at) {
            assert!(end > at && end <= data.len());
            check(&name);
        }
    }
    let Ok(message) = parse_message(data) else {
        return;
    };
    let records = [&message.answers, &message.authorities, &message.additionals];
    // A record is eleven octets at least, a question five.
    let count: usize = records.iter().map(|list| list.len()).sum();
    assert!(12 + 11 * count + 5 * message.questions.len() <= data.len());
    for record in records.into_iter().flatten() {
        check(&record.name);
    }
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
    let question = match message.questions.first() {
        Some(first) => first.clone(),
        None => Question {
            name: Name::from_text("example.com").expect("a name"),
            qtype: TYPE_A,
            qclass: CLASS_IN,
        },
    };
    let id = message.header.id;
    let sent = Sent {
        id,
        question,
        server,
    };
    let elsewhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 54));
    for (id, from) in [(id.wrapping_add(1), server), (id, elsewhere)] {
        let sent = Sent { id, ..sent.clone() };
        let verdict = judge_reply(&sent, from, data);
        assert!(
            matches!(verdict, Verdict::Ignore(_)),
            "a forgery is believed"
        );
    }
    let _ = judge_reply(&sent, server, data);
});
