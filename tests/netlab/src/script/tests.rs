//! Tests of the notation.

use std::time::Duration;

use super::*;

/// Answers a SYN with a SYN,ACK, which it repeats once, a second later.
#[derive(Default)]
struct Toy {
    wake_at: Option<Duration>,
    read: Vec<u8>,
    sent: Vec<u8>,
    wrong: bool,
}

impl Toy {
    fn answer() -> Segment {
        Segment {
            seq: 300,
            ack: Some(101),
            syn: true,
            window: 500,
            mss: Some(1460),
            ..Segment::default()
        }
    }
}

impl Machine for Toy {
    fn call(&mut self, _now: Duration, call: &Call) -> Reaction {
        let mut reaction = Reaction::default();
        match call.name.as_str() {
            "send" => {
                let taken = call.data.len().min(4);
                self.sent.extend(&call.data[..taken]);
                reaction.segments.push(Segment {
                    seq: 301,
                    payload: self.sent.iter().map(|b| b ^ u8::from(self.wrong)).collect(),
                    ..Segment::default()
                });
                reaction.gives = Some(Gives::Word(taken.to_string()));
            }
            "recv" => reaction.gives = Some(Gives::Bytes(std::mem::take(&mut self.read))),
            _ => {}
        }
        reaction
    }

    fn arrives(&mut self, now: Duration, segment: &Segment) -> Reaction {
        let mut reaction = Reaction::default();
        if segment.syn {
            self.wake_at = Some(now + Duration::from_secs(1));
            reaction.told.push("asked".into());
            reaction.segments.push(Toy::answer());
        }
        self.read.extend(&segment.payload);
        reaction.wake_at = self.wake_at;
        reaction
    }

    fn tick(&mut self, _now: Duration) -> Reaction {
        self.wake_at = None;
        Reaction {
            segments: vec![Toy::answer()],
            ..Reaction::default()
        }
    }

    fn state(&self, _peer: &str) -> String {
        "LISTEN".into()
    }

    fn vars(&self, _peer: &str) -> Vec<(&'static str, String)> {
        vec![("SND.UNA", "4294967295".into())]
    }
}

fn played(text: &str) -> Result<(), Box<Mismatch>> {
    let script = Script::parse(text).unwrap_or_else(|mistake| panic!("{mistake}"));
    play(&script, &mut Toy::default(), &mut |_| {})
}

fn mismatch(text: &str) -> Mismatch {
    *played(text).expect_err("it must not come true")
}

#[test]
fn a_script_comes_true() {
    let text = "
        with colour=blue
        # A heading
        0  listen()                          LISTEN SND.UNA=0xffffffff
        25 ms  <-- SYN seq 100 mss 1460
           --> SYN,ACK seq 300 ack 101 mss 1460
           asked
        1 s nothing
        1.025 s --> SYN,ACK seq 300 ack 101 win 500    lost
        2000    nothing
    ";
    // Its second comes with the moment 1025.
    assert_eq!(played(&text.replace("1 s nothing", "")), Ok(()));
    assert_eq!(played(text), Ok(()));
    let early = mismatch(&text.replace("1 s nothing", "1025 nothing"));
    assert_eq!(early.expected, "nothing until 1025 ms");
    assert_eq!(early.row, 6);
}

#[test]
fn a_moment_may_be_a_span() {
    let text = "0 <-- SYN seq 100\n --> SYN,ACK seq 300 ack 101\n asked\n200..1000 --> SYN,ACK seq 300 ack 101\n LISTEN";
    assert_eq!(played(text), Ok(()));
    let late = mismatch(&text.replace("..1000", "..999"));
    assert_eq!(
        late.got,
        "nothing leaves; your machine wants to be woken at 1000 ms"
    );
    let early = mismatch(&text.replace("200..1000", "1001..2000"));
    assert_eq!(early.got, "it leaves at 1000 ms");
}

#[test]
fn the_first_difference_is_named() {
    let cases = [
        (
            "--> SYN,ACK seq 300 ack 100",
            "--> SYN,ACK seq 300 ack 101 win 500 mss 1460: ack 101 instead of 100",
        ),
        ("--> ACK seq 300 ack 101", ": SYN,ACK instead of ACK"),
        ("--> SYN seq 300", ": SYN,ACK instead of SYN"),
        ("--> SYN,ACK seq 300 ack 101 len 5", ": len 0 instead of 5"),
        (
            "--> SYN,ACK seq 0xffffffff ack 101 mss 536",
            ": seq 300 instead of 0xffffffff, mss 1460 instead of 536",
        ),
        (
            "--> PSH,SYN,ACK seq 300 ack 101",
            ": SYN,ACK instead of SYN,PSH,ACK",
        ),
        ("c2: --> SYN,ACK seq 300 ack 101", ": another peer"),
        ("refused", "it is told `asked`"),
        ("SYN-SENT", "LISTEN"),
        ("SND.UNA=7", "4294967295"),
        ("SND.NXT=7", "no such variable"),
        ("500 <-- ACK seq 101 ack 301", "--> SYN,ACK seq 300"),
    ];
    for (line, got) in cases {
        let found = mismatch(&format!("0 <-- SYN seq 100\n# The reason.\n{line}"));
        assert!(found.got.contains(got), "{line}: {}", found.got);
        assert_eq!(found.row, 2, "{line}");
        let is_surplus = line.starts_with("500");
        let why = match line {
            _ if is_surplus => "",
            "SND.UNA=7" => {
                "SND.UNA is the oldest number of ours that is not acknowledged.\nThe reason."
            }
            "SND.NXT=7" => "SND.NXT is the number of what we send next.\nThe reason.",
            "--> SYN,ACK seq 300 ack 100" => {
                "ack is the number that we want next, RCV.NXT.\nThe reason."
            }
            "--> SYN,ACK seq 0xffffffff ack 101 mss 536" => {
                "seq is our first number in the segment. One that uses none (no byte, no SYN, no FIN) has SND.NXT. mss is the largest payload that we want. Each SYN says it.\nThe reason."
            }
            _ => "The reason.",
        };
        assert_eq!(found.why, why);
        assert_eq!(found.variables(), "LISTEN, SND.UNA 4294967295");
    }
}

#[test]
fn only_a_syn_may_have_an_mss_option_that_the_script_does_not_say() {
    let sent = |syn, mss| Segment {
        syn,
        mss,
        ..Segment::default()
    };
    let demand = |syn, mss| Pattern {
        syn,
        mss,
        ..Pattern::default()
    };
    let differences = demand(false, None).differences(&sent(false, Some(9)));
    assert_eq!(differences, ["mss 9, which only a SYN may have"]);
    for (syn, want, got) in [
        (true, None, Some(9)),
        (false, Some(9), Some(9)),
        (false, None, None),
    ] {
        assert!(demand(syn, want).differences(&sent(syn, got)).is_empty());
    }
}

#[test]
fn psh_may_be_there_unless_a_line_says_so() {
    for (line, psh, wrong) in [
        ("ACK seq 1 ack 1", false, None),
        ("ACK seq 1 ack 1", true, None),
        ("PSH,ACK seq 1 ack 1", true, None),
        ("PSH,ACK seq 1 ack 1", false, Some("ACK instead of PSH,ACK")),
        ("ACK seq 1 ack 1 no PSH", false, None),
        (
            "ACK seq 1 ack 1 no PSH",
            true,
            Some("PSH,ACK instead of ACK"),
        ),
    ] {
        let script = Script::parse(&format!("--> {line}")).expect("a script");
        let What::Leaves(pattern) = &script.lines()[0].items[0].what else {
            panic!("a segment leaves");
        };
        assert_eq!(pattern.to_string(), line);
        let sent = Segment {
            seq: 1,
            ack: Some(1),
            psh,
            ..Segment::default()
        };
        let wrong: Vec<&str> = wrong.into_iter().collect();
        assert_eq!(pattern.differences(&sent), wrong, "{line}");
    }
}

#[test]
fn what_comes_and_is_in_no_line_is_wrong_and_what_caused_it_is_why() {
    let found = mismatch("0 <-- SYN seq 100 # It is answered once.\n --> SYN,ACK seq 300 ack 101");
    assert_eq!(found.got, "the program is told `asked`");
    assert_eq!((found.row, found.why.as_str()), (2, "It is answered once."));
    let found = mismatch("0 <-- SYN seq 100\n asked");
    assert!(found.got.starts_with("--> SYN,ACK"), "{}", found.got);
    let found = mismatch("0 <-- SYN seq 100\n --> SYN,ACK seq 300 ack 101\n --> ACK seq 1 ack 1");
    assert_eq!(found.got, "nothing leaves; the program is told `asked`");
    let found = mismatch("0 listen()\n90 --> SYN seq 1");
    assert_eq!(
        found.got,
        "nothing leaves; your machine does not want to be woken"
    );
    assert_eq!(found.at, Duration::from_millis(90));
}

#[test]
fn bytes_have_their_places() {
    let text = "
        0 send(3) = 3
          --> seq 301 len 3
          send(9) = 4
          --> seq 301 len 7
          <-- ACK seq 900 ack 1 len 6
          <-- seq 906 \"hello\"
          recv() = 11
          recv() = 0
          <-- seq 911 \"a \\\"b\\\" # (c\"
          recv() = \"a \\\"b\\\" # (c\"
    ";
    assert_eq!(played(text), Ok(()));
    let found = mismatch(&text.replace("recv() = 11", "recv() = 10"));
    assert_eq!(
        (found.expected.as_str(), found.got.as_str()),
        ("recv() = 10", "11")
    );
    let found = mismatch(&text.replace("<-- seq 906", "<-- seq 907"));
    assert_eq!(found.got, "recv(): not the byte that came with seq 906");
    let script = Script::parse("send(\"ab\")\n--> seq 301 len 2").unwrap();
    let mut toy = Toy {
        wrong: true,
        ..Toy::default()
    };
    let found = play(&script, &mut toy, &mut |_| {}).unwrap_err();
    assert!(found.got.ends_with("for seq 301"), "{}", found.got);
    let parts: std::collections::BTreeSet<_> =
        stream(0, 4000).windows(4).map(<[u8]>::to_vec).collect();
    assert!(parts.len() > 3900, "{}", parts.len());
}

#[test]
fn peers_have_names_and_judges_lines_of_their_own() {
    let script = Script::parse(
        "0 c2: <-- SYN seq 5  c3: ESTABLISHED\n linux c2: --> RST seq 9 refused\n ours send(c2, 5)",
    );
    let script = script.unwrap();
    let items: Vec<_> = script.lines().iter().flat_map(|line| &line.items).collect();
    let peers: Vec<_> = items
        .iter()
        .map(|item| (item.peer.as_str(), item.whom))
        .collect();
    let (both, linux, ours) = (Whom::Both, Whom::Linux, Whom::Ours);
    assert_eq!(
        peers,
        [
            ("c2", both),
            ("c3", both),
            ("c2", linux),
            ("", linux),
            ("", ours)
        ]
    );
    let What::Call(call) = &items[4].what else {
        panic!("{items:?}")
    };
    assert_eq!(
        (call.text().as_str(), call.number(1)),
        ("send(c2, 5)", Some(5))
    );
}

#[test]
fn a_slip_of_the_pen_is_found() {
    let cases = [
        ("5 SYN,ACK", "`SYN,ACK` is nothing that a script can say"),
        ("0 --> ACK seq 5", "the flag ACK needs its number"),
        ("0 <-- SYN", "a segment that arrives needs its `seq`"),
        ("9 a()\n5 b()", "time goes back"),
        ("9", "a time, and nothing happens"),
        ("9x a()", "`9x` is no time"),
        ("0 --> seq 5 win 70000", "70000 does not fit 16 bits"),
        ("0 --> seq x", "`seq x`: no number of 32 bits"),
        ("0 --> seq 5 no FIN", "only `no PSH` can be said"),
        ("0 a(", "`a(` does not end with `)`"),
        ("0 a() =", "nothing stands behind `=`"),
        ("with x", "`x` is not NAME=VALUE"),
        ("0 a()\nwith x=1", "`with`"),
    ];
    for (text, what) in cases {
        let found = Script::parse(text).map(|_| ()).unwrap_err();
        assert!(found.what.contains(what), "{text}: {found}");
    }
    let places = [
        ("\n\n   # é\n   0 --> seq x", (4, 14)),
        ("  with x=1 y\n  0 a()", (1, 12)),
        ("0 a() # a\n\n0 \"é\" --> SYN", (3, 3)),
        ("0 --> seq 1 \"é\" win 70000", (1, 21)),
        ("0 a() =", (1, 8)),
        ("0 a()\nwith x=1", (2, 1)),
    ];
    for (text, place) in places {
        let found = Script::parse(text).map(|_| ()).unwrap_err();
        assert_eq!((found.line, found.column), place, "{text}: {found}");
    }
    let script = Script::parse("with iss=0xfffffffe mss=5 slip=7\n0 a()").unwrap();
    assert_eq!(script.number("iss", 0), 0xffff_fffe);
    assert_eq!((script.number("mss", 0), script.number("rto", 9)), (5, 9));
    assert_eq!(script.unread(), Some("slip"));
}
