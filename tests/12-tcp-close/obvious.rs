//! The close with which the page of chapter 12 opens, and the stories that break it.

// ANCHOR: obvious
/// A connection that is over when both sides have said FIN.
#[derive(Default)]
struct Connection {
    we: bool,
    they: bool,
}

impl Connection {
    /// What it answers.
    fn happens(&mut self, what: &str) -> &'static str {
        match what {
            _ if self.we && self.they => "RST", // it is gone
            "close()" => {
                self.we = true;
                "FIN"
            }
            "FIN" => {
                self.they = true;
                "ACK"
            }
            "RST" => {
                (self.we, self.they) = (true, true);
                "-"
            }
            "data" => "ACK",
            _ => "-",
        }
    }
}
// ANCHOR_END: obvious

fn main() {
    let stories: [(&str, &[&str]); 7] = [
        ("a quiet network", &["close()", "ACK", "FIN"]),
        ("our last ACK is lost", &["close()", "ACK", "FIN", "FIN"]),
        ("a FIN overtakes the data", &["FIN", "data", "close()"]),
        (
            "our FIN is lost",
            &["close()", "a second passes", "a minute passes"],
        ),
        ("the program has not read", &["data", "close()"]),
        ("a stranger's RST", &["data", "RST"]),
        (
            "data from yesterday",
            &["close()", "ACK", "FIN", "a new SYN", "old data"],
        ),
    ];
    for (name, story) in stories {
        let mut connection = Connection::default();
        print!("{name:26}");
        for what in story {
            print!("{what} → {}   ", connection.happens(what));
        }
        println!();
    }
}
