//! The reference answer beside real software: a zone served by hickory-server inside this process,
//! and dnsmasq, whose answers dig reads too. Everything stays in 127.0.0.0/8.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use netlab::needs::installed;
use tokio::net::{TcpListener, UdpSocket};
use udp_dns_lookup_solution::{Answer, LookupError, Patience, lookup_ip};

/// On a busy machine a reply may take its time; nobody here loses datagrams.
const PATIENCE: Patience = Patience {
    timeout: Duration::from_secs(2),
    attempts: 5,
};

/// Addresses in order, or the kind of no.
fn in_words(outcome: Result<Answer, LookupError>) -> String {
    match outcome {
        Ok(Answer::Addresses(mut addresses)) => {
            // Servers may rotate them.
            addresses.sort();
            let words: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            words.join(" ")
        }
        Ok(Answer::NoSuchName) => "NXDOMAIN".into(),
        Ok(Answer::NoData) => "no data".into(),
        Err(error) => format!("error: {error}"),
    }
}

// ---------------------------------------------------------------- hickory-server

/// A zone in the form that every DNS server reads (RFC 1035 §5), with one name whose addresses do
/// not fit in a datagram of 512 octets.
fn zone_text() -> String {
    let mut text = String::from(
        "@      300 IN SOA ns.example.test. hostmaster.example.test. 1 7200 600 3600000 60\n\
         @      300 IN NS ns.example.test.\n\
         ns     300 IN A 192.0.2.53\n\
         www    300 IN A 192.0.2.1\n\
         www    300 IN AAAA 2001:db8::1\n\
         v4     300 IN A 192.0.2.4\n\
         v6     300 IN AAAA 2001:db8::6\n\
         text   300 IN TXT \"no address here\"\n\
         one    300 IN CNAME two\n\
         two    300 IN CNAME three\n\
         three  300 IN CNAME www\n\
         gone   300 IN CNAME nowhere\n\
         round  300 IN CNAME about\n\
         about  300 IN CNAME round\n",
    );
    for n in 1..=60 {
        text.push_str(&format!("many 300 IN A 198.51.100.{n}\n"));
    }
    text
}

/// Serves the zone until the test program ends. Gives the server's address.
fn hickory_server() -> SocketAddr {
    let (send, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let origin = Name::from_ascii("example.test.").expect("a name");
            let (origin, records) = Parser::new(zone_text(), None, Some(origin))
                .parse()
                .expect("a zone");
            let zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
                origin.clone(),
                records,
                ZoneType::Primary,
                AxfrPolicy::Deny,
            )
            .expect("a zone with its SOA");
            let mut catalog = Catalog::new();
            catalog.upsert(origin.into(), vec![Arc::new(zone)]);

            let (udp, tcp) = same_port_twice().await;
            send.send(udp.local_addr().expect("an address"))
                .expect("the test waits");
            let mut server = Server::new(catalog);
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(5), 64 * 1024);
            server.block_until_done().await.expect("the server runs");
        });
    });
    address
        .recv_timeout(Duration::from_secs(10))
        .expect("hickory-server starts")
}

/// One port number in both protocols. Rarely it is taken in the second one; then another will do.
async fn same_port_twice() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let addr = tcp.local_addr().expect("an address");
        if let Ok(udp) = UdpSocket::bind(addr).await {
            return (udp, tcp);
        }
    }
    panic!("no port number is free in both UDP and TCP");
}

#[test]
fn hickory_server_and_we_agree() {
    let server = hickory_server();
    let many = || {
        let mut addresses: Vec<IpAddr> = (1..=60)
            .map(|n| Ipv4Addr::new(198, 51, 100, n).into())
            .collect();
        addresses.sort();
        let words: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        words.join(" ")
    };
    let expected = [
        ("www.example.test", "192.0.2.1 2001:db8::1".to_owned()),
        ("WWW.EXAMPLE.TEST", "192.0.2.1 2001:db8::1".to_owned()),
        ("www.example.test.", "192.0.2.1 2001:db8::1".to_owned()),
        ("v4.example.test", "192.0.2.4".to_owned()),
        ("v6.example.test", "2001:db8::6".to_owned()),
        ("text.example.test", "no data".to_owned()),
        ("example.test", "no data".to_owned()),
        ("nowhere.example.test", "NXDOMAIN".to_owned()),
        ("deeper.www.example.test", "NXDOMAIN".to_owned()),
        ("one.example.test", "192.0.2.1 2001:db8::1".to_owned()),
        ("many.example.test", many()),
        (
            "www.example.com",
            "error: the server refused (REFUSED)".to_owned(),
        ),
    ];
    for (name, want) in expected {
        let got = in_words(lookup_ip(server, name, PATIENCE));
        assert_eq!(got, want, "{name}, asked at hickory-server");
    }
}

// ---------------------------------------------------------------- dnsmasq and dig

/// A running dnsmasq, ended when dropped.
struct Dnsmasq {
    process: Child,
    address: SocketAddr,
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Labels of 63 octets, as long as they get.
fn long_name() -> String {
    format!("{}.{}.example.test", "l".repeat(63), "o".repeat(63))
}

/// Names that dnsmasq knows, and the options that make it know them.
fn dnsmasq_records() -> Vec<String> {
    let mut options: Vec<String> = [
        "--host-record=www.example.test,192.0.2.1,2001:db8::1",
        "--host-record=v4.example.test,192.0.2.4",
        "--host-record=v6.example.test,2001:db8::6",
        "--host-record=three.example.test,192.0.2.31",
        "--host-record=three.example.test,192.0.2.32",
        "--host-record=three.example.test,192.0.2.33,2001:db8::33",
        "--host-record=example.test,192.0.2.100",
        "--host-record=a.b.c.d.e.f.g.example.test,192.0.2.7",
        "--host-record=_under_score.example.test,192.0.2.8",
        "--host-record=x,192.0.2.9",
        "--host-record=123.example.test,192.0.2.123",
        "--host-record=MiXeD.example.test,192.0.2.10",
        "--host-record=zero.example.test,0.0.0.0,::",
        "--host-record=ones.example.test,255.255.255.255,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "--host-record=mapped.example.test,::ffff:192.0.2.11",
        "--txt-record=text.example.test,no address here",
        "--mx-host=mail.example.test,v4.example.test,10",
        "--srv-host=_http._tcp.example.test,v4.example.test,80",
        "--cname=alias.example.test,www.example.test",
        "--cname=alias2.example.test,alias.example.test",
        "--cname=alias3.example.test,alias2.example.test",
        "--cname=alias6.example.test,v6.example.test",
        "--address=/wild.example.test/192.0.2.77",
        // What stands under .test is not asked for anywhere else.
        "--local=/test/",
    ]
    .map(str::to_owned)
    .into();
    options.push(format!("--host-record={},192.0.2.63", long_name()));
    // More than fits in a datagram of 512 octets.
    for n in 1..=50 {
        options.push(format!("--host-record=many.example.test,198.51.100.{n}"));
    }
    options
}

fn names_to_ask() -> Vec<String> {
    let mut names: Vec<String> = [
        "www.example.test",
        "www.example.test.",
        "WWW.Example.Test",
        "v4.example.test",
        "v6.example.test",
        "three.example.test",
        "example.test",
        "a.b.c.d.e.f.g.example.test",
        "b.c.d.e.f.g.example.test",
        "_under_score.example.test",
        "x",
        "123.example.test",
        "mixed.example.test",
        "MIXED.EXAMPLE.TEST",
        "zero.example.test",
        "ones.example.test",
        "mapped.example.test",
        "text.example.test",
        "mail.example.test",
        "_http._tcp.example.test",
        "_tcp.example.test",
        "alias.example.test",
        "alias2.example.test",
        "alias3.example.test",
        "alias6.example.test",
        "wild.example.test",
        "anything.wild.example.test",
        "many.example.test",
        "nowhere.example.test",
        "deeper.www.example.test",
        "test",
        "example.invalid",
        "www.example.com",
        "com",
        ".",
    ]
    .map(str::to_owned)
    .into();
    names.push(long_name());
    names
}

/// Starts dnsmasq at an address of 127.0.0.0/8 that belongs to this process alone: it cannot be
/// asked to choose a port by itself.
fn dnsmasq() -> Dnsmasq {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 64 | high & 0x3f, middle, low);
    let address = SocketAddr::from((ip, 5300));
    let process = Command::new("dnsmasq")
        .args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--pid-file=",
        ])
        .args([
            "--no-resolv",
            "--no-hosts",
            "--no-poll",
            "--bind-interfaces",
            "--local-ttl=60",
        ])
        .args([
            format!("--listen-address={ip}"),
            format!("--port={}", address.port()),
        ])
        .args(dnsmasq_records())
        .stdin(Stdio::null())
        .spawn()
        .expect("dnsmasq starts");
    Dnsmasq { process, address }
}

/// Asks dig for both kinds of address and says what came as [`in_words`] does.
fn dig(server: SocketAddr, name: &str) -> String {
    let output = Command::new("dig")
        .arg(format!("@{}", server.ip()))
        .args(["-p", &server.port().to_string()])
        // Neither EDNS nor cookies: the same small query as ours.
        .args([
            "+noedns",
            "+time=2",
            "+tries=5",
            "+noall",
            "+comments",
            "+answer",
        ])
        .args(["-q", name, "-t", "A", "-q", name, "-t", "AAAA"])
        .output()
        .expect("dig runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let statuses: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("status: ")?.1.split(',').next())
        .collect();
    assert_eq!(
        statuses.len(),
        2,
        "dig got two replies about {name}:\n{text}"
    );

    let mut addresses: Vec<IpAddr> = text
        .lines()
        .filter(|line| !line.starts_with(';'))
        .filter_map(|line| line.split_whitespace().last()?.parse().ok())
        .collect();
    addresses.sort();
    match statuses[0] {
        "NOERROR" if addresses.is_empty() => "no data".into(),
        "NOERROR" => {
            let words: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            words.join(" ")
        }
        "NXDOMAIN" => "NXDOMAIN".into(),
        "REFUSED" => "error: the server refused (REFUSED)".into(),
        other => format!("dig says {other}"),
    }
}

/// Asks our program and puts what it prints in the same words.
fn our_program(server: SocketAddr, name: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sol01"))
        .args([
            name,
            &format!("@{server}"),
            "--timeout",
            "2",
            "--attempts",
            "5",
        ])
        .output()
        .expect("our program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => {
            let text = String::from_utf8_lossy(&output.stdout);
            let mut addresses: Vec<IpAddr> = text
                .lines()
                .map(|line| line.parse().expect("an address a line"))
                .collect();
            addresses.sort();
            let words: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            words.join(" ")
        }
        Some(3) => "NXDOMAIN".into(),
        Some(4) => "no data".into(),
        Some(6) if stderr.contains("REFUSED") => "error: the server refused (REFUSED)".into(),
        code => format!("exit code {code:?}: {stderr}"),
    }
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "needs all of 127.0.0.0/8, as on Linux"
)]
fn dig_and_we_agree_about_dnsmasq() {
    if [("dnsmasq", "-v"), ("dig", "-v")]
        .iter()
        .any(|(program, version)| installed(program, version).is_none())
    {
        return;
    }
    let dnsmasq = dnsmasq();
    // Waits until it answers: each try is short, and there are many.
    let until_ready = Patience {
        timeout: Duration::from_millis(50),
        attempts: 200,
    };
    let ready = in_words(lookup_ip(dnsmasq.address, "v4.example.test", until_ready));
    assert_eq!(ready, "192.0.2.4", "the first answer of dnsmasq");

    let names = names_to_ask();
    let outcomes: Vec<String> = names
        .iter()
        .map(|name| {
            let (ours, digs) = (
                our_program(dnsmasq.address, name),
                dig(dnsmasq.address, name),
            );
            assert_eq!(ours, digs, "{name}: our program (left) and dig (right)");
            ours
        })
        .collect();

    // That the comparison was about something: every kind of outcome is among the answers.
    assert_eq!(names.len(), 36, "names");
    let (addresses, over_tcp) = ("192.0.2.1 2001:db8::1", "198.51.100.50");
    for kind in [addresses, over_tcp, "NXDOMAIN", "no data", "REFUSED"] {
        if !outcomes.iter().any(|words| words.contains(kind)) {
            panic!("{kind} is not among the answers {outcomes:#?}");
        }
    }
}
