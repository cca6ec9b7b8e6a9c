//! The student's machine at one end, and a test at the other.

use http2::{Config, Event, Field, H2, HpackDecoder, PREFACE, Refusal, Settings, code};
use netlab::Lab;

use super::frames::{HEADERS, Sent, frames, in_words, settings, settings_ack, shown};

/// A configuration without limits.
pub const FREE: Config = Config {
    settings: Settings {
        header_table_size: 4096,
        enable_push: true,
        max_concurrent_streams: Some(100),
        initial_window_size: 65_535,
        max_frame_size: 16_384,
        max_header_list_size: Some(16_384),
    },
    connection_window: 1 << 20,
    limits: None,
};

/// The student's machine.
pub struct End {
    pub lab: Lab,
    pub h2: H2,
    decoder: HpackDecoder,
}

impl End {
    /// A server that has said what it says first, and has heard nothing. A scene begins with it.
    pub fn silent_server(lab: &Lab, config: Config) -> End {
        lab.scene("you are the server of a new connection");
        let h2 = lab.you("H2::server(config)", || H2::server(config));
        End::new(lab, h2)
    }

    /// A client in the same place.
    pub fn silent_client(lab: &Lab, config: Config) -> End {
        lab.scene("you are the client of a new connection");
        let h2 = lab.you("H2::client(config)", || H2::client(config));
        End::new(lab, h2)
    }

    fn new(lab: &Lab, h2: H2) -> End {
        End {
            lab: lab.clone(),
            h2,
            decoder: HpackDecoder::new(4096, 1 << 20),
        }
    }

    /// A server whose client has sent its preface and these SETTINGS, and has acknowledged those of the server.
    pub fn server(lab: &Lab, config: Config, pairs: &[(u16, u32)]) -> End {
        let mut end = End::silent_server(lab, config);
        end.hears_the_client(pairs);
        end
    }

    /// A client and a server for one scene.
    pub fn both(lab: &Lab, config: Config) -> (End, End) {
        let client = End::client(lab, config, &[]);
        let h2 = lab.you("H2::server(config)", || H2::server(config));
        let mut server = End::new(lab, h2);
        server.hears_the_client(&[]);
        (client, server)
    }

    fn hears_the_client(&mut self, pairs: &[(u16, u32)]) {
        let hello = [&PREFACE[..], &settings(pairs), &settings_ack()].concat();
        self.begins("the preface, SETTINGS, and ACK of yours", &hello);
    }

    /// A client whose server has sent these SETTINGS, and has acknowledged those of the client.
    pub fn client(lab: &Lab, config: Config, pairs: &[(u16, u32)]) -> End {
        let mut end = End::silent_client(lab, config);
        let hello = [settings(pairs), settings_ack()].concat();
        end.begins("SETTINGS, and ACK of yours", &hello);
        end
    }

    fn begins(&mut self, what: &str, hello: &[u8]) {
        let events = self.receives(what, hello);
        self.lab
            .because("A connection begins with SETTINGS of both sides, and an acknowledgement for each (step 3).")
            .same("the events", events, strings(&["Settings", "SettingsAcked"]));
        let _ = self.pending();
    }

    /// Gives the machine bytes.
    pub fn receives(&mut self, what: &str, bytes: &[u8]) -> Vec<String> {
        let events = self.events(what, bytes);
        events.iter().map(event_in_words).collect()
    }

    /// The same, with the events as they are.
    pub fn events(&mut self, what: &str, bytes: &[u8]) -> Vec<Event> {
        let call = format!("receive({what})");
        self.lab.you(&call, || self.h2.receive(bytes))
    }

    /// All that the machine wants to send, in pieces as they come.
    pub fn pieces(&mut self) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        loop {
            let piece = self.lab.you("pending()", || self.h2.pending());
            if piece.is_empty() {
                return pieces;
            }
            pieces.push(piece);
            if pieces.len() > 10_000 {
                self.lab
                    .because(
                        "pending gives each byte once. When everything is given, it gives nothing.",
                    )
                    .fails("an end of what is pending", "10 000 pieces");
            }
        }
    }

    /// All that the machine wants to send.
    pub fn pending(&mut self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// The frames that the machine wants to send, in words.
    pub fn sends(&mut self) -> Vec<String> {
        let bytes = self.pending();
        in_words(&bytes)
    }

    /// The frames that the machine wants to send.
    pub fn frames(&mut self) -> Vec<Sent> {
        let bytes = self.pending();
        let (all, rest) = frames(&bytes);
        self.lab
            .because("What is sent are frames: nine bytes, and as many as they say.")
            .same("bytes that are no frame", rest.len(), 0);
        all
    }

    /// The fields in a block that the machine has sent. To be called for each block, in their order.
    pub fn decoded(&mut self, block: &[u8]) -> String {
        let decoder = &mut self.decoder;
        let fields = self
            .lab
            .ok("decode(what you have encoded)", || decoder.decode(block));
        shown(&fields.unwrap_or_default())
    }

    /// The fields of the one HEADERS frame that the machine sends now.
    pub fn sends_head(&mut self) -> String {
        let all = self.frames();
        let heads: Vec<&Sent> = all.iter().filter(|frame| frame.kind == HEADERS).collect();
        match heads[..] {
            [head] => {
                let block = head.payload.clone();
                self.decoded(&block)
            }
            _ => self
                .lab
                .fails("one HEADERS frame", format!("{} of them", heads.len())),
        }
    }

    /// Demands these events for these bytes.
    pub fn tells(&mut self, why: &str, what: &str, bytes: &[u8], want: &[&str]) {
        let got = self.receives(what, bytes);
        self.lab
            .because(why)
            .same(&format!("the events of {what}"), got, strings(want));
    }

    /// Demands that these frames are sent now, and no others.
    pub fn says(&mut self, why: &str, want: &[&str]) {
        let got = self.sends();
        self.lab
            .because(why)
            .same("the frames sent", got, strings(want));
    }

    /// Demands a connection error with this code: an event, GOAWAY, and nothing behind it.
    pub fn breaks(&mut self, why: &str, what: &str, bytes: &[u8], code: &str) {
        let got = self.receives(what, bytes);
        let last = got.last().cloned().unwrap_or("no event".to_owned());
        self.lab.because(why).same(
            &format!("the last event of {what}"),
            last,
            format!("ConnectionError: {code}"),
        );
        let sent = self.sends();
        let last = sent.last().cloned().unwrap_or("nothing".to_owned());
        let words = last.rsplit(", ").next().unwrap_or_default().to_owned();
        self.lab
            .because("A connection error is told with GOAWAY, behind all other frames (RFC 9113, section 5.4.1).")
            .same("the code of the last frame, a GOAWAY", (last.starts_with("GOAWAY"), words), (true, code.to_owned()));
        let over = self.lab.you("is_over()", || self.h2.is_over());
        self.lab
            .because(why)
            .same("whether the connection is over", over, true);
    }

    /// Demands a stream error with this code: an event and RST_STREAM, and that the connection goes on.
    pub fn resets(&mut self, why: &str, what: &str, bytes: &[u8], stream: u32, code: &str) {
        self.tells(
            why,
            what,
            bytes,
            &[&format!("StreamError on {stream}: {code}")],
        );
        let got: Vec<String> = self
            .sends()
            .into_iter()
            .filter(|words| !words.starts_with("WINDOW_UPDATE"))
            .collect();
        self.lab.because(why).same(
            "the frames sent",
            got,
            vec![format!("RST_STREAM on {stream}: {code}")],
        );
        let over = self.lab.you("is_over()", || self.h2.is_over());
        self.lab.because("A stream error ends its stream; the connection and all other streams go on (RFC 9113, section 5.4.2).").same("whether the connection is over", over, false);
    }

    /// A client asks.
    pub fn request(&mut self, lines: super::frames::Lines, ends: bool) -> Result<u32, Refusal> {
        let fields = super::frames::fields(lines);
        let call = format!("request({}, {ends})", super::frames::listed(lines));
        self.lab.you(&call, || self.h2.request(&fields, ends))
    }

    /// A client asks, and must be able to.
    pub fn asks(&mut self, lines: super::frames::Lines, ends: bool) -> u32 {
        match self.request(lines, ends) {
            Ok(stream) => stream,
            Err(refusal) => self
                .lab
                .because("Nothing is wrong with this request, and the server has room for it.")
                .fails("a new stream", refusal_in_words(refusal)),
        }
    }

    /// A server answers.
    pub fn respond(
        &mut self,
        stream: u32,
        lines: super::frames::Lines,
        ends: bool,
    ) -> Result<(), Refusal> {
        let fields = super::frames::fields(lines);
        let call = format!(
            "respond({stream}, {}, {ends})",
            super::frames::listed(lines)
        );
        self.lab
            .you(&call, || self.h2.respond(stream, &fields, ends))
    }

    /// A server answers, and must be able to.
    pub fn answers(&mut self, stream: u32, lines: super::frames::Lines, ends: bool) {
        let done = self.respond(stream, lines, ends);
        self.did(
            "respond",
            "The request is there, nothing is wrong with this head, and no answer was sent before. A head of 1xx is none: it stands before the answer (RFC 9113, section 8.1).",
            done,
        );
    }

    /// Queues content, and must be able to.
    pub fn queues(&mut self, stream: u32, bytes: &[u8], ends: bool) {
        let call = format!("send({stream}, {} bytes, {ends})", bytes.len());
        let done = self.lab.you(&call, || self.h2.send(stream, bytes, ends));
        self.did(
            "send",
            "The head of this message was sent, and its end was not.",
            done,
        );
    }

    pub fn did(&self, what: &str, why: &str, done: Result<(), Refusal>) {
        if let Err(refusal) = done {
            self.lab
                .because(why)
                .fails(format!("Ok from {what}"), refusal_in_words(refusal));
        }
    }
}

pub fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub fn refusal_in_words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Busy => "Busy".to_owned(),
        Refusal::Over => "Over".to_owned(),
        Refusal::Wrong(_) => "Wrong".to_owned(),
    }
}

/// What came of a call that may be refused.
pub fn outcome<T>(done: Result<T, Refusal>) -> String {
    match done {
        Ok(_) => "Ok".to_owned(),
        Err(refusal) => refusal_in_words(refusal),
    }
}

/// An event in words.
pub fn event_in_words(event: &Event) -> String {
    let ends = |ends: &bool| if *ends { ", ends" } else { "" };
    match event {
        Event::Settings => "Settings".to_owned(),
        Event::SettingsAcked => "SettingsAcked".to_owned(),
        Event::Head {
            stream,
            fields,
            ends: end,
        } => {
            format!("Head on {stream}: {}{}", shown(fields), ends(end))
        }
        Event::Data {
            stream,
            bytes,
            ends: end,
        } => match bytes.len() {
            0..=20 => format!(
                "Data on {stream}: \"{}\"{}",
                bytes.escape_ascii(),
                ends(end)
            ),
            len => format!("Data on {stream}: {len} bytes{}", ends(end)),
        },
        Event::Trailers { stream, fields } => format!("Trailers on {stream}: {}", shown(fields)),
        Event::Reset { stream, code } => format!("Reset on {stream}: {}", code::name(*code)),
        Event::StreamError(fault) => {
            format!(
                "StreamError on {}: {}",
                fault.stream,
                code::name(fault.code)
            )
        }
        Event::Pong(data) => format!("Pong {}", data.escape_ascii()),
        Event::GoAway { last, code } => format!("GoAway: last {last}, {}", code::name(*code)),
        Event::ConnectionError(fault) => {
            let on = match fault.stream {
                0 => String::new(),
                stream => format!(" on {stream}"),
            };
            format!("ConnectionError{on}: {}", code::name(fault.code))
        }
    }
}

/// A list as a person reads it.
pub fn list(fields: Option<Vec<Field>>) -> String {
    fields.map_or("no list".to_owned(), |fields| shown(&fields))
}
