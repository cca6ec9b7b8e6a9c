use std::sync::{Arc, Mutex};

use netlab::{Lab, Running, UdpPeer};
use udp_dns_lookup::{Answer, LookupError, MAX_CNAME_LINKS, Patience, lookup_ip};

use super::scene::{EVIL, GOOD, GOOD6, HOST, PATIENT, answer_in_words, asked, brief, query_from};
use super::wire::{self, Asked, Message, a, aaaa, cname};

/// A server that answers every query by its question.
fn server(
    lab: &Lab,
    udp: &UdpPeer,
    mut answer: impl FnMut(&Asked) -> Option<Message> + Send + 'static,
) -> netlab::Answering {
    let lab = lab.clone();
    udp.answers(move |datagram| {
        let query = asked(&lab, datagram);
        answer(&query).map(|reply| (format!("reply to {}", query.in_words()), reply.bytes()))
    })
}

fn looks_up(
    lab: &Lab,
    server: std::net::SocketAddr,
    host: &str,
    patience: Patience,
) -> Running<Result<Answer, LookupError>> {
    let host = host.to_owned();
    lab.student(&format!("lookup_ip(server, {host:?}, …)"), move || {
        lookup_ip(server, &host, patience)
    })
}

/// What the student's look-up of www.example.test makes of a server.
fn looked_up(
    lab: &Lab,
    patience: Patience,
    answer: impl FnMut(&Asked) -> Option<Message> + Send + 'static,
) -> String {
    let udp = lab.udp("server");
    let _answering = server(lab, &udp, answer);
    answer_in_words(&looks_up(lab, udp.addr(), HOST, patience).returns())
}

/// The same records for whatever is asked, of the type that is asked for or a CNAME.
fn zone(records: Vec<(u16, wire::Record)>) -> impl FnMut(&Asked) -> Option<Message> + Send {
    move |query| {
        let of_type = records
            .iter()
            .filter(|(rtype, _)| *rtype == query.qtype || *rtype == wire::CNAME)
            .map(|(_, record)| record.clone());
        Some(query.reply().answers(of_type))
    }
}

/// The record with which a server says that it is the one to know (RFC 1035 §3.3.13).
fn soa(zone: &str) -> wire::Record {
    let names = [wire::name("ns.test"), wire::name("admin.test")].concat();
    let numbers = [1u32, 7200, 3600, 1_209_600, 300].map(u32::to_be_bytes);
    wire::Record::new(zone, wire::SOA, &[names, numbers.concat()].concat())
}

#[test]
fn s9_addresses_of_both_kinds() {
    netlab::lab(|lab| {
        lab.why(
            "A and AAAA are two types and so two questions: a query holds one (RFC 9619). \
                 IPv4 addresses come first, each kind in the server's order.",
        );
        let questions = Arc::new(Mutex::new(Vec::new()));
        let seen = questions.clone();
        let mut answer = zone(vec![
            (wire::A, a(HOST, "192.0.2.7")),
            (wire::AAAA, aaaa(HOST, GOOD6)),
            (wire::A, a(HOST, "192.0.2.1")),
        ]);
        let got = looked_up(lab, PATIENT, move |query| {
            seen.lock().expect("unpoisoned").push(query.in_words());
            answer(query)
        });
        lab.same("answer", got, format!("192.0.2.7 192.0.2.1 {GOOD6}"));
        let mut questions = questions.lock().expect("unpoisoned").clone();
        questions.sort();
        lab.same(
            "questions",
            questions,
            vec![format!("A {HOST}"), format!("AAAA {HOST}")],
        );
    });
}

#[test]
fn s9_addresses_of_one_kind() {
    netlab::lab(|lab| {
        lab.why(
            "Most names have no IPv6 address, some have only that. No record of one type is \
                 no error and no answer for the other.",
        );
        let got = looked_up(lab, PATIENT, zone(vec![(wire::A, a(HOST, GOOD))]));
        lab.same("answer, A only", got, GOOD.to_owned());
        let got = looked_up(lab, PATIENT, zone(vec![(wire::AAAA, aaaa(HOST, GOOD6))]));
        lab.same("answer, AAAA only", got, GOOD6.to_owned());
    });
}

#[test]
fn s9_three_kinds_of_no() {
    netlab::lab(|lab| {
        lab.why("RCODE 3 says that the *name* does not exist.");
        let got = looked_up(lab, PATIENT, |query| {
            Some(query.reply().rcode(wire::NXDOMAIN))
        });
        lab.same("answer to NXDOMAIN", got, "NoSuchName".to_owned());

        lab.why(
            "RCODE 0 without an answer says that the name exists, but has no record of this \
                 type (RFC 2308 §2.2).",
        );
        let got = looked_up(lab, PATIENT, |query| Some(query.reply()));
        lab.same("answer to no records", got, "NoData".to_owned());

        lab.why(
            "So real servers say \"no data\": no answer, and in the authority section the zone's SOA \
                 record, which tells how long that holds (RFC 2308 §2.2).",
        );
        let got = looked_up(lab, PATIENT, |query| {
            let mut reply = query.reply();
            reply.records[1].push(soa("example.test"));
            Some(reply)
        });
        lab.same("answer to an SOA alone", got, "NoData".to_owned());

        lab.why(
            "SERVFAIL and REFUSED say nothing about the name: the server could not or would \
                 not tell.",
        );
        for rcode in [wire::SERVFAIL, wire::REFUSED] {
            let got = looked_up(lab, PATIENT, move |query| Some(query.reply().rcode(rcode)));
            lab.same(
                &format!("answer to RCODE {rcode}"),
                got,
                format!("Rcode({rcode})"),
            );
        }

        lab.why("Silence says nothing at all.");
        let got = looked_up(lab, brief(2), |_| None);
        lab.same("answer to silence", got, "TimedOut".to_owned());
    });
}

#[test]
fn s9_half_an_answer_is_of_use() {
    netlab::lab(|lab| {
        lab.why("Some servers fail only for AAAA. The IPv4 address is good nevertheless.");
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply().answers([a(HOST, GOOD)]),
                _ => query.reply().rcode(wire::SERVFAIL),
            })
        });
        lab.same("answer, SERVFAIL for AAAA", got, GOOD.to_owned());

        lab.why(
            "No IPv4 address, and no word about IPv6: whether there is an address is not known.",
        );
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply(),
                _ => query.reply().rcode(wire::SERVFAIL),
            })
        });
        lab.same(
            "answer, nothing for A, SERVFAIL for AAAA",
            got,
            "Rcode(2)".to_owned(),
        );

        lab.why(
            "Two questions, and neither comes first in rank: the IPv6 address is good although \
                 the question for A failed.",
        );
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply().rcode(wire::SERVFAIL),
                _ => query.reply().answers([aaaa(HOST, GOOD6)]),
            })
        });
        lab.same("answer, SERVFAIL for A", got, GOOD6.to_owned());

        lab.why(
            "No IPv6 address, and no word about IPv4: the failed question may have had the \
                 address. \"No data\" would claim to know.",
        );
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply().rcode(wire::SERVFAIL),
                _ => query.reply(),
            })
        });
        lab.same(
            "answer, SERVFAIL for A, nothing for AAAA",
            got,
            "Rcode(2)".to_owned(),
        );
    });
}

#[test]
fn s9_other_names_records_do_not_count() {
    netlab::lab(|lab| {
        lab.why(format!(
            "{EVIL} is the address of another name. Whoever takes any address in the reply can \
             be told anything about anybody: this is how caches were poisoned."
        ));
        let other = vec![(wire::A, a("evil.test", EVIL)), (wire::A, a("test", EVIL))];
        let got = looked_up(lab, PATIENT, zone(other.clone()));
        lab.same(
            "answer, only other names' records",
            got,
            "NoData".to_owned(),
        );
        let mine = [other, vec![(wire::A, a(HOST, GOOD))]].concat();
        let got = looked_up(lab, PATIENT, zone(mine));
        lab.same("answer, ours among them", got, GOOD.to_owned());

        lab.why("A CNAME of another name does not concern us either, nor one in another class.");
        let got = looked_up(
            lab,
            PATIENT,
            zone(vec![
                (wire::CNAME, cname("other.test", "evil.test")),
                (wire::CNAME, cname(HOST, "evil.test").class(3)),
                (wire::A, a("evil.test", EVIL)),
                (wire::A, a(HOST, GOOD)),
            ]),
        );
        lab.same("answer beside another name's CNAME", got, GOOD.to_owned());
    });
}

#[test]
fn s9_only_answers_of_the_asked_kind_count() {
    netlab::lab(|lab| {
        lab.why(
            "Authority and additional records are there for other purposes, and an address of \
                 the other kind or class does not answer this question.",
        );
        let got = looked_up(lab, PATIENT, |query| {
            let mut reply = query.reply();
            reply.records[0].push(a(HOST, "192.0.2.3").class(3));
            reply.records[1].push(a(HOST, EVIL));
            reply.records[2].push(a(HOST, EVIL));
            if query.qtype == wire::AAAA {
                reply = reply.answers([a(HOST, EVIL), aaaa(HOST, GOOD6)]);
            }
            Some(reply)
        });
        lab.same("answer", got, GOOD6.to_owned());

        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query
                    .reply()
                    .answers([aaaa(HOST, "2001:db8::666"), a(HOST, GOOD)]),
                _ => query.reply(),
            })
        });
        lab.same(
            "answer, AAAA records in the reply about A",
            got,
            GOOD.to_owned(),
        );
    });
}

#[test]
fn s9_owner_may_be_in_another_case() {
    netlab::lab(|lab| {
        lab.why("Names are equal in either case, also those of records and of CNAME targets.");
        let got = looked_up(
            lab,
            PATIENT,
            zone(vec![
                (wire::CNAME, cname("WWW.Example.TEST", "Web.Test")),
                (wire::A, a("wEB.tEST", GOOD)),
            ]),
        );
        lab.same("answer", got, GOOD.to_owned());
    });
}

/// A chain of `links` CNAME records from www.example.test on, and an address at its end.
fn chain(links: usize) -> Vec<(u16, wire::Record)> {
    let name = |n: usize| match n {
        0 => HOST.to_owned(),
        n => format!("n{n}.test"),
    };
    let mut records: Vec<_> = (0..links)
        .map(|n| (wire::CNAME, cname(&name(n), &name(n + 1))))
        .collect();
    records.push((wire::A, a(&name(links), GOOD)));
    records
}

#[test]
fn s9_cname_chain_any_order_and_loop() {
    netlab::lab(|lab| {
        lab.why(
            "A CNAME says: look under that name instead. A reply may hold several, and nobody \
                 promises that they stand in order.",
        );
        let mut records = chain(3);
        let got = looked_up(lab, PATIENT, zone(records.clone()));
        lab.same("answer of three links in order", got, GOOD.to_owned());
        records.reverse();
        let got = looked_up(lab, PATIENT, zone(records.clone()));
        lab.same("answer of three links in reverse", got, GOOD.to_owned());
        records.swap(0, 2);
        let got = looked_up(lab, PATIENT, zone(records));
        lab.same("answer of three links shuffled", got, GOOD.to_owned());

        lab.why("Two names that are each other's other name: whoever just follows never ends.");
        let circle = vec![
            (wire::CNAME, cname(HOST, "b.test")),
            (wire::CNAME, cname("b.test", HOST)),
        ];
        let got = looked_up(lab, PATIENT, zone(circle));
        lab.same("answer of a circle of two", got, "CnameChain".to_owned());
        let itself = vec![(wire::CNAME, cname(HOST, HOST))];
        let got = looked_up(lab, PATIENT, zone(itself));
        lab.same(
            "answer of a name that is its own other name",
            got,
            "CnameChain".to_owned(),
        );
    });
}

#[test]
fn s9_cname_chain_has_a_limit() {
    netlab::lab(|lab| {
        lab.why("A limit of MAX_CNAME_LINKS: that many are followed, one more is an error.");
        lab.same("MAX_CNAME_LINKS", MAX_CNAME_LINKS, 8);
        let got = looked_up(lab, PATIENT, zone(chain(8)));
        lab.same("answer of 8 links", got, GOOD.to_owned());
        let got = looked_up(lab, PATIENT, zone(chain(9)));
        lab.same("answer of 9 links", got, "CnameChain".to_owned());
    });
}

#[test]
fn s9_cname_that_leads_nowhere() {
    netlab::lab(|lab| {
        let nowhere = || cname(HOST, "gone.test");
        lab.why(
            "The other name has no address: no data. RCODE tells about the end of the chain \
                 (RFC 6604 §3).",
        );
        let got = looked_up(lab, PATIENT, zone(vec![(wire::CNAME, nowhere())]));
        lab.same("answer of a CNAME alone", got, "NoData".to_owned());
        let got = looked_up(lab, PATIENT, move |query| {
            Some(query.reply().answers([nowhere()]).rcode(wire::NXDOMAIN))
        });
        lab.same(
            "answer of a CNAME to no such name",
            got,
            "NoSuchName".to_owned(),
        );
    });
}

#[test]
fn s9_bad_name_is_not_sent() {
    netlab::lab(|lab| {
        lab.why(
            "A name that cannot be written on the wire is known to be bad before anything is \
                 sent.",
        );
        // Anything sent there would time out, after much longer than the test's own deadline.
        let silent = lab.udp("server");
        for host in ["a..b", "", "bücher.example"] {
            let got = looks_up(lab, silent.addr(), host, PATIENT).returns();
            lab.same(
                &format!("answer for {host:?}"),
                answer_in_words(&got),
                "BadName".to_owned(),
            );
        }
    });
}

#[test]
fn s9_cut_off_answer_comes_over_tcp() {
    netlab::lab(|lab| {
        lab.why("Two questions, each on its own: one reply may fit in a datagram, the other not.");
        let (udp, tcp) = lab.udp_and_tcp("server");
        let _answering = server(lab, &udp, |query| {
            Some(match query.qtype {
                wire::A => query.reply().answers([a(HOST, "192.0.2.99")]).cut_off(),
                _ => query.reply().answers([aaaa(HOST, GOOD6)]),
            })
        });
        let looking = looks_up(lab, udp.addr(), HOST, PATIENT);
        let peer = tcp.accepts();
        let reply = query_from(lab, &peer)
            .reply()
            .answers([a(HOST, GOOD)])
            .bytes();
        let length = u16::try_from(reply.len()).expect("a short reply");
        peer.sends(&[&length.to_be_bytes()[..], &reply].concat());
        let got = answer_in_words(&looking.returns());
        lab.same("answer", got, format!("{GOOD} {GOOD6}"));
    });
}
