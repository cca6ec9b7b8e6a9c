//! A NAT's table as the tests use it: time in words, flows from text, and each call in the story.

use std::time::Duration;

use addresses::{Control, Filter, Flow, Proto, Refused, Rules, Table};
use netlab::Lab;

use super::words::{end, ip};

pub const EXTERNAL: &str = "203.0.113.1";

/// Rules with these ports and room for these sessions.
pub fn rules(ports: std::ops::RangeInclusive<u16>, filter: Filter, max_sessions: usize) -> Rules {
    Rules {
        external: ip(EXTERNAL),
        ports,
        filter,
        max_sessions,
    }
}

pub fn refused(refused: Refused) -> &'static str {
    match refused {
        Refused::Full => "Full",
        Refused::NoPort => "NoPort",
        Refused::Taken => "Taken",
    }
}

/// Control bits from text: `SYN,ACK`.
pub fn control(bits: &str) -> Control {
    let has = |name: &str| bits.split(',').any(|bit| bit == name);
    Control {
        syn: has("SYN"),
        ack: has("ACK"),
        fin: has("FIN"),
        rst: has("RST"),
    }
}

/// A flow: `UDP 10.0.0.7:5000 → 198.51.100.2:53`, with control bits behind it where there are any.
pub fn flow(text: &str) -> Flow {
    let words: Vec<&str> = text.split_whitespace().collect();
    let proto = match words[0] {
        "UDP" => Proto::Udp,
        "TCP" => Proto::Tcp,
        "echo" => Proto::Echo,
        _ => panic!("no protocol in {text}"),
    };
    Flow {
        proto,
        src: end(words[1]),
        dst: end(words[3]),
        control: control(words.get(4).unwrap_or(&"")),
    }
}

pub struct NatTable<'a> {
    pub lab: &'a Lab,
    pub table: Table,
    now: Duration,
}

impl<'a> NatTable<'a> {
    pub fn new(lab: &'a Lab, rules: Rules) -> NatTable<'a> {
        let call = format!(
            "Table::new(ports {:?}, filter {:?}, at most {} sessions)",
            rules.ports, rules.filter, rules.max_sessions
        );
        NatTable {
            lab,
            table: lab.you(&call, || Table::new(rules)),
            // A table knows nothing of the time before it was made.
            now: Duration::from_secs(1_000_000),
        }
    }

    /// With ports and room enough.
    pub fn wide(lab: &'a Lab, filter: Filter) -> NatTable<'a> {
        NatTable::new(lab, rules(4000..=7999, filter, 1000))
    }

    /// Lets time pass.
    pub fn waits(&mut self, time: Duration) {
        self.now += time;
        self.lab.note(format!("{time:?} pass"));
    }

    pub fn now(&self) -> Duration {
        self.now
    }

    /// Something goes out and must; gives the external port.
    pub fn out(&mut self, text: &str) -> u16 {
        let text = text.trim_end(); // of a segment without control bits
        let flow = flow(text);
        let call = format!("outbound({text})");
        let port = self.lab.ok(&call, || self.table.outbound(self.now, &flow));
        self.lab.note(format!("it leaves from port {port}"));
        port
    }

    /// Something wants to go out and must not.
    pub fn cannot_go_out(&mut self, text: &str, want: &str) {
        let flow = flow(text);
        let call = format!("outbound({text})");
        let got = self.lab.err(&call, || self.table.outbound(self.now, &flow));
        self.lab
            .same(&format!("the error of {call}"), refused(got), want);
    }

    /// Something comes in: for whom?
    pub fn comes(&mut self, text: &str, want: Option<&str>) {
        let text = text.trim_end(); // of a segment without control bits
        let flow = flow(text);
        let call = format!("inbound({text})");
        let got = self.lab.you(&call, || self.table.inbound(self.now, &flow));
        let got = got.map_or("nobody".to_owned(), |inside| inside.to_string());
        self.lab.same(
            &format!("whom {text} is for"),
            got.as_str(),
            want.unwrap_or("nobody"),
        );
    }

    pub fn has_port(&mut self, proto: Proto, inside: &str, want: Option<u16>) {
        let call = format!("port_of({proto}, {inside})");
        let got = self
            .lab
            .you(&call, || self.table.port_of(self.now, proto, end(inside)));
        self.lab.same(&format!("the port of {inside}"), got, want);
    }

    pub fn owns(&mut self, proto: Proto, port: u16, remote: &str, want: Option<&str>) {
        let call = format!("owner({proto}, {port}, {remote})");
        let got = self.lab.you(&call, || {
            self.table.owner(self.now, proto, port, end(remote))
        });
        let got = got.map_or("nobody".to_owned(), |inside| inside.to_string());
        self.lab.same(
            &format!("who talks with {remote} from port {port}"),
            got.as_str(),
            want.unwrap_or("nobody"),
        );
    }

    pub fn forwards(&mut self, proto: Proto, port: u16, to: &str) {
        let call = format!("forward({proto}, {port}, {to})");
        self.lab
            .ok(&call, || self.table.forward(self.now, proto, port, end(to)));
    }

    pub fn cannot_forward(&mut self, proto: Proto, port: u16, to: &str) {
        let call = format!("forward({proto}, {port}, {to})");
        let got = self
            .lab
            .err(&call, || self.table.forward(self.now, proto, port, end(to)));
        self.lab
            .same(&format!("the error of {call}"), refused(got), "Taken");
    }

    pub fn expires(&mut self, want: usize) {
        let got = self.lab.you("expire()", || self.table.expire(self.now));
        self.lab.same("how many sessions expire removes", got, want);
    }

    pub fn keeps(&self, want: usize) {
        let got = self.lab.you("sessions()", || self.table.sessions());
        self.lab
            .same("how many sessions the table keeps", got, want);
    }
}
