//! Asks nginx, haproxy, `httparse` and chapter 13's answer what they make of odd messages, and puts the two proxies in
//! front of our server.
//!
//! ```text
//! cargo run -p races --example http_judges             # prints the tables
//! cargo run -p races --example http_judges -- --keep   # and writes what the others say into the corpus
//! ```
//!
//! Fails when ours does not do as the corpus says, when it does otherwise than a judge and the corpus has no reason for
//! it, and when a request reaches our server that the proxy before it did not send. nginx and haproxy are proxies here,
//! so they have to read a body to its end, and of a response one sees what they let through. Everybody listens on Unix
//! sockets in a folder of this run. Who is not installed is left out, with a word.

#[cfg(unix)]
extern crate concurrent_server_solution as concurrent_server;
#[cfg(unix)]
extern crate http1_solution as http1;

#[cfg(unix)]
#[path = "../../../13-http1/author/corpus/mod.rs"]
mod corpus;
#[cfg(unix)]
mod in_a_row;
#[cfg(unix)]
mod judges;
#[cfg(unix)]
#[path = "../../../13-http1/author/ours.rs"]
mod ours;
#[cfg(unix)]
mod proxies;

#[cfg(not(unix))]
fn main() {
    println!("left out: this is not Unix");
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let keeps = std::env::args().any(|argument| argument == "--keep");
    let folder = proxies::Folder::new();
    let mut complaints = judges::judge(&folder, keeps);
    complaints.extend(in_a_row::smuggles(&folder));
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => std::process::ExitCode::SUCCESS,
        n => {
            println!("{n} complaints");
            std::process::ExitCode::FAILURE
        }
    }
}
