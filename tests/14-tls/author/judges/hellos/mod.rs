//! The parser of step 1 beside tshark: hellos of programs that everybody has, and odd ones made by hand. Where they
//! differ, a section of an RFC says why ours is right.

mod odd;
mod programs;
mod tshark;

use rustls::AlertDescription;
use tls::client_hello;

/// A client's first flight.
#[derive(Clone)]
pub struct Flight {
    /// Who sent it, and what is special about it.
    pub from: String,
    pub bytes: Vec<u8>,
    /// Why tshark may say something else.
    pub unless: Option<&'static str>,
}

impl Flight {
    fn new(from: String, bytes: Vec<u8>) -> Flight {
        Flight {
            from,
            bytes,
            unless: None,
        }
    }

    fn unless(mut self, section: &'static str) -> Flight {
        self.unless = Some(section);
        self
    }
}

/// What a reader makes of a hello, in tshark's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    pub name: String,
    pub alpn: String,
    pub versions: String,
    pub suites: String,
}

fn ours(bytes: &[u8]) -> Result<Fields, AlertDescription> {
    let hello = client_hello(bytes).map_err(|refusal| refusal.alert)?;
    let (hello, _) = hello.expect("it is complete");
    let numbers = |numbers: &[u16]| -> String {
        let words: Vec<_> = numbers.iter().map(|n| format!("0x{n:04x}")).collect();
        words.join(",")
    };
    let alpn = hello.alpn.iter();
    let alpn: Vec<_> = alpn.map(|name| name.escape_ascii().to_string()).collect();
    Ok(Fields {
        name: hello.server_name.unwrap_or_default(),
        alpn: alpn.join(","),
        versions: numbers(&hello.versions),
        suites: numbers(&hello.cipher_suites),
    })
}

#[test]
fn tshark_reads_the_same_in_every_hello() {
    let Some(version) = tshark::version() else {
        return;
    };
    let flights: Vec<Flight> = [programs::flights(), odd::sound()].concat();
    let mut complaints = Vec::new();
    for (flight, theirs) in flights.iter().zip(tshark::reads(&flights)) {
        let (ours, theirs) = (ours(&flight.bytes), (theirs.fields, theirs.complains));
        if ours.as_ref() != Ok(&theirs.0) || !theirs.1.is_empty() {
            match flight.unless {
                Some(why) => println!("{}: {why}", flight.from),
                None => {
                    complaints.push(format!("{}: ours {ours:?}, tshark {theirs:?}", flight.from))
                }
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "{version}\n{}",
        complaints.join("\n")
    );
    println!("{version}: {} hellos", flights.len());
}

#[test]
fn tshark_complains_of_what_we_refuse() {
    let broken = odd::broken();
    for (flight, alert) in &broken {
        assert_eq!(ours(&flight.bytes), Err(*alert), "{}", flight.from);
    }
    let Some(version) = tshark::version() else {
        return;
    };
    let flights: Vec<Flight> = broken.into_iter().map(|(flight, _)| flight).collect();
    let mut complaints = Vec::new();
    for (flight, theirs) in flights.iter().zip(tshark::reads(&flights)) {
        if theirs.complains.is_empty() {
            match flight.unless {
                Some(why) => println!("{}: tshark says nothing. {why}", flight.from),
                None => {
                    complaints.push(format!("{}: tshark reads {:?}", flight.from, theirs.fields))
                }
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "{version}\n{}",
        complaints.join("\n")
    );
    println!("{version}: {} broken hellos", flights.len());
}
