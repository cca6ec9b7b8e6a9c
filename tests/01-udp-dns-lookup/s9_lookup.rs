use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use netlab::{Datagram, Lab, Running, UdpPeer, slow_until};
use udp_dns_lookup::{Answer, LookupError, MAX_CNAME_LINKS, Patience, lookup_ip};

use super::scene::{
    EVIL, GOOD, GOOD6, HOST, PATIENT, answer_in_words, asked, brief, comes_to, in_vain, queries,
    query_from,
};
use super::wire::{self, Asked, Message, a, aaaa, cname, ns};

/// A server that answers every query by its question.
fn server(
    lab: &Lab,
    udp: &UdpPeer,
    mut answer: impl FnMut(&Asked) -> Option<Message> + Send + 'static,
) -> netlab::Answering {
    let lab = lab.clone();
    udp.answers(move |datagram| {
        let query = asked(&lab, datagram);
        answer(&query).map(|reply| ("reply".into(), reply.bytes()))
    })
}

fn looks_up(
    lab: &Lab,
    server: std::net::SocketAddr,
    host: &str,
    patience: Patience,
) -> Running<Result<Answer, LookupError>> {
    lab.reads(wire::in_words);
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
    looked_up_host(lab, HOST, patience, answer)
}

/// The same for another name. Whatever the server says, nothing is asked more often than patience allows.
fn looked_up_host(
    lab: &Lab,
    host: &str,
    patience: Patience,
    answer: impl FnMut(&Asked) -> Option<Message> + Send + 'static,
) -> String {
    looked_up_at(lab, lab.udp("server"), host, patience, answer)
}

/// The same at a server that the scene has made.
fn looked_up_at(
    lab: &Lab,
    udp: UdpPeer,
    host: &str,
    patience: Patience,
    mut answer: impl FnMut(&Asked) -> Option<Message> + Send + 'static,
) -> String {
    let questions = Arc::new(Mutex::new(BTreeMap::new()));
    let seen = questions.clone();
    let _answering = server(lab, &udp, move |query| {
        let mut seen = seen.lock().expect("unpoisoned");
        *seen.entry(query.in_words()).or_insert(0) += 1;
        drop(seen);
        answer(query)
    });
    let got = answer_in_words(&looks_up(lab, udp.addr(), host, patience).returns());
    let questions = questions.lock().expect("unpoisoned").clone();
    lab.because(
        "Only silence is a reason to ask again, and `attempts` says how often. Every reply is the server's answer to this question.",
    )
    .holds(
        questions.values().all(|&times| times <= patience.attempts),
        format!("each question {} at most", queries(patience.attempts)),
        format!("{questions:?}"),
    );
    got
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
            (wire::AAAA, aaaa(HOST, "2001:db8::9")),
            (wire::AAAA, aaaa(HOST, GOOD6)),
            (wire::A, a(HOST, "192.0.2.1")),
            (wire::A, a(HOST, "192.0.2.4")),
        ]);
        let got = looked_up(lab, PATIENT, move |query| {
            seen.lock().expect("unpoisoned").push(query.in_words());
            answer(query)
        });
        let want = format!("192.0.2.7 192.0.2.1 192.0.2.4 2001:db8::9 {GOOD6}");
        comes_to(lab, "answer", got, &want);
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
            "Most names have no IPv6 address, some have only that. No record of one type is not an error, and says nothing about the other.",
        );
        let got = looked_up(lab, PATIENT, zone(vec![(wire::A, a(HOST, GOOD))]));
        lab.same("answer, A only", got, GOOD.to_owned());
        let got = looked_up(lab, PATIENT, zone(vec![(wire::AAAA, aaaa(HOST, GOOD6))]));
        lab.same("answer, AAAA only", got, GOOD6.to_owned());

        lab.why(
            "A name of one label is an ordinary name. Ask for it unchanged: no search list, and nothing appended.",
        );
        let got = looked_up_host(lab, "printer", PATIENT, |query| match query.name.as_str() {
            "printer" => zone(vec![(wire::A, a("printer", GOOD))])(query),
            _ => Some(query.reply().rcode(wire::REFUSED)),
        });
        lab.same("answer for printer", got, GOOD.to_owned());

        lab.why(
            "lookup_ip asks the server about every name: localhost and 192.0.2.7 are names with labels, too, and the root is a name without labels.",
        );
        for host in [
            "localhost",
            "192.0.2.7",
            "::1",
            "printer.local",
            "x.localhost",
            "x.invalid",
            "x.onion",
            " www.example.test ",
            "a\\.b",
            ".",
        ] {
            let records = zone(vec![(wire::A, a(host, GOOD))]);
            let got = looked_up_host(lab, host, PATIENT, records);
            lab.same(&format!("answer for {host}"), got, GOOD.to_owned());
        }

        lab.why(
            "The dot at the end of a name is the root: it is the same name, with or without it.",
        );
        let host = format!("{HOST}.");
        let got = looked_up_host(lab, &host, PATIENT, zone(vec![(wire::A, a(HOST, GOOD))]));
        lab.same(&format!("answer for {host}"), got, GOOD.to_owned());
    });
}

#[test]
fn s9_every_address_counts() {
    netlab::lab(|lab| {
        lab.why(
            "The caller gets every address that the server names, as it came and as often as it came: \
             whether it is of use is for the caller to say, and TTL says how long it may be kept, not whether \
             it holds.",
        );
        let v4 = [
            "127.0.0.1",
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "169.254.1.1",
            "255.255.255.255",
        ];
        let v6 = [
            "::1",
            "::",
            "fe80::1",
            "::ffff:192.0.2.1",
            "ff02::1",
            "ff02::1",
            "::1",
        ];
        let many: Vec<String> = (0..40).map(|n| format!("192.0.2.{n}")).collect();
        for ttl in [0, 1, u32::MAX] {
            let v4 = v4.into_iter().chain(many.iter().map(String::as_str));
            let records = v4
                .clone()
                .map(|ip| (wire::A, a(HOST, ip).ttl(ttl)))
                .chain(v6.map(|ip| (wire::AAAA, aaaa(HOST, ip).ttl(ttl))));
            let got = looked_up(lab, PATIENT, zone(records.collect()));
            let want: Vec<&str> = v4.chain(v6).collect();
            let got: Vec<&str> = got.split(' ').collect();
            let pairs = got.iter().zip(&want);
            for (n, (got, want)) in pairs.enumerate() {
                lab.same(&format!("address {} with TTL {ttl}", n + 1), got, want);
            }
            lab.same("number of addresses", got.len(), want.len());
        }
    });
}

#[test]
fn s9_nothing_is_kept() {
    netlab::lab(|lab| {
        lab.why(
            "lookup_ip keeps nothing from one call to the next: TTL says how long an answer holds, and this \
             chapter keeps none. What the server says now is the answer.",
        );
        let udp = lab.udp("server");
        let (mut queries, ttl) = (0, 86_400);
        let _answering = server(lab, &udp, move |query| {
            queries += 1;
            Some(match (query.qtype, queries) {
                (wire::A, 1..=2) => query.reply().answers([a(HOST, GOOD).ttl(ttl)]),
                (wire::A, _) => query.reply().answers([a(HOST, "192.0.2.2").ttl(ttl)]),
                _ => query.reply(),
            })
        });
        for want in [GOOD, "192.0.2.2"] {
            let got = answer_in_words(&looks_up(lab, udp.addr(), HOST, PATIENT).returns());
            comes_to(lab, "answer", got, want);
        }
    });
}

/// What becomes of a question in [`s9_every_pair_of_outcomes`].
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Address,
    NoSuchName,
    NoData,
    Rcode(u8),
    Referral,
    Circle,
    /// Cut off, and TCP refuses.
    Broken,
    /// Cut off, and what comes over TCP is no reply.
    BadReply,
    Silence,
}

impl Outcome {
    fn in_words(self) -> String {
        match self {
            Outcome::Address => "an address".into(),
            Outcome::NoSuchName => "NoSuchName".into(),
            Outcome::NoData => "NoData".into(),
            Outcome::Rcode(rcode) => format!("Rcode({rcode})"),
            Outcome::Referral => "Referral".into(),
            Outcome::Circle => "CnameChain".into(),
            Outcome::Broken => "Io(ConnectionRefused)".into(),
            Outcome::BadReply => "BadReply(WrongId)".into(),
            Outcome::Silence => "TimedOut".into(),
        }
    }

    fn reply(self, query: &Asked) -> Option<Message> {
        let mut reply = query.reply();
        match self {
            Outcome::Address if query.qtype == wire::A => {
                reply = reply.answers([a(HOST, GOOD)]);
            }
            Outcome::Address => reply = reply.answers([aaaa(HOST, GOOD6)]),
            Outcome::NoSuchName => reply = reply.rcode(wire::NXDOMAIN),
            Outcome::NoData => {}
            Outcome::Rcode(rcode) => reply = reply.rcode(rcode),
            Outcome::Referral => reply.records[1].push(ns("test", "ns.test")),
            Outcome::Circle => reply = reply.answers([cname(HOST, HOST)]),
            Outcome::Broken | Outcome::BadReply => reply = reply.cut_off(),
            Outcome::Silence => return None,
        }
        Some(reply)
    }
}

/// What the two replies come to together, by the rules of `lookup_ip`, and why.
fn together(v4: Outcome, v6: Outcome) -> (String, &'static str) {
    let failed = |outcome: &Outcome| !matches!(outcome, Outcome::NoData);
    match (v4, v6) {
        (Outcome::Address, Outcome::Address) => (format!("{GOOD} {GOOD6}"), "Both are answers."),
        (Outcome::Address, _) => (
            GOOD.into(),
            "An address is useful, whatever the result of the other question is.",
        ),
        (_, Outcome::Address) => (
            GOOD6.into(),
            "An address is useful, whatever the result of the other question is.",
        ),
        (Outcome::NoSuchName, _) | (_, Outcome::NoSuchName) => (
            "NoSuchName".into(),
            "A server that says \"no such name\" speaks of the name, whatever the type: that outweighs \
             the failure of the other question.",
        ),
        _ => match [v4, v6].into_iter().find(failed) {
            Some(error) => (
                error.in_words(),
                "A question that failed leaves open whether the name has an address, so return its error; that of A if both failed, whatever kinds of error they are.",
            ),
            None => (
                "NoData".into(),
                "Both questions were answered: nothing of this type.",
            ),
        },
    }
}

/// What the student's look-up makes of a server at which the two questions come to this.
fn of_both(lab: &Lab, patience: Patience, v4: Outcome, v6: Outcome) -> String {
    let answer = move |query: &Asked| match query.qtype {
        wire::A => v4.reply(query),
        _ => v6.reply(query),
    };
    let is_bad = |outcome: &&Outcome| **outcome == Outcome::BadReply;
    let bad_replies = [v4, v6].iter().filter(is_bad).count();
    if bad_replies == 0 {
        let (udp, _closed) = lab.udp_and_refused("server");
        return looked_up_at(lab, udp, HOST, patience, answer);
    }
    let (udp, tcp) = lab.udp_and_tcp("server");
    let _served = lab.meanwhile("the server over TCP", {
        let lab = lab.clone();
        move || {
            for _ in 0..bad_replies {
                let peer = tcp.accepts();
                query_from(&lab, &peer);
                peer.sends_labelled("a message of 0 octets", &[0, 0]);
            }
        }
    });
    looked_up_at(lab, udp, HOST, patience, answer)
}

#[test]
fn s9_every_pair_of_outcomes() {
    netlab::lab(|lab| {
        let comes_to_this = |got: String, v4: Outcome, v6: Outcome| {
            let (want, why) = together(v4, v6);
            let what = format!(
                "answer, {} for A, {} for AAAA",
                v4.in_words(),
                v6.in_words()
            );
            comes_to(&lab.because(why), &what, got, &want);
        };
        let is_told = |v4, v6| comes_to_this(of_both(lab, PATIENT, v4, v6), v4, v6);
        let outcomes = [
            Outcome::Address,
            Outcome::NoSuchName,
            Outcome::NoData,
            Outcome::Rcode(wire::SERVFAIL),
            Outcome::Rcode(wire::REFUSED),
            Outcome::Referral,
            Outcome::Circle,
            Outcome::Broken,
            Outcome::BadReply,
        ];
        for v4 in outcomes {
            for v6 in outcomes {
                match (v4, v6) {
                    // When A brings "no such name", AAAA need not be asked.
                    (Outcome::NoSuchName, Outcome::Address | Outcome::BadReply) => {}
                    // The server listens for TCP, or it does not.
                    (Outcome::Broken, Outcome::BadReply) | (Outcome::BadReply, Outcome::Broken) => {
                    }
                    _ => is_told(v4, v6),
                }
            }
        }
        for rcode in (1..16).filter(|&rcode| rcode != wire::NXDOMAIN) {
            is_told(Outcome::NoData, Outcome::Rcode(rcode));
            is_told(Outcome::Rcode(rcode), Outcome::NoData);
        }
        let silence = Outcome::Silence;
        let mut pairs = vec![
            (Outcome::Address, silence),
            (silence, Outcome::NoData),
            (silence, Outcome::NoSuchName),
            (silence, Outcome::Rcode(wire::REFUSED)),
            (Outcome::NoData, silence),
        ];
        // Side by side, since they mostly wait. On a busy machine a reply may come too late; then the scene is
        // played again.
        for plays_left in (0..20).rev() {
            let plays: Vec<_> = pairs
                .iter()
                .map(|&(v4, v6)| {
                    let beside = lab.clone();
                    lab.meanwhile("a look-up", move || of_both(&beside, brief(1), v4, v6))
                })
                .collect();
            let results = plays.into_iter().map(Running::returns);
            let mut results: Vec<_> = pairs.drain(..).zip(results).collect();
            results.retain(|((v4, v6), got)| *got != together(*v4, *v6).0);
            if plays_left == 0 {
                for ((v4, v6), got) in results {
                    comes_to_this(got, v4, v6);
                }
                return;
            }
            pairs.extend(results.into_iter().map(|(pair, _)| pair));
            if pairs.is_empty() {
                return;
            }
        }
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
            "Every RCODE but 0 and 3 says nothing about the name: the server could not or would not tell. \
             SERVFAIL (2) and REFUSED (5) are the frequent ones.",
        );
        for rcode in (1..16).filter(|&rcode| rcode != wire::NXDOMAIN) {
            let got = looked_up(lab, PATIENT, move |query| Some(query.reply().rcode(rcode)));
            lab.same(
                &format!("answer to RCODE {rcode}"),
                got,
                format!("Rcode({rcode})"),
            );
        }

        lab.why("Silence says nothing at all.");
        let got = looked_up(lab, in_vain(1), |_| None);
        comes_to(lab, "answer to silence", got, "TimedOut");

        lab.why(
            "RCODE is what the server says about all of the reply. Records beside an RCODE other than 0 are not an answer.",
        );
        for (rcode, want) in [
            (wire::NXDOMAIN, "NoSuchName"),
            (wire::SERVFAIL, "Rcode(2)"),
            (wire::REFUSED, "Rcode(5)"),
        ] {
            let got = looked_up(lab, PATIENT, move |query| {
                let records = match query.qtype {
                    wire::A => a(HOST, EVIL),
                    _ => aaaa(HOST, "2001:db8::666"),
                };
                Some(query.reply().answers([records]).rcode(rcode))
            });
            let what = format!("answer to RCODE {rcode} with an address");
            lab.same(&what, got, want.to_owned());
        }
    });
}

#[test]
fn s9_a_referral_is_no_answer() {
    netlab::lab(|lab| {
        lab.why(
            "No answer, and NS records in the authority section: this server does not know, and does not ask others for you. It names servers that may know, a referral (RFC 2308 §2.2). It did not say whether the name has an address.",
        );
        let refer = |mut reply: Message| {
            reply.flags = 0x8100 | reply.flags & 0xf;
            reply.records[1].push(ns("test", "ns.test"));
            reply.records[2].push(a("ns.test", "192.0.2.53"));
            reply
        };
        let got = looked_up(lab, PATIENT, move |query| Some(refer(query.reply())));
        lab.same("answer to a referral", got, "Referral".to_owned());
        let got = looked_up(lab, PATIENT, move |query| {
            Some(refer(query.reply().answers([cname(HOST, "www.test")])))
        });
        lab.same(
            "answer to a CNAME and a referral",
            got,
            "Referral".to_owned(),
        );

        lab.why(
            "Check only for NS records and no SOA record in the authority section: not \
             the flags AA and RA, not the other sections, and not where among others the records stand.",
        );
        for flags in [0x8500, 0x8180, 0x8580] {
            let got = looked_up(lab, PATIENT, move |query| {
                let mut reply = refer(query.reply());
                reply.flags = flags;
                Some(reply)
            });
            let what = format!("answer to a referral with flags {flags:04x}");
            lab.same(&what, got, "Referral".to_owned());
        }
        for zone in [".", "example.test", HOST, "other.example"] {
            let got = looked_up(lab, PATIENT, move |query| {
                let mut reply = query.reply();
                reply.records[1].push(ns(zone, "ns.test"));
                Some(reply)
            });
            let what = format!("answer to a referral to a server of {zone}");
            lab.same(&what, got, "Referral".to_owned());
        }
        for (section, name) in [(0, "answer"), (2, "additional")] {
            let got = looked_up(lab, PATIENT, move |query| {
                let mut reply = refer(query.reply());
                reply.records[section].push(soa("example.test"));
                Some(reply)
            });
            let what = format!("answer to a referral with an SOA record in the {name} section");
            lab.same(&what, got, "Referral".to_owned());
            let got = looked_up(lab, PATIENT, move |query| {
                let mut reply = query.reply();
                reply.records[section].push(ns("test", "ns.test"));
                Some(reply)
            });
            let what = format!("answer to NS records in the {name} section alone");
            lab.same(&what, got, "NoData".to_owned());
        }
        let ns = || ns("test", "ns.test");
        let txt = || wire::Record::new("test", wire::TXT, b"\x01x");
        let soa_of = |class| soa("test").class(class);
        let authorities = [
            ("TXT, NS", vec![txt(), ns()], "Referral"),
            ("NS, TXT, NS", vec![ns(), txt(), ns()], "Referral"),
            ("TXT", vec![txt()], "NoData"),
            ("SOA, NS", vec![soa_of(wire::IN), ns()], "NoData"),
            (
                "NS, NS, TXT, SOA",
                vec![ns(), ns(), txt(), soa_of(wire::IN)],
                "NoData",
            ),
            (
                "NS and an SOA of class 3",
                vec![ns(), soa_of(3)],
                "Referral",
            ),
            ("an NS of class 3", vec![ns().class(3)], "NoData"),
        ];
        for (what, records, want) in authorities {
            let got = looked_up(lab, PATIENT, move |query| {
                let mut reply = query.reply();
                reply.records[1] = records.clone();
                Some(reply)
            });
            let what = format!("answer to this authority section: {what}");
            lab.same(&what, got, want.to_owned());
        }

        lab.why(
            "NS records beside an answer, and beside the zone's SOA record, are no referral: servers often add the name servers of a zone (RFC 2308 §2.1).",
        );
        let got = looked_up(lab, PATIENT, move |query| {
            Some(match query.qtype {
                wire::A => refer(query.reply().answers([a(HOST, GOOD)])),
                _ => refer(query.reply()),
            })
        });
        lab.same("answer, an address beside NS records", got, GOOD.to_owned());
        let got = looked_up(lab, PATIENT, move |query| {
            let mut reply = refer(query.reply());
            reply.records[1].push(soa("example.test"));
            Some(reply)
        });
        lab.same("answer to NS and SOA", got, "NoData".to_owned());
        let got = looked_up(lab, PATIENT, move |query| {
            Some(refer(query.reply().rcode(wire::NXDOMAIN)))
        });
        lab.because("RCODE comes first: 3 is \"no such name\", whatever else the reply holds.")
            .same("answer to NXDOMAIN with NS", got, "NoSuchName".to_owned());
    });
}

#[test]
fn s9_no_such_name_beside_addresses() {
    netlab::lab(|lab| {
        lab.why(
            "A server that says both \"there is no such name\" and an address of it contradicts itself. \
             The address is what a caller can use.",
        );
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply().answers([a(HOST, GOOD)]),
                _ => query.reply().rcode(wire::NXDOMAIN),
            })
        });
        lab.same("answer, NXDOMAIN for AAAA", got, GOOD.to_owned());

        lab.why(
            "NXDOMAIN is about the name, whatever the type: it outweighs \"nothing of this type\".",
        );
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply(),
                _ => query.reply().rcode(wire::NXDOMAIN),
            })
        });
        let what = "answer, nothing for A, NXDOMAIN for AAAA";
        lab.same(what, got, "NoSuchName".to_owned());
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply().rcode(wire::NXDOMAIN),
                _ => query.reply(),
            })
        });
        let what = "answer, NXDOMAIN for A, nothing for AAAA";
        lab.same(what, got, "NoSuchName".to_owned());
        let got = looked_up(lab, PATIENT, |query| {
            Some(match query.qtype {
                wire::A => query.reply().rcode(wire::SERVFAIL),
                _ => query.reply().rcode(wire::NXDOMAIN),
            })
        });
        let what = "answer, SERVFAIL for A, NXDOMAIN for AAAA";
        lab.same(what, got, "NoSuchName".to_owned());
    });
}

#[test]
fn s9_any_failure_of_one_question() {
    netlab::lab(|lab| {
        lab.why(
            "A question fails in more ways than by an RCODE: its reply is cut off and TCP refuses, or no reply comes. The other question's address is still good.",
        );
        for failing in [wire::A, wire::AAAA] {
            let kind = wire::type_name(failing);
            let (udp, _closed) = lab.udp_and_refused("server");
            let _answering = server(lab, &udp, move |query| {
                Some(match query.qtype {
                    qtype if qtype == failing => query.reply().cut_off(),
                    wire::A => query.reply().answers([a(HOST, GOOD)]),
                    _ => query.reply().answers([aaaa(HOST, GOOD6)]),
                })
            });
            let want = if failing == wire::A { GOOD6 } else { GOOD };
            let looking = looks_up(lab, udp.addr(), HOST, PATIENT);
            let got = answer_in_words(&looking.returns());
            comes_to(lab, &format!("answer, TCP refused for {kind}"), got, want);
        }
        // On a busy machine a reply may come too late; then the scene is played again.
        let play = || {
            looked_up(lab, brief(1), |query| match query.qtype {
                wire::A => None,
                _ => Some(query.reply().answers([aaaa(HOST, GOOD6)])),
            })
        };
        let got = (1..20).map(|_| play()).find(|got| got == GOOD6);
        comes_to(
            lab,
            "answer, silence for A",
            got.unwrap_or_else(play),
            GOOD6,
        );
    });
}

#[test]
fn s9_each_question_has_its_own_time() {
    netlab::lab(|lab| {
        lab.why(
            "Each question is asked as patiently as `patience` says: the time of the first one is not subtracted from the second one's.",
        );
        // On a busy machine a reply may come too late; then the scene is played again.
        let want = format!("{GOOD} {GOOD6}");
        let got = (0..20).map(|_| both_late(lab)).find(|got| *got == want);
        lab.holds(
            got.is_some(),
            format!("{want}: each reply came when two thirds of a try's time were over"),
            "another answer, 20 times",
        );
    });
}

/// What the look-up makes of a server that takes two thirds of a try's time for each question.
fn both_late(lab: &Lab) -> String {
    lab.scene("replies to A and to AAAA, each when two thirds of a try's time are over");
    let patience = Patience {
        timeout: Duration::from_millis(40),
        attempts: 1,
    };
    let late = || slow_until(Instant::now() + patience.timeout * 2 / 3);
    let udp = lab.udp("server");
    let socket = udp.socket();
    let looking = looks_up(lab, udp.addr(), HOST, patience);
    let answers = |datagram: &Datagram| {
        let query = asked(lab, datagram);
        let record = match query.qtype {
            wire::A => a(HOST, GOOD),
            _ => aaaa(HOST, GOOD6),
        };
        udp.sends_to_labelled(
            datagram.from,
            "reply",
            &query.reply().answers([record]).bytes(),
        );
    };
    let first = udp.expects_datagram();
    late();
    // Whoever asks both at once waits for both replies now.
    socket.set_nonblocking(true).expect("non-blocking mode");
    let both_at_once = socket.peek_from(&mut [0; 512]).is_ok();
    socket.set_nonblocking(false).expect("blocking mode");
    answers(&first);
    let second = udp.expects_datagram();
    if !both_at_once {
        late();
        // Whoever does not wait any longer gets the time to say so, however busy the machine is.
        looking.settles();
    }
    answers(&second);
    answer_in_words(&looking.returns())
}

#[test]
fn s9_half_an_answer_is_of_use() {
    netlab::lab(|lab| {
        lab.why("Some servers fail only for AAAA. The IPv4 address is still good.");
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
fn s9_of_two_failures_the_first_is_told() {
    netlab::lab(|lab| {
        lab.why(
            "Both questions failed, each in its own way. One error can be returned: that of A.",
        );
        let got = looked_up(lab, PATIENT, |query| {
            Some(query.reply().rcode(match query.qtype {
                wire::A => wire::REFUSED,
                _ => wire::SERVFAIL,
            }))
        });
        lab.same(
            "answer, REFUSED for A, SERVFAIL for AAAA",
            got,
            "Rcode(5)".to_owned(),
        );
    });
}

#[test]
fn s9_other_names_records_do_not_count() {
    netlab::lab(|lab| {
        lab.why(format!(
            "{EVIL} is the address of another name. If you take any address in the reply, an attacker can give you any address for any name: this is how caches were poisoned."
        ));
        let others = [
            "evil.test",
            "test",
            "x.www.example.test",
            "*.example.test",
            "www.example·test",
            "www·example.test",
        ];
        let other = others.map(|owner| (wire::A, a(owner, EVIL))).to_vec();
        let got = looked_up(lab, PATIENT, zone(other.clone()));
        lab.same(
            "answer, only other names' records",
            got,
            "NoData".to_owned(),
        );
        let mine = [other, vec![(wire::A, a(HOST, GOOD))]].concat();
        let got = looked_up(lab, PATIENT, zone(mine));
        lab.same("answer, ours among them", got, GOOD.to_owned());

        lab.why("A CNAME of another name does not count either, nor does one in another class.");
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
            "A CNAME says: look under that name instead. A reply may hold several, in any order.",
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

        lab.why("Two names that are each other's other name: if you just follow, you never end.");
        let circle = vec![
            (wire::CNAME, cname(HOST, "b.test")),
            (wire::CNAME, cname("b.test", HOST)),
        ];
        let got = looked_up(lab, PATIENT, zone(circle));
        lab.same("answer of a circle of two", got, "CnameChain".to_owned());
        let further_on = vec![
            (wire::CNAME, cname(HOST, "b.test")),
            (wire::CNAME, cname("b.test", "c.test")),
            (wire::CNAME, cname("c.test", "b.test")),
        ];
        let got = looked_up(lab, PATIENT, zone(further_on));
        lab.same(
            "answer of a circle that the name itself is not on",
            got,
            "CnameChain".to_owned(),
        );
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
        lab.same("MAX_CNAME_LINKS", MAX_CNAME_LINKS, 16);
        for links in [9, 11, 16] {
            let got = looked_up(lab, PATIENT, zone(chain(links)));
            lab.same(&format!("answer of {links} links"), got, GOOD.to_owned());
        }
        let got = looked_up(lab, PATIENT, zone(chain(17)));
        lab.same("answer of 17 links", got, "CnameChain".to_owned());

        lab.why(
            "A link counts when you follow it. CNAME records of other names may stand in the reply, as many \
             as there are.",
        );
        let others = (0..20).map(|n| {
            (
                wire::CNAME,
                cname(&format!("o{n}.test"), &format!("o{}.test", n + 1)),
            )
        });
        let others = others.chain([(wire::CNAME, cname("circle.test", "circle.test"))]);
        for mine in [vec![(wire::A, a(HOST, GOOD))], chain(16)] {
            let got = looked_up(
                lab,
                PATIENT,
                zone(others.clone().chain(mine.clone()).collect()),
            );
            let what = format!("answer of {} links beside 21 others", mine.len() - 1);
            lab.same(&what, got, GOOD.to_owned());
        }
    });
}

#[test]
fn s9_behind_a_cname_only_its_target_counts() {
    netlab::lab(|lab| {
        lab.why(format!(
            "{EVIL} is the address of a name that no CNAME leads to. A CNAME in the reply does not make \
             every address in it an answer: only the name at the end of the chain counts."
        ));
        for (rtype, good, evil) in [
            (wire::A, a("web.test", GOOD), a("evil.test", EVIL)),
            (
                wire::AAAA,
                aaaa("web.test", GOOD6),
                aaaa("evil.test", "2001:db8::666"),
            ),
        ] {
            let link = (wire::CNAME, cname(HOST, "web.test"));
            let (good, evil) = ((rtype, good), (rtype, evil));
            let kind = wire::type_name(rtype);
            let want = if rtype == wire::A { GOOD } else { GOOD6 };
            for records in [
                vec![evil.clone(), link.clone(), good.clone()],
                vec![link.clone(), evil.clone(), good.clone(), evil.clone()],
            ] {
                let got = looked_up(lab, PATIENT, zone(records));
                lab.same(&format!("{kind} answer"), got, want.to_owned());
            }
            let got = looked_up(lab, PATIENT, zone(vec![link, evil]));
            let what = format!("{kind} answer without the target's address");
            lab.same(&what, got, "NoData".to_owned());
        }
        lab.why("A CNAME that another name owns does not count, whatever it points at.");
        let got = looked_up(
            lab,
            PATIENT,
            zone(vec![
                (wire::CNAME, cname(HOST, "web.test")),
                (wire::CNAME, cname("other.test", "evil.test")),
                (wire::A, a("evil.test", EVIL)),
            ]),
        );
        lab.same("answer", got, "NoData".to_owned());
    });
}

#[test]
fn s9_a_cname_beside_addresses() {
    netlab::lab(|lab| {
        lab.why(
            "No name should own a CNAME record and addresses (RFC 1034 §3.6.2), but some servers send \
             that. The address that the name itself owns is an answer, wherever the CNAME leads.",
        );
        let link = || (wire::CNAME, cname(HOST, "web.test"));
        let own = || (wire::A, a(HOST, GOOD));
        let other = || (wire::A, a("web.test", "192.0.2.99"));
        for records in [
            vec![link(), own()],
            vec![own(), link()],
            vec![link(), other(), own()],
            vec![own(), other(), link()],
        ] {
            let got = looked_up(lab, PATIENT, zone(records));
            lab.same("answer", got, GOOD.to_owned());
        }
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
        for host in ["a..b", "", "..", "a..", ".a", "bücher.example"] {
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
        lab.why(
            "Two questions, each on its own: one reply may fit in a datagram, the other not. The question \
             over TCP is the one whose reply was cut off.",
        );
        for cut_off in [wire::A, wire::AAAA] {
            let kind = wire::type_name(cut_off);
            let (udp, tcp) = lab.udp_and_tcp("server");
            let _answering = server(lab, &udp, move |query| {
                let (part, whole) = match query.qtype {
                    wire::A => (a(HOST, "192.0.2.99"), a(HOST, GOOD)),
                    _ => (aaaa(HOST, "2001:db8::99"), aaaa(HOST, GOOD6)),
                };
                Some(if query.qtype == cut_off {
                    query.reply().answers([part]).cut_off()
                } else {
                    query.reply().answers([whole])
                })
            });
            let looking = looks_up(lab, udp.addr(), HOST, PATIENT);
            let peer = tcp.accepts();
            let query = query_from(lab, &peer);
            lab.same(
                "the question over TCP",
                query.in_words(),
                format!("{kind} {HOST}"),
            );
            let reply = query.reply().answers([match cut_off {
                wire::A => a(HOST, GOOD),
                _ => aaaa(HOST, GOOD6),
            }]);
            let reply = reply.bytes();
            let length = u16::try_from(reply.len()).expect("a short reply");
            peer.sends(&[&length.to_be_bytes()[..], &reply].concat());
            let got = answer_in_words(&looking.returns());
            let want = format!("{GOOD} {GOOD6}");
            comes_to(lab, &format!("answer, {kind} cut off"), got, &want);
        }
    });
}
