//! Step 3.

use http2::{Config, PREFACE, Role, Settings, code};
use netlab::{Lab, lab};

use super::ends::{End, FREE};
use super::frames::{
    PING, PRIORITY, SETTINGS, data, frame, framed, get, goaway, in_words, settings, settings_ack,
    window_update,
};

/// All settings in words.
fn words(settings: &Settings) -> String {
    let limit = |limit: Option<u32>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    format!(
        "table {}, push {}, streams {}, window {}, frame {}, list {}",
        settings.header_table_size,
        settings.enable_push,
        limit(settings.max_concurrent_streams),
        settings.initial_window_size,
        settings.max_frame_size,
        limit(settings.max_header_list_size)
    )
}

#[test]
fn s3_each_setting() {
    lab(|lab| {
        for (id, value, want) in [
            (
                1,
                0,
                "table 0, push true, streams none, window 65535, frame 16384, list none",
            ),
            (
                1,
                u32::MAX,
                "table 4294967295, push true, streams none, window 65535, frame 16384, list none",
            ),
            (
                2,
                0,
                "table 4096, push false, streams none, window 65535, frame 16384, list none",
            ),
            (
                2,
                1,
                "table 4096, push true, streams none, window 65535, frame 16384, list none",
            ),
            (
                3,
                0,
                "table 4096, push true, streams 0, window 65535, frame 16384, list none",
            ),
            (
                3,
                100,
                "table 4096, push true, streams 100, window 65535, frame 16384, list none",
            ),
            (
                4,
                0,
                "table 4096, push true, streams none, window 0, frame 16384, list none",
            ),
            (
                4,
                0x7fff_ffff,
                "table 4096, push true, streams none, window 2147483647, frame 16384, list none",
            ),
            (
                5,
                16_384,
                "table 4096, push true, streams none, window 65535, frame 16384, list none",
            ),
            (
                5,
                0xff_ffff,
                "table 4096, push true, streams none, window 65535, frame 16777215, list none",
            ),
            (
                6,
                0,
                "table 4096, push true, streams none, window 65535, frame 16384, list 0",
            ),
            (
                6,
                9000,
                "table 4096, push true, streams none, window 65535, frame 16384, list 9000",
            ),
            (
                0,
                7,
                "table 4096, push true, streams none, window 65535, frame 16384, list none",
            ),
            (
                7,
                7,
                "table 4096, push true, streams none, window 65535, frame 16384, list none",
            ),
            (
                0xffff,
                u32::MAX,
                "table 4096, push true, streams none, window 65535, frame 16384, list none",
            ),
        ] {
            let mut settings = Settings::default();
            lab.ok(&format!("change(Client, {id}, {value})"), || {
                settings.change(Role::Client, id, value)
            });
            lab.because("Six settings are known (RFC 9113, section 6.5.2). Any other must be ignored, with any value: it is an extension.")
                .same("the settings", words(&settings), want.to_owned());
        }
        let mut settings = Settings::default();
        for (id, value) in [(4, 100), (2, 0), (4, 200), (3, 5)] {
            lab.ok(&format!("change(Server, {id}, {value})"), || {
                settings.change(Role::Server, id, value)
            });
        }
        lab.because("One after the other: the last value counts, and the others stay.")
            .same(
                "the settings",
                words(&settings),
                "table 4096, push false, streams 5, window 200, frame 16384, list none".to_owned(),
            );
    });
}

const WRONG: &[(u16, u32, Role, &str, &str)] = &[
    (
        2,
        2,
        Role::Client,
        "PROTOCOL_ERROR",
        "ENABLE_PUSH is 0 or 1.",
    ),
    (
        2,
        u32::MAX,
        Role::Server,
        "PROTOCOL_ERROR",
        "ENABLE_PUSH is 0 or 1.",
    ),
    (
        2,
        1,
        Role::Server,
        "PROTOCOL_ERROR",
        "Nobody can push to a server: a server that says 1 is wrong, a client that says it is not.",
    ),
    (
        4,
        0x8000_0000,
        Role::Client,
        "FLOW_CONTROL_ERROR",
        "A window is at most 2^31 - 1, and this is the one setting whose error has another code.",
    ),
    (
        4,
        u32::MAX,
        Role::Server,
        "FLOW_CONTROL_ERROR",
        "A window is at most 2^31 - 1.",
    ),
    (
        5,
        16_383,
        Role::Client,
        "PROTOCOL_ERROR",
        "Everybody takes frames of 16 384 bytes: less cannot be announced.",
    ),
    (
        5,
        0,
        Role::Server,
        "PROTOCOL_ERROR",
        "Everybody takes frames of 16 384 bytes.",
    ),
    (
        5,
        0x0100_0000,
        Role::Client,
        "PROTOCOL_ERROR",
        "A length has 24 bits: more cannot be announced.",
    ),
];

#[test]
fn s3_settings_that_may_not_be() {
    lab(|lab| {
        for &(id, value, sender, want, why) in WRONG {
            let mut settings = Settings::default();
            let got = lab.you(&format!("change({sender:?}, {id}, {value})"), || {
                settings.change(sender, id, value)
            });
            let got = match got {
                Ok(()) => "no error".to_owned(),
                Err(fault) => format!("{} on stream {}", code::name(fault.code), fault.stream),
            };
            lab.because(format!("{why} (RFC 9113, section 6.5.2)"))
                .same("the error", got, format!("{want} on stream 0"));
        }
    });
}

fn pairs(lab: &Lab, settings: Settings) -> Vec<(u16, u32)> {
    lab.you(&format!("pairs() of {}", words(&settings)), || {
        settings.pairs()
    })
}

#[test]
fn s3_what_differs_is_said() {
    lab(|lab| {
        let default = Settings::default();
        let why = "What is not said has the value that everybody knows (RFC 9113, section 6.5.2). What differs is said, by rising identifier.";
        for (settings, want) in [
            (default, vec![]),
            (FREE.settings, vec![(3, 100), (6, 16_384)]),
            (
                Settings {
                    enable_push: false,
                    ..default
                },
                vec![(2, 0)],
            ),
            (
                Settings {
                    header_table_size: 0,
                    enable_push: false,
                    max_concurrent_streams: Some(0),
                    initial_window_size: 1,
                    max_frame_size: 20_000,
                    max_header_list_size: Some(7),
                },
                vec![(1, 0), (2, 0), (3, 0), (4, 1), (5, 20_000), (6, 7)],
            ),
            (
                Settings {
                    initial_window_size: 65_536,
                    ..default
                },
                vec![(4, 65_536)],
            ),
            (
                Settings {
                    header_table_size: 8192,
                    ..default
                },
                vec![(1, 8192)],
            ),
            (
                Settings {
                    max_concurrent_streams: Some(u32::MAX),
                    ..default
                },
                vec![(3, u32::MAX)],
            ),
        ] {
            let got = pairs(lab, settings);
            lab.because(why).same("the pairs", got, want);
        }
    });
}

#[test]
fn s3_client_begins() {
    lab(|lab| {
        let mut end = End::silent_client(lab, FREE);
        let bytes = end.pending();
        lab.because("A client sends the preface first, before it has heard anything (RFC 9113, section 3.4).")
            .same_bytes("the first 24 bytes", bytes.get(..24).unwrap_or(&bytes), PREFACE);
        lab.because("Right behind it come SETTINGS, and push is switched off: this client has nowhere to put it. The connection's window can only grow with WINDOW_UPDATE, so what is more than 65 535 follows (section 6.9.2).")
            .same("the frames", in_words(&bytes[24..]), vec!["SETTINGS: 2=0 3=100 6=16384".to_owned(), "WINDOW_UPDATE: 983041".to_owned()]);
        end.says("pending gives everything once.", &[]);
    });
}

#[test]
fn s3_server_begins() {
    lab(|lab| {
        let mut end = End::silent_server(lab, FREE);
        end.says("A server may begin before it has heard the client (RFC 9113, section 3.4). It does not speak of push.", &["SETTINGS: 3=100 6=16384", "WINDOW_UPDATE: 983041"]);
        let small = Config {
            connection_window: 65_535,
            settings: Settings::default(),
            limits: None,
        };
        let mut end = End::silent_server(lab, small);
        end.says("SETTINGS come even if there is nothing to say (section 3.4). A window of 65 535 is what everybody has: there is nothing to add.", &["SETTINGS: "]);
        let other = Config {
            connection_window: 65_536,
            settings: Settings {
                initial_window_size: 5,
                ..Settings::default()
            },
            limits: None,
        };
        let mut end = End::silent_server(lab, other);
        end.says("INITIAL_WINDOW_SIZE is about streams alone: the connection's window begins with 65 535 (section 6.9.2).", &["SETTINGS: 4=5", "WINDOW_UPDATE: 1"]);
    });
}

#[test]
fn s3_preface_and_settings_ack() {
    lab(|lab| {
        let hello = [&PREFACE[..], &settings(&[(3, 7)]), &settings_ack()].concat();
        for piece in [1, 7, 24, 25, hello.len()] {
            lab.scene(format!(
                "the client's first bytes come in pieces of {piece}"
            ));
            let mut end = End::silent_server(lab, FREE);
            let _ = end.pending();
            let mut got = Vec::new();
            for piece in hello.chunks(piece) {
                got.extend(end.receives(&format!("{} bytes", piece.len()), piece));
            }
            lab.because("The preface is 24 bytes, and then frames begin, in whatever pieces they come (RFC 9113, section 3.4).")
                .same("the events", got, vec!["Settings".to_owned(), "SettingsAcked".to_owned()]);
            end.says("Each SETTINGS frame is acknowledged, and an acknowledgement is not (section 6.5.3).", &["SETTINGS ACK"]);
        }
    });
}

#[test]
fn s3_each_settings_frame_is_acknowledged() {
    lab(|lab| {
        for is_server in [true, false] {
            let mut end = match is_server {
                true => End::server(lab, FREE, &[]),
                false => End::client(lab, FREE, &[]),
            };
            let two = [settings(&[(3, 1)]), settings(&[]), settings(&[(0x99, 5)])].concat();
            end.tells(
                "SETTINGS may come at any time, also empty, also with what nobody knows.",
                "three SETTINGS",
                &two,
                &["Settings"; 3],
            );
            end.says(
                "Three SETTINGS frames, three acknowledgements (RFC 9113, section 6.5.3).",
                &["SETTINGS ACK"; 3],
            );
            end.tells("We have sent SETTINGS once: another acknowledgement is of nothing, and is ignored.", "SETTINGS ACK", &settings_ack(), &[]);
            end.says("An acknowledgement is not acknowledged.", &[]);
        }
    });
}

#[test]
fn s3_no_preface() {
    lab(|lab| {
        let why = "What does not begin with the preface is not HTTP/2. A connection error, at the first byte that differs: an HTTP/1.1 client waits for an answer and sends nothing more (RFC 9113, section 3.4).";
        let mut last = PREFACE.to_vec();
        last[23] = b'\r';
        let mut middle = PREFACE.to_vec();
        middle[5] = b'h';
        for (what, bytes) in [
            ("GET / HTTP/1.1", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
            ("G", b"G".to_vec()),
            ("PRI * HTTP/1.1", b"PRI * HTTP/1.1\r\n".to_vec()),
            ("a preface whose last byte differs", last),
            ("a preface whose sixth byte differs", middle),
            ("SETTINGS without a preface", settings(&[])),
            ("PRX", b"PRX".to_vec()),
        ] {
            let mut end = End::silent_server(lab, FREE);
            let _ = end.pending();
            end.breaks(why, what, &bytes, "PROTOCOL_ERROR");
        }
        let mut end = End::silent_server(lab, FREE);
        let _ = end.pending();
        end.tells(
            "As long as nothing differs, it may become a preface.",
            "PRI * HTT",
            &PREFACE[..9],
            &[],
        );
        end.breaks(
            "A piece is compared with its own place in the preface.",
            "PRI",
            &PREFACE[..3],
            "PROTOCOL_ERROR",
        );
    });
}

#[test]
fn s3_first_frame_must_be_settings() {
    lab(|lab| {
        let why = "The first frame of each side must be SETTINGS (RFC 9113, section 3.4).";
        for (what, bytes) in [
            ("PING", frame(PING, 0, 0, b"12345678")),
            ("SETTINGS ACK", settings_ack()),
            ("WINDOW_UPDATE", window_update(0, 5)),
            ("HEADERS", get(1)),
            ("GOAWAY", goaway(0, 0)),
            ("a frame of unknown type", frame(0x42, 0, 0, b"x")),
            ("PRIORITY", frame(PRIORITY, 0, 1, &[0; 5])),
            (
                "PRIORITY of the wrong length",
                frame(PRIORITY, 0, 1, &[0; 4]),
            ),
            ("DATA", data(1, b"x")),
        ] {
            let mut end = End::silent_server(lab, FREE);
            let _ = end.pending();
            end.breaks(
                why,
                &format!("the preface, and then {what}"),
                &[&PREFACE[..], &bytes].concat(),
                "PROTOCOL_ERROR",
            );
            let mut end = End::silent_client(lab, FREE);
            let _ = end.pending();
            end.breaks(
                why,
                &format!("{what}, from a server"),
                &bytes,
                "PROTOCOL_ERROR",
            );
        }
        let mut end = End::silent_client(lab, FREE);
        let _ = end.pending();
        end.breaks(
            "Only a client sends the preface.",
            "the preface, from a server",
            PREFACE,
            "FRAME_SIZE_ERROR",
        );
    });
}

#[test]
fn s3_wrong_settings_break_the_connection() {
    lab(|lab| {
        for &(id, value, sender, want, why) in WRONG {
            let bytes = settings(&[(3, 5), (id, value)]);
            match sender {
                Role::Client => End::server(lab, FREE, &[]).breaks(
                    why,
                    &format!("SETTINGS {id}={value}"),
                    &bytes,
                    want,
                ),
                Role::Server => End::client(lab, FREE, &[]).breaks(
                    why,
                    &format!("SETTINGS {id}={value}, from a server"),
                    &bytes,
                    want,
                ),
            }
        }
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("SETTINGS 3=5, 5=1", &settings(&[(3, 5), (5, 1)]));
        let sent = end.sends();
        lab.because("SETTINGS are acknowledged when they are taken. These are not.")
            .same("how many frames were sent: GOAWAY alone", sent.len(), 1);
        End::server(lab, FREE, &[]).tells(
            "A client may say that it takes push.",
            "SETTINGS 2=1",
            &settings(&[(2, 1)]),
            &["Settings"],
        );
        End::server(lab, FREE, &[]).breaks(
            "A setting has six bytes: seven are a FRAME_SIZE_ERROR (RFC 9113, section 6.5).",
            "SETTINGS of 7 bytes",
            &frame(SETTINGS, 0, 0, &[0; 7]),
            "FRAME_SIZE_ERROR",
        );
    });
}

#[test]
fn s3_behind_a_connection_error() {
    lab(|lab| {
        let mut end = End::server(lab, FREE, &[]);
        let got = end.receives("PING on stream 1", &frame(PING, 0, 1, b"12345678"));
        lab.because("A connection error is the last event.").same(
            "the events",
            got,
            vec!["ConnectionError: PROTOCOL_ERROR".to_owned()],
        );
        end.tells(
            "Behind it bytes mean nothing any more (RFC 9113, section 5.4.1).",
            "PING",
            &frame(PING, 0, 0, b"12345678"),
            &[],
        );
        end.says(
            "GOAWAY says why, once. No stream was opened: the last one is 0.",
            &["GOAWAY: last 0, PROTOCOL_ERROR"],
        );
        end.says("Nothing follows.", &[]);
        let bytes = [settings(&[]), frame(PING, 0, 1, b"12345678"), settings(&[])].concat();
        let mut end = End::client(lab, FREE, &[]);
        end.tells(
            "What came before the error counts; what comes behind it does not.",
            "SETTINGS, a wrong PING, SETTINGS",
            &bytes,
            &["Settings", "ConnectionError: PROTOCOL_ERROR"],
        );
        end.says(
            "GOAWAY stands behind what was to be sent before.",
            &["SETTINGS ACK", "GOAWAY: last 0, PROTOCOL_ERROR"],
        );
        let mut end = End::server(lab, FREE, &[]);
        let _ = end.receives("a frame of 16 385 bytes", &framed(0, 0, 1, 16_385, b""));
        let frames = end.frames();
        lab.because("Why it was, in words, may stand behind the code.")
            .same(
                "GOAWAY has eight bytes at least",
                frames.last().is_some_and(|frame| frame.payload.len() >= 8),
                true,
            );
    });
}

#[test]
fn s3_our_settings_hold_when_they_are_acknowledged() {
    lab(|lab| {
        let large = Config {
            settings: Settings {
                max_frame_size: 20_000,
                ..FREE.settings
            },
            ..FREE
        };
        let long = frame(0x42, 0, 0, &[0; 20_000]);
        let hello = [&PREFACE[..], &settings(&[])].concat();
        let mut end = End::silent_server(lab, large);
        let _ = end.receives("preface and SETTINGS", &hello);
        end.breaks("We have announced frames of 20 000 bytes, but the client has not acknowledged it: until then 16 384 holds (RFC 9113, section 6.5.3).", "a frame of 20 000 bytes", &long, "FRAME_SIZE_ERROR");
        let mut end = End::server(lab, large, &[]);
        end.tells(
            "The client has acknowledged our MAX_FRAME_SIZE of 20 000 bytes: from then on the reader of frames has to know it.",
            "a frame of 20 000 bytes",
            &long,
            &[],
        );
        end.breaks(
            "20 001 bytes are more than we have announced.",
            "a frame of 20 001 bytes",
            &framed(0x42, 0, 0, 20_001, b""),
            "FRAME_SIZE_ERROR",
        );
        let mut end = End::silent_server(lab, large);
        let _ = end.receives(
            "preface, SETTINGS, SETTINGS ACK, and a frame of 20 000 bytes at once",
            &[hello, settings_ack(), long].concat(),
        );
        let over = lab.you("is_over()", || end.h2.is_over());
        lab.because(
            "The acknowledgement holds for the frames right behind it, also in the same piece.",
        )
        .same("whether the connection is over", over, false);
    });
}
