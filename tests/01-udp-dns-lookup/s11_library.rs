use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use netlab::{Lab, UdpPeer};
use udp_dns_lookup::{Patience, lookup_ip, lookup_ip_with_library};

use super::scene::{
    EVIL, GOOD, GOOD6, HOST, answer_in_words, asked, asked_in, brief, in_vain, queries,
};
use super::wire::{self, Asked, Message, a, aaaa, cname};

/// Long enough that no busy machine needs the second try.
const CALM: Patience = Patience {
    timeout: std::time::Duration::from_millis(1500),
    attempts: 2,
};

/// Asks the same server twice, the library's way and ours, and demands one answer.
fn both(lab: &Lab, udp: &UdpPeer, patience: Patience, want: &str) {
    let addr = udp.addr();
    let library = lab.student(
        &format!("lookup_ip_with_library(server, {HOST:?}, …)"),
        move || lookup_ip_with_library(addr, HOST, patience),
    );
    lab.same(
        "the library's answer",
        answer_in_words(&library.returns()),
        want.to_owned(),
    );
    let ours = lab.student(&format!("lookup_ip(server, {HOST:?}, …)"), move || {
        lookup_ip(addr, HOST, patience)
    });
    lab.same(
        "your own answer",
        answer_in_words(&ours.returns()),
        want.to_owned(),
    );
}

/// The same, from a server that answers by the question.
fn agree(
    lab: &Lab,
    patience: Patience,
    want: &str,
    answer: impl Fn(&Asked) -> Option<Message> + Send + 'static,
) {
    let udp = lab.udp("server");
    let again = lab.clone();
    let _answering = udp.answers(move |datagram| {
        let query = asked(&again, datagram);
        answer(&query).map(|reply| (format!("reply to {}", query.in_words()), reply.bytes()))
    });
    both(lab, &udp, patience, want);
}

/// Answers with the records that fit the question's type.
fn addresses(query: &Asked, v4: &[&str], v6: &[&str]) -> Option<Message> {
    Some(match query.qtype {
        wire::A => query.reply().answers(v4.iter().map(|ip| a(HOST, ip))),
        _ => query.reply().answers(v6.iter().map(|ip| aaaa(HOST, ip))),
    })
}

#[test]
fn s11_same_addresses() {
    netlab::lab(|lab| {
        lab.why(
            "One server, one name: your own look-up and the library's find the same \
                 addresses, IPv4 first.",
        );
        agree(lab, CALM, &format!("{GOOD} 192.0.2.2 {GOOD6}"), |query| {
            addresses(query, &[GOOD, "192.0.2.2"], &[GOOD6])
        });
        agree(lab, CALM, GOOD, |query| addresses(query, &[GOOD], &[]));
        agree(lab, CALM, GOOD6, |query| addresses(query, &[], &[GOOD6]));
        agree(lab, CALM, GOOD, |query| {
            let records = match query.qtype {
                wire::A => vec![cname(HOST, "web.test"), a("web.test", GOOD)],
                _ => vec![cname(HOST, "web.test")],
            };
            Some(query.reply().answers(records))
        });
    });
}

#[test]
fn s11_same_kinds_of_no() {
    netlab::lab(|lab| {
        lab.why(
            "The library reports \"no records\" as an error and keeps the response code in \
                 it. NXDOMAIN, no data, a failing server and silence stay four different things.",
        );
        agree(lab, CALM, "NoSuchName", |query| {
            Some(query.reply().rcode(wire::NXDOMAIN))
        });
        agree(lab, CALM, "NoData", |query| Some(query.reply()));
        agree(lab, CALM, "NoData", |query| {
            // The library asks for the other name by itself; there is nothing to be found either.
            let records = (query.name == HOST).then(|| cname(HOST, "web.test"));
            Some(query.reply().answers(records))
        });
        agree(lab, CALM, "Rcode(5)", |query| {
            Some(query.reply().rcode(wire::REFUSED))
        });
        agree(lab, CALM, "Rcode(2)", |query| {
            Some(query.reply().rcode(wire::SERVFAIL))
        });
        agree(lab, in_vain(2), "TimedOut", |_| None);
    });
}

#[test]
fn s11_tries_are_counted_alike() {
    netlab::lab(|lab| {
        lab.why(
            "The library counts retries: what comes after the first try. `attempts` counts every try, the \
             first one included.",
        );
        for attempts in [1, 3] {
            lab.scene(format!("attempts: {attempts}; the server is silent"));
            let udp = lab.udp("server");
            let tries = Arc::new(Mutex::new(BTreeMap::new()));
            let (again, seen) = (lab.clone(), tries.clone());
            let _answering = udp.answers(move |datagram| {
                let question = asked(&again, datagram).in_words();
                *seen
                    .lock()
                    .expect("unpoisoned")
                    .entry(question)
                    .or_insert(0) += 1;
                None
            });
            let addr = udp.addr();
            let call = format!("lookup_ip_with_library(server, {HOST:?}, {attempts} × 20 ms)");
            let library = lab.student(&call, move || {
                lookup_ip_with_library(addr, HOST, brief(attempts))
            });
            let answer = answer_in_words(&library.returns());
            lab.same("the library's answer", answer, "TimedOut".to_owned());
            let tries = tries.lock().expect("unpoisoned").clone();
            lab.holds(
                tries.values().all(|&tries| tries == attempts),
                format!("each question {}", queries(attempts)),
                format!("{tries:?}"),
            );
        }
    });
}

#[test]
fn s11_only_this_server_and_this_name() {
    netlab::lab(|lab| {
        lab.why(
            "The library can do more than was asked for: look into the hosts file, append the search list, \
             answer an address by itself, read escapes. A look-up of this name at this server does none of it.",
        );
        let udp = lab.udp("server");
        let again = lab.clone();
        let _answering = udp.answers(move |datagram| {
            let query = asked(&again, datagram);
            let reply = query.reply().rcode(wire::NXDOMAIN).bytes();
            Some((format!("NXDOMAIN for {}", query.in_words()), reply))
        });
        let addr = udp.addr();
        let names = ["printer", "printer.", "192.0.2.7", "a\\.b", "A.b"].map(str::to_owned);
        for host in names.into_iter().chain(name_in_hosts_file()) {
            let call = format!("lookup_ip_with_library(server, {host:?}, …)");
            let library = lab.student(&call, move || lookup_ip_with_library(addr, &host, CALM));
            let answer = answer_in_words(&library.returns());
            lab.same("the library's answer", answer, "NoSuchName".to_owned());
        }
    });
}

/// A name that stands in this system's hosts file, if it has one. `localhost` will not do: the
/// library answers that by itself (RFC 6761 §6.3).
fn name_in_hosts_file() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").ok()?;
    hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(|line| line.split_whitespace().skip(1))
        .find(|name| !name.contains("localhost") && name.is_ascii())
        .map(str::to_owned)
}

#[test]
fn s11_bad_names_are_refused_alike() {
    netlab::lab(|lab| {
        lab.why("A name that cannot be sent is an error before a server is asked.");
        let silent = lab.udp("server");
        let addr = silent.addr();
        for host in ["a..b", "bücher.example"] {
            let library = lab.student(&format!("lookup_ip_with_library(server, {host:?}, …)"), {
                move || lookup_ip_with_library(addr, host, CALM)
            });
            let answer = answer_in_words(&library.returns());
            lab.same(
                &format!("answer for {host:?}"),
                answer,
                "BadName".to_owned(),
            );
        }
    });
}

#[test]
fn s11_forgeries_fool_neither() {
    netlab::lab(|lab| {
        lab.why("The library checks what your judge checks: source, id and question.");
        let udp = lab.udp("server");
        let forger = lab.udp("forger");
        let (again, also) = (lab.clone(), udp.clone());
        let _answering = udp.answers(move |datagram| {
            let query = asked(&again, datagram);
            let mut forged = query.reply().answers([a(HOST, EVIL)]);
            forger.sends_to_labelled(datagram.from, "forged: another port", &forged.bytes());
            forged.id ^= 0x0101;
            also.sends_to_labelled(datagram.from, "forged: another id", &forged.bytes());
            forged.id = query.id;
            forged.questions[0].0 = "wwx.example.test".into();
            also.sends_to_labelled(datagram.from, "forged: another question", &forged.bytes());
            let reply = addresses(&query, &[GOOD], &[])?;
            Some(("the reply".into(), reply.bytes()))
        });
        both(lab, &udp, CALM, GOOD);
    });
}

#[test]
fn s11_cut_off_goes_to_tcp() {
    netlab::lab(|lab| {
        lab.why("TC=1 sends the library to TCP as well.");
        let (udp, tcp) = lab.udp_and_tcp("server");
        let again = lab.clone();
        let _answering = udp.answers(move |datagram| {
            let query = asked(&again, datagram);
            let reply = match query.qtype {
                wire::A => query.reply().cut_off(),
                _ => query.reply(),
            };
            Some((format!("reply to {}", query.in_words()), reply.bytes()))
        });
        let addr = udp.addr();
        let served = lab.meanwhile("the server's TCP side, twice", {
            let lab = lab.clone();
            move || {
                for _ in 0..2 {
                    let peer = tcp.accepts();
                    let length = peer.expects_exactly(2);
                    let length = u16::from_be_bytes([length[0], length[1]]);
                    let query = asked_in(&lab, &peer.expects_exactly(length.into()));
                    let reply = query.reply().answers([a(HOST, GOOD)]).bytes();
                    let length = u16::try_from(reply.len()).expect("a short reply");
                    peer.sends(&[&length.to_be_bytes()[..], &reply].concat());
                }
            }
        });
        let library = lab.student(
            &format!("lookup_ip_with_library(server, {HOST:?}, …)"),
            move || lookup_ip_with_library(addr, HOST, CALM),
        );
        lab.same(
            "the library's answer",
            answer_in_words(&library.returns()),
            GOOD.to_owned(),
        );
        let ours = lab.student(&format!("lookup_ip(server, {HOST:?}, …)"), move || {
            lookup_ip(addr, HOST, CALM)
        });
        lab.same(
            "your own answer",
            answer_in_words(&ours.returns()),
            GOOD.to_owned(),
        );
        served.returns();
    });
}
