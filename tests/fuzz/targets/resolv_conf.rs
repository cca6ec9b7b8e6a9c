//! Chapter 01: a file that an administrator wrote.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(server) = udp_dns_lookup::nameserver_in(text) {
        assert_eq!(server.port(), udp_dns_lookup::DNS_PORT);
    }
});
