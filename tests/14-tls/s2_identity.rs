//! Step 2: names, issuers, time.

use std::sync::Arc;

use netlab::{Lab, lab};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, HandshakeKind, NamedGroup,
    RootCertStore, ServerConfig,
};
use tls::{
    Doubt, Identity, Refusal, Site, client_config, doubt, name_matches, pick, server_config,
    server_name,
};

use super::certificates::{NOW, Paper, Time, VALID, paper, root, self_signed, stranger};
use super::configs::{self, NAME, Pair, Refused, client_with, name, server_of, server_with, shake};

/// 365 and a quarter days.
const YEAR: u64 = 31_557_600;

#[test]
fn s2_addresses_and_names() {
    lab(|lab| {
        lab.why("An address is another kind of name: it is looked for in another place of the certificate, and never sent as SNI (RFC 9525 §3, RFC 6066 §3). A dot at the end of a name means that it is complete; neither SNI nor certificates have it.");
        for (text, want) in [
            ("example.org", "DnsName(\"example.org\")"),
            ("WWW.Example.ORG", "DnsName(\"www.example.org\")"),
            ("example.org.", "DnsName(\"example.org\")"),
            ("localhost", "DnsName(\"localhost\")"),
            ("LOCALHOST.", "DnsName(\"localhost\")"),
            ("xn--caf-dma.example", "DnsName(\"xn--caf-dma.example\")"),
            ("1.example", "DnsName(\"1.example\")"),
            ("127.0.0.1", "127.0.0.1"),
            ("192.0.2.255", "192.0.2.255"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("[2001:DB8::0:7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
            ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ] {
            let got = lab.ok(&format!("server_name({text:?})"), || server_name(text));
            let got = match &got {
                ServerName::IpAddress(_) => got.to_str().into_owned(),
                other => format!("{other:?}"),
            };
            lab.same(&format!("who {text:?} is"), &got[..], want);
        }
    });
}

#[test]
fn s2_what_is_no_name() {
    lab(|lab| {
        lab.why("What cannot be a name is told to the person, before anything goes out: two dots at the end, a space, a port, a letter that only looks like one of ASCII. 1.2.3 and 1.2.3.4. are no addresses, and no names either: their last label is a number.");
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            "a:443",
            "[::1",
            "::1]",
            "[127.0.0.1]",
            "[]",
            "[a]",
            "[::1]:443",
            "https://a",
            "a/b",
            "*.example.org",
            "caf\u{e9}.example",
            // Unicode's small letter of these is the k and the i of ASCII.
            "\u{212a}ey.example",
            "\u{130}ce.example",
            "-",
            "1.2.3",
            "300.1.1.1",
            "127.0.0.1.",
            "a\0",
            "a..",
            "example.org..",
            " example.org",
            "example.org ",
            "example.org\n",
            "127.0.0.1 ",
        ] {
            let wrong = lab.err(&format!("server_name({text:?})"), || server_name(text));
            let lines = wrong.trim_end().lines().count();
            lab.same(&format!("lines of {wrong:?}"), lines, 1);
        }
    });
}

fn matches(lab: &Lab, pattern: &str, host: &str, want: bool) {
    let call = format!("name_matches({pattern:?}, {host:?})");
    let got = lab.you(&call, || name_matches(pattern, host));
    lab.same(&call, got, want);
}

#[test]
fn s2_names_are_equal_or_not() {
    lab(|lab| {
        lab.why("All labels are equal, in any case of ASCII, or it is somebody else. evil-example.org ends with example.org, and example.org.evil.test begins with it (RFC 9525 §6.3). One dot at the end of the host is not looked at: it says that the name is complete. Two are no name, and a certificate has none.");
        for (pattern, host, want) in [
            ("example.org", "example.org", true),
            ("example.org", "EXAMPLE.org", true),
            ("Example.ORG", "example.org", true),
            ("example.org", "example.org.", true),
            ("localhost", "localhost", true),
            ("example.org", "www.example.org", false),
            ("www.example.org", "example.org", false),
            ("example.org", "evil-example.org", false),
            ("example.org", "example.org.evil.test", false),
            ("example.org", "example.com", false),
            ("example.org", "example.or", false),
            ("example.org", "exampleXorg", false),
            ("example.org", "org", false),
            ("example.org", "", false),
            ("", "", false),
            ("", ".", false),
            ("example.org", "example.org..", false),
            ("example.org.", "example.org", false),
            ("example.org.", "example.org.", false),
            ("1.2.3", "1.2.3", true),
            ("key.example", "\u{212a}ey.example", false),
            ("\u{212a}ey.example", "key.example", false),
        ] {
            matches(lab, pattern, host, want);
        }
    });
}

#[test]
fn s2_a_star_is_one_label() {
    lab(|lab| {
        lab.why("`*` stands for one whole label, at the front (RFC 9525 §6.3). One that matched more would certify every host of everybody below; one inside of a label is read in different ways. One dot at the end of the host is not looked at.");
        for (pattern, host, want) in [
            ("*.example.org", "www.example.org", true),
            ("*.Example.ORG", "WWW.example.org", true),
            ("*.example.org", "mail.example.org.", true),
            ("*.example.org", "xn--caf-dma.example.org", true),
            ("*.localhost", "a.localhost", true),
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "a.b.example.org", false),
            ("*.example.org", ".example.org", false),
            ("*.example.org", "wwwexample.org", false),
            ("*.example.org", "www.example.com", false),
            ("*.example.org", "www.example.org.evil.test", false),
            ("*.example.org", "evil-example.org", false),
            ("w*.example.org", "www.example.org", false),
            ("*w.example.org", "www.example.org", false),
            ("w*w.example.org", "www.example.org", false),
            ("www.*.org", "www.example.org", false),
            ("*.*.org", "www.example.org", false),
            ("**.example.org", "www.example.org", false),
            ("*", "localhost", false),
            ("*", "example.org", false),
            ("*.", "a.", false),
            ("*.key.example", "a.\u{212a}ey.example", false),
        ] {
            matches(lab, pattern, host, want);
        }
    });
}

#[test]
fn s2_an_address_is_no_dns_name() {
    lab(|lab| {
        lab.why("127.0.0.1 looks like four labels and is none: a certificate names an address as an address (iPAddress), not as text (RFC 9525 §3, §6.3).");
        for (pattern, host) in [
            ("127.0.0.1", "127.0.0.1"),
            ("*.0.0.1", "127.0.0.1"),
            ("192.0.2.7", "192.0.2.7"),
            ("*.0.2.7", "192.0.2.7"),
            ("::1", "::1"),
            ("[::1]", "[::1]"),
            ("2001:db8::7", "2001:db8::7"),
            ("*", "::1"),
            ("127.0.0.1", "127.0.0.1."),
            ("*.0.0.1", "127.0.0.1."),
            ("192.0.2.7", "192.0.2.7."),
            ("::1", "::1."),
        ] {
            matches(lab, pattern, host, false);
        }
        matches(lab, "1.example", "1.example", true);
    });
}

/// Sites with these names. Each has a configuration of its own, by which it is known.
fn sites(names: &[&[&str]]) -> Vec<Site> {
    let site = |names: &&[&str]| Site {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        config: configs::server(),
    };
    names.iter().map(site).collect()
}

/// The number of the site that was chosen, or the alert.
fn picked(lab: &Lab, sites: &[Site], name: Option<&str>) -> Result<usize, u8> {
    let names: Vec<_> = sites.iter().map(|site| &site.names).collect();
    match lab.you(&format!("pick({names:?}, {name:?})"), || pick(sites, name)) {
        Ok(site) => {
            let same = |other: &Site| Arc::ptr_eq(&other.config, &site.config);
            Ok(sites.iter().position(same).expect("one of the sites"))
        }
        Err(Refusal { alert, .. }) => Err(alert.into()),
    }
}

#[test]
fn s2_the_site_that_a_client_asks_for() {
    lab(|lab| {
        lab.why("Many hosts, one port: the name in the hello says which certificate to show, and the very name goes before a pattern, wherever they stand. A client without a name gets the first (RFC 6066 §3).");
        let all = sites(&[
            &["*.example.org"],
            &["www.example.org", "example.org"],
            &["*.example.org", "*.example.net"],
            &["shop.example.net"],
            &["www.example.org"],
        ]);
        for (name, want) in [
            (Some("www.example.org"), 1),
            (Some("WWW.EXAMPLE.ORG"), 1),
            (Some("example.org"), 1),
            (Some("mail.example.org"), 0),
            (Some("mail.example.net"), 2),
            (Some("shop.example.net"), 3),
            (None, 0),
        ] {
            lab.same("the site", picked(lab, &all, name), Ok(want));
        }
        let lab = lab.because("A site without names takes what nobody else does, and only that: nginx calls it default_server.");
        let all = sites(&[&["a.example"], &[], &["*.b.example"], &[]]);
        for (name, want) in [
            (Some("a.example"), 0),
            (Some("x.b.example"), 2),
            (Some("c.example"), 1),
            (Some("x.y.b.example"), 1),
            (None, 0),
        ] {
            lab.same("the site", picked(&lab, &all, name), Ok(want));
        }
        let all = sites(&[&[], &["a.example"]]);
        lab.same("the site", picked(&lab, &all, Some("a.example")), Ok(1));
        lab.same("the site", picked(&lab, &all, Some("b.example")), Ok(0));
    });
}

#[test]
fn s2_a_name_that_nobody_has() {
    lab(|lab| {
        lab.why("To answer as somebody else is to show a certificate that the client must refuse. unrecognized_name says what is wrong (RFC 6066 §3).");
        let all = sites(&[&["www.example.org"], &["*.example.net"]]);
        let alert = u8::from(AlertDescription::UnrecognisedName);
        for name in [
            "example.org",
            "a.www.example.org",
            "example.net",
            "a.b.example.net",
            "evil.test",
            "www.example.org.evil.test",
        ] {
            lab.same("the answer", picked(lab, &all, Some(name)), Err(alert));
        }
        lab.same(
            "the answer without any site",
            picked(lab, &[], Some("a")),
            Err(alert),
        );
        lab.same(
            "the answer without any site",
            picked(lab, &[], None),
            Err(alert),
        );
    });
}

/// The student's configuration of a client.
fn your_client(
    lab: &Lab,
    roots: RootCertStore,
    protocols: &[&[u8]],
    time: Time,
) -> Arc<ClientConfig> {
    let shown: Vec<_> = protocols
        .iter()
        .map(|name| String::from_utf8_lossy(name))
        .collect();
    let call = format!("client_config({} roots, {shown:?}, {time:?})", roots.len());
    let time: Arc<dyn TimeProvider> = Arc::new(time);
    lab.ok(&call, || client_config(roots, protocols, time))
}

/// The student's configuration of a server.
fn your_server(lab: &Lab, identity: Identity, protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let shown: Vec<_> = protocols
        .iter()
        .map(|name| String::from_utf8_lossy(name))
        .collect();
    let call = format!(
        "server_config({} certificates, {shown:?})",
        identity.chain.len()
    );
    lab.ok(&call, || server_config(identity, protocols))
}

/// A handshake that must succeed.
fn agreed(lab: &Lab, client: &Arc<ClientConfig>, host: &str, server: &Arc<ServerConfig>) -> Pair {
    shake(client, &name(host), server).unwrap_or_else(|refused| {
        let Refused { client, server } = *refused;
        lab.fails(
            format!("a handshake as {host}"),
            format!("the client says {client:?}, and the server says {server:?}"),
        )
    })
}

/// A handshake that the client must refuse, and why.
fn doubted(
    lab: &Lab,
    client: &Arc<ClientConfig>,
    host: &str,
    server: &Arc<ServerConfig>,
    want: Doubt,
) {
    let error = match shake(client, &name(host), server).map_err(|refused| *refused) {
        Ok(_) => lab.fails(
            format!("no handshake as {host}: {want:?}"),
            "a handshake: you talk to whoever is there",
        ),
        Err(Refused {
            client: Some(error),
            ..
        }) => error,
        Err(refused) => lab.fails(
            format!("the client to refuse: {want:?}"),
            format!("{refused:?}"),
        ),
    };
    let got = lab.you(&format!("doubt({error:?})"), || doubt(&error));
    lab.same("the doubt", format!("{got:?}"), format!("{:?}", Some(want)));
}

/// A server that the root has certified.
fn certified(paper: Paper) -> Arc<ServerConfig> {
    server_of(root().issues(paper))
}

#[test]
fn s2_the_right_server_is_believed() {
    lab(|lab| {
        lab.why("A certificate that somebody has signed whom you trust, that is valid now, and that has the name you asked for: that is who it is (RFC 5280, RFC 9525).");
        for (names, host) in [
            (&["www.example.org"][..], "www.example.org"),
            (&["a.example", "www.example.org"], "www.example.org"),
            (&["*.example.org"], "mail.example.org"),
            (&["127.0.0.1"], "127.0.0.1"),
            (&["::1", "localhost"], "::1"),
        ] {
            lab.scene(format!("a certificate for {names:?}"));
            let client = your_client(lab, root().trusted(), &[], NOW);
            agreed(lab, &client, host, &certified(paper(names)));
            let server = your_server(lab, root().issues(paper(names)), &[]);
            agreed(lab, &configs::client(), host, &server);
        }
        lab.scene("one of two roots is its issuer");
        let mut roots = stranger().trusted();
        roots.extend(root().trusted().roots);
        let client = your_client(lab, roots, &[], NOW);
        agreed(lab, &client, NAME, &configs::server());
    });
}

#[test]
fn s2_a_wrong_name_is_refused() {
    lab(|lab| {
        lab.why("The certificate is real, and it is somebody else's. Who takes any valid certificate, takes that of whoever has bought one.");
        let client = your_client(lab, root().trusted(), &[], NOW);
        for (names, host) in [
            (&["localhost"][..], "wrong.test"),
            (&["example.org"], "www.example.org"),
            (&["*.example.org"], "example.org"),
            (&["*.example.org"], "a.b.example.org"),
            (&["www.example.org"], "www.example.org.evil.test"),
        ] {
            lab.scene(format!(
                "a certificate for {names:?}, and {host} was asked for"
            ));
            doubted(
                lab,
                &client,
                host,
                &certified(paper(names)),
                Doubt::WrongName,
            );
        }
        lab.scene("the name stands in the common name alone");
        let old = paper(&["other.example"]).common_name("www.example.org");
        doubted(
            lab,
            &client,
            "www.example.org",
            &certified(old),
            Doubt::WrongName,
        );
    });
}

#[test]
fn s2_an_address_needs_an_address() {
    lab(|lab| {
        lab.why("A certificate for localhost is none for 127.0.0.1, though the one leads to the other: what you asked for must stand in it, as its own kind of name (RFC 9525 §3).");
        let client = your_client(lab, root().trusted(), &[], NOW);
        for (names, host) in [
            (&["localhost"][..], "127.0.0.1"),
            (&["127.0.0.1"], "localhost"),
            (&["127.0.0.2"], "127.0.0.1"),
            (&["::1"], "::2"),
            (&["127.0.0.1"], "::1"),
        ] {
            lab.scene(format!(
                "a certificate for {names:?}, and {host} was asked for"
            ));
            doubted(
                lab,
                &client,
                host,
                &certified(paper(names)),
                Doubt::WrongName,
            );
        }
    });
}

#[test]
fn s2_an_unknown_issuer_is_refused() {
    lab(|lab| {
        lab.why("Anybody can make a certificate with any name. What makes one worth something is who has signed it: with the verification off, you just gave the page to an impostor.");
        let client = your_client(lab, root().trusted(), &[], NOW);
        lab.scene("a certificate of a stranger");
        let impostor = server_of(stranger().issues(paper(&[NAME])));
        doubted(lab, &client, NAME, &impostor, Doubt::UnknownIssuer);
        lab.scene("a certificate that its owner has signed");
        doubted(
            lab,
            &client,
            NAME,
            &server_of(self_signed(paper(&[NAME]))),
            Doubt::UnknownIssuer,
        );
        lab.scene("a stranger with the root's name");
        let forged = super::certificates::authority("the root of the tests", 1);
        let seen = shake(
            &client,
            &name(NAME),
            &server_of(forged.issues(paper(&[NAME]))),
        );
        lab.holds(
            seen.is_err(),
            "no handshake: the signature is another's",
            "a handshake",
        );
        lab.scene("a client that believes nobody");
        let nobody = your_client(lab, RootCertStore::empty(), &[], NOW);
        doubted(lab, &nobody, NAME, &configs::server(), Doubt::UnknownIssuer);
        lab.scene("a client that believes the stranger, and nobody else");
        let other = your_client(lab, stranger().trusted(), &[], NOW);
        doubted(lab, &other, NAME, &configs::server(), Doubt::UnknownIssuer);
    });
}

#[test]
fn s2_time_is_what_it_is_told() {
    lab(|lab| {
        lab.why("A certificate is valid from one moment to another. Its key may have been stolen since, and nobody keeps lists of what has expired. The time is the one that the configuration was given.");
        let (from, until) = VALID;
        for (time, want) in [
            (NOW, None),
            (Time(NOW.0 + YEAR / 4), None),
            (Time(NOW.0 - YEAR), None),
            (Time(NOW.0 + YEAR), Some(Doubt::Expired)),
            (Time(NOW.0 + 20 * YEAR), Some(Doubt::Expired)),
            (Time(NOW.0 - 2 * YEAR), Some(Doubt::NotYetValid)),
            (Time(NOW.0 - 20 * YEAR), Some(Doubt::NotYetValid)),
        ] {
            let year = 1970 + time.0 / YEAR;
            lab.scene(format!(
                "a certificate from {from} until {until}, in {year}"
            ));
            let client = your_client(lab, root().trusted(), &[], time);
            match want {
                None => drop(agreed(lab, &client, NAME, &configs::server())),
                Some(want) => doubted(lab, &client, NAME, &configs::server(), want),
            }
        }
        for (valid, want) in [
            ((2000, 2029), Doubt::Expired),
            ((2035, 2040), Doubt::NotYetValid),
        ] {
            lab.scene(format!("a certificate for the years {valid:?}, in 2030"));
            let client = your_client(lab, root().trusted(), &[], NOW);
            doubted(
                lab,
                &client,
                NAME,
                &certified(paper(&[NAME]).valid(valid)),
                want,
            );
        }
    });
}

#[test]
fn s2_a_client_is_no_server() {
    lab(|lab| {
        lab.why("A certificate says what it is for. One that was given to a person who logs in must not make a server of that person (RFC 5280 §4.2.1.12).");
        let client = your_client(lab, root().trusted(), &[], NOW);
        doubted(
            lab,
            &client,
            NAME,
            &certified(paper(&[NAME]).for_clients()),
            Doubt::WrongUsage,
        );
        doubted(
            lab,
            &client,
            "a.example",
            &certified(paper(&["a.example", NAME]).for_clients()),
            Doubt::WrongUsage,
        );
    });
}

#[test]
fn s2_the_whole_chain_is_shown() {
    lab(|lab| {
        lab.why("Clients know roots. Who has signed in between, the server must show, or nobody can find the way (RFC 8446 §4.4.2). Browsers often hide this mistake, because they have seen the certificate elsewhere.");
        let between = root().certifies(paper(&[]).common_name("in between"), 3);
        let below = between.certifies(paper(&[]).common_name("below that"), 1);
        for (issuer, want) in [(root(), 1), (&between, 2), (&below, 3)] {
            let server = your_server(lab, issuer.issues(paper(&[NAME])), &[]);
            let pair = agreed(lab, &configs::client(), NAME, &server);
            let shown = pair.client.peer_certificates().map_or(0, <[_]>::len);
            lab.same("certificates that the server shows", shown, want);
        }
        lab.scene("a client sees such a chain");
        let client = your_client(lab, root().trusted(), &[], NOW);
        agreed(
            lab,
            &client,
            NAME,
            &server_of(between.issues(paper(&[NAME]))),
        );
        let mut alone = between.issues(paper(&[NAME]));
        alone.chain.truncate(1);
        doubted(lab, &client, NAME, &server_of(alone), Doubt::UnknownIssuer);
    });
}

#[test]
fn s2_a_key_of_somebody_else() {
    lab(|lab| {
        lab.why("A certificate is public. What makes it yours is the key, and a pair that does not belong together is found when the server starts, not by its first client.");
        for nth_key in [2, 3] {
            let mut identity = root().issues_to(paper(&[NAME]), nth_key);
            identity.key = root().issues_to(paper(&[NAME]), 5 - nth_key).key;
            lab.err("server_config(a certificate, another's key)", || {
                server_config(identity, &[]).map(|_| ())
            });
        }
        let mut identity = root().issues(paper(&[NAME]));
        identity.chain.clear();
        lab.err("server_config(no certificate, a key)", || {
            server_config(identity, &[]).map(|_| ())
        });
    });
}

#[test]
fn s2_protocols_are_the_servers_choice() {
    lab(|lab| {
        lab.why("The client lists what it speaks, and the server chooses, by its own order (RFC 7301 §3.2).");
        for (client, server, want) in [
            (
                &[&b"h2"[..], b"http/1.1"][..],
                &[&b"http/1.1"[..]][..],
                Some(&b"http/1.1"[..]),
            ),
            (&[b"http/1.1"], &[b"h2", b"http/1.1"], Some(b"http/1.1")),
            (
                &[b"h2", b"http/1.1"],
                &[b"http/1.1", b"h2"],
                Some(b"http/1.1"),
            ),
            (&[b"http/1.1", b"h2"], &[b"h2", b"http/1.1"], Some(b"h2")),
            (&[], &[b"http/1.1"], None),
            (&[b"h2"], &[], None),
            (&[], &[], None),
        ] {
            lab.scene("both sides are yours");
            let yours = your_client(lab, root().trusted(), client, NOW);
            let your_side = your_server(lab, root().issues(paper(&[NAME])), server);
            let pair = agreed(lab, &yours, NAME, &your_side);
            let got = (pair.client.alpn_protocol(), pair.server.alpn_protocol());
            let text =
                |name: Option<&[u8]>| name.map(|name| String::from_utf8_lossy(name).into_owned());
            lab.same(
                "what client and server have agreed on",
                (text(got.0), text(got.1)),
                (text(want), text(want)),
            );
            lab.scene("the server is yours");
            let pair = agreed(
                lab,
                &client_with(root().trusted(), &[&TLS13], client),
                NAME,
                &your_side,
            );
            lab.same(
                "what was agreed on",
                text(pair.client.alpn_protocol()),
                text(want),
            );
            lab.scene("the client is yours");
            let pair = agreed(
                lab,
                &yours,
                NAME,
                &server_with(root().issues(paper(&[NAME])), &[&TLS13], server),
            );
            lab.same(
                "what was agreed on",
                text(pair.server.alpn_protocol()),
                text(want),
            );
        }
    });
}

/// The protocols that a client offers.
fn offered(client: &Arc<ClientConfig>) -> Vec<String> {
    let mut client = ClientConnection::new(client.clone(), name(NAME)).expect("a client");
    let mut hello = Vec::new();
    client
        .write_tls(&mut hello)
        .expect("memory takes everything");
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut &hello[..]).expect("memory");
    let accepted = acceptor.accept().ok().flatten().expect("a whole hello");
    let protocols = accepted.client_hello().alpn().into_iter().flatten();
    protocols
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

#[test]
fn s2_a_client_offers_in_its_own_order() {
    lab(|lab| {
        lab.why("The list is the client's preference (RFC 7301 §3.1): a server that has none of its own takes the first.");
        for protocols in [
            &["h2", "http/1.1"][..],
            &["http/1.1", "h2"],
            &["z", "a", "m"],
            &["http/1.1"],
            &[],
        ] {
            let bytes: Vec<&[u8]> = protocols.iter().map(|name| name.as_bytes()).collect();
            let client = your_client(lab, root().trusted(), &bytes, NOW);
            lab.same("what the client offers", offered(&client), {
                protocols.iter().map(|name| (*name).to_owned()).collect()
            });
        }
    });
}

#[test]
fn s2_the_arithmetic_is_the_providers() {
    lab(|lab| {
        lab.why("provider() is what this chapter has chosen: rustls's own default is another one, and so is graviola's, which has a key exchange more. Both sides of yours use it.");
        let names = |provider: &CryptoProvider| -> (Vec<NamedGroup>, usize) {
            let groups = provider.kx_groups.iter().map(|group| group.name());
            (groups.collect(), provider.cipher_suites.len())
        };
        let want = names(&tls::provider());
        let client = your_client(lab, root().trusted(), &[], NOW);
        let server = your_server(lab, root().issues(paper(&[NAME])), &[]);
        for (who, provider) in [
            ("the client", client.crypto_provider()),
            ("the server", server.crypto_provider()),
        ] {
            lab.same(
                &format!("key exchanges and number of cipher suites of {who}"),
                names(provider),
                want.clone(),
            );
        }
    });
}

#[test]
fn s2_the_name_is_said() {
    lab(|lab| {
        lab.why("One address has many sites. A client that does not say which of them it wants (SNI, RFC 6066 §3) gets the certificate of the first one, and refuses it.");
        let client = your_client(lab, root().trusted(), &[], NOW);
        let server = your_server(lab, root().issues(paper(&[NAME, "a.example"])), &[]);
        for host in [NAME, "a.example"] {
            let pair = agreed(lab, &client, host, &server);
            lab.same(
                "the name that the server hears",
                pair.server.server_name(),
                Some(host),
            );
        }
    });
}

#[test]
fn s2_no_protocol_in_common() {
    lab(|lab| {
        lab.why("Two that have no protocol in common part at the handshake, with the alert no_application_protocol, and not at the first request (RFC 7301 §3.2).");
        let alert = AlertDescription::NoApplicationProtocol;
        for (theirs, ours) in [
            (&[&b"h2"[..]][..], &[&b"http/1.1"[..]][..]),
            (&[b"spdy/1", b"HTTP/1.1"], &[b"http/1.1", b"h2"]),
            (&[b"http/1.1"], &[b"h2"]),
            (&[b"http/1.0", b"http/1.1"], &[b"h2", b"acme/1"]),
        ] {
            let server = your_server(lab, root().issues(paper(&[NAME])), ours);
            let client = client_with(root().trusted(), &[&TLS13], theirs);
            match shake(&client, &name(NAME), &server).map_err(|refused| *refused) {
                Err(Refused {
                    client: Some(rustls::Error::AlertReceived(got)),
                    ..
                }) => {
                    lab.same("the alert", u8::from(got), u8::from(alert));
                }
                Err(refused) => {
                    lab.fails("the alert NoApplicationProtocol", format!("{refused:?}"))
                }
                Ok(_) => lab.fails("the alert NoApplicationProtocol", "a handshake"),
            }
        }
    });
}

#[test]
fn s2_nothing_older_than_1_3() {
    lab(|lab| {
        lab.why("TLS 1.2 can be used well and is easy to use badly; 1.0 and 1.1 are forbidden (RFC 8996), SSL is older than that. These two ends speak 1.3 alone. An older one hears protocol_version.");
        let server = your_server(lab, root().issues(paper(&[NAME])), &[]);
        match shake(&configs::old_client(), &name(NAME), &server).map_err(|refused| *refused) {
            Err(Refused {
                client: Some(rustls::Error::AlertReceived(got)),
                ..
            }) => {
                lab.same(
                    "the alert",
                    u8::from(got),
                    u8::from(AlertDescription::ProtocolVersion),
                );
            }
            Err(refused) => lab.fails("the alert ProtocolVersion", format!("{refused:?}")),
            Ok(_) => lab.fails(
                "no handshake with a client that knows 1.2 alone",
                "a handshake",
            ),
        }
        let client = your_client(lab, root().trusted(), &[], NOW);
        let old = shake(&client, &name(NAME), &configs::old_server());
        lab.holds(
            old.is_err(),
            "no handshake with a server that knows 1.2 alone",
            "a handshake",
        );
        let both = server_with(root().issues(paper(&[NAME])), &[&TLS12, &TLS13], &[]);
        let pair = agreed(lab, &client, NAME, &both);
        let version = pair.client.protocol_version().map(u16::from);
        lab.same(
            "the version with one that knows both",
            version,
            Some(0x0304),
        );
    });
}

#[test]
fn s2_nobody_asks_for_a_client_certificate() {
    lab(|lab| {
        lab.why("A server that asks every client for a certificate makes browsers ask every person for one. Nobody was to be asked here.");
        let server = your_server(lab, root().issues(paper(&[NAME])), &[]);
        let pair = agreed(lab, &configs::client(), NAME, &server);
        lab.same(
            "certificates of the client",
            pair.server.peer_certificates().map(<[_]>::len),
            None,
        );
        let pair = agreed(
            lab,
            &your_client(lab, root().trusted(), &[], NOW),
            NAME,
            &configs::server(),
        );
        lab.same(
            "certificates of the client",
            pair.server.peer_certificates().map(<[_]>::len),
            None,
        );
    });
}

#[test]
fn s2_a_session_can_be_resumed() {
    lab(|lab| {
        lab.why("The server gives tickets, and the client shows one the next time: no certificate is sent and checked again, for what was proved still holds (RFC 8446 §2.2). For another name it does not.");
        let client = your_client(lab, root().trusted(), &[], NOW);
        let server = your_server(lab, root().issues(paper(&[NAME, "a.example"])), &[]);
        for (host, want) in [
            (NAME, HandshakeKind::Full),
            (NAME, HandshakeKind::Resumed),
            ("a.example", HandshakeKind::Full),
            ("a.example", HandshakeKind::Resumed),
            (NAME, HandshakeKind::Resumed),
        ] {
            lab.note(format!("a connection to {host}"));
            let pair = agreed(lab, &client, host, &server);
            let got = pair.client.handshake_kind().map(|kind| format!("{kind:?}"));
            lab.same("the handshake", got, Some(format!("{want:?}")));
        }
    });
}

#[test]
fn s2_the_words_for_a_doubt() {
    lab(|lab| {
        lab.why("rustls has two names for most of them, with and without the details, and which one comes depends on who has found it. An error that is about something else is no doubt about the certificate.");
        let moment = NOW.current_time().expect("a time that stands still");
        let later = moment;
        let cases = [
            (CertificateError::Expired, Doubt::Expired),
            (
                CertificateError::ExpiredContext {
                    time: moment,
                    not_after: later,
                },
                Doubt::Expired,
            ),
            (CertificateError::NotValidYet, Doubt::NotYetValid),
            (
                CertificateError::NotValidYetContext {
                    time: moment,
                    not_before: later,
                },
                Doubt::NotYetValid,
            ),
            (CertificateError::NotValidForName, Doubt::WrongName),
            (
                CertificateError::NotValidForNameContext {
                    expected: name("a"),
                    presented: vec![],
                },
                Doubt::WrongName,
            ),
            (CertificateError::UnknownIssuer, Doubt::UnknownIssuer),
            (CertificateError::InvalidPurpose, Doubt::WrongUsage),
            (
                CertificateError::InvalidPurposeContext {
                    required: rustls::ExtendedKeyPurpose::ServerAuth,
                    presented: vec![rustls::ExtendedKeyPurpose::ClientAuth],
                },
                Doubt::WrongUsage,
            ),
            (CertificateError::BadSignature, Doubt::Other),
            (CertificateError::BadEncoding, Doubt::Other),
            (CertificateError::Revoked, Doubt::Other),
            (CertificateError::UnhandledCriticalExtension, Doubt::Other),
        ];
        for (error, want) in cases {
            let error = rustls::Error::InvalidCertificate(error);
            let got = lab.you(&format!("doubt({error:?})"), || doubt(&error));
            lab.same("the doubt", format!("{got:?}"), format!("{:?}", Some(want)));
        }
        for error in [
            rustls::Error::DecryptError,
            rustls::Error::NoCertificatesPresented,
            rustls::Error::AlertReceived(AlertDescription::CertificateExpired),
            rustls::Error::AlertReceived(AlertDescription::UnknownCA),
            rustls::Error::General("Expired".to_owned()),
        ] {
            let got = lab.you(&format!("doubt({error:?})"), || doubt(&error));
            lab.same("the doubt", format!("{got:?}"), "None".to_owned());
        }
    });
}
