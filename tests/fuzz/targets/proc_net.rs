//! Chapter 04: tables of a kernel that is newer than we are, and a services file that somebody edited.
#![no_main]

use port_demux::{Proto, parse_proc_net, service_name};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for proto in [Proto::Tcp, Proto::Udp] {
        if let Ok(rows) = parse_proc_net(text, proto) {
            // The first line is the header.
            assert!(rows.len() < text.lines().count().max(1));
        }
        if let Some(name) = service_name(text, 80, proto) {
            assert!(text.contains(name) && !name.contains(char::is_whitespace));
        }
    }
});
