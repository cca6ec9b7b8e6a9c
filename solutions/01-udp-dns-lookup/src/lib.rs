//! A DNS look-up of one's own: from a name to addresses, over UDP and TCP.
//!
//! One module a step, in the order of `book/src/01-udp-dns-lookup.md`.

pub mod command_line;
pub mod s10_program;
#[cfg(feature = "library")]
pub mod s11_library;
pub mod s1_names;
pub mod s2_query;
pub mod s3_header;
pub mod s4_compression;
pub mod s5_message;
pub mod s6_udp;
pub mod s7_judge;
pub mod s8_tcp;
pub mod s9_lookup;

pub use command_line::{DNS_PORT, Request, USAGE};
pub use s1_names::{Name, NameError};
pub use s2_query::{
    CLASS_IN, Question, TYPE_A, TYPE_AAAA, TYPE_CNAME, TYPE_NS, TYPE_SOA, build_query,
};
pub use s3_header::{Header, ParseError, parse_header};
pub use s4_compression::read_name;
pub use s5_message::{Message, RData, Record, parse_message};
pub use s6_udp::{Judge, LookupError, Patience, Sent, Verdict, Why, exchange_udp};
pub use s7_judge::judge_reply;
pub use s8_tcp::{ask, exchange_tcp};
pub use s9_lookup::{Answer, MAX_CNAME_LINKS, lookup_ip};
pub use s10_program::{exit_code, nameserver_in, run};
#[cfg(feature = "library")]
pub use s11_library::lookup_ip_with_library;
