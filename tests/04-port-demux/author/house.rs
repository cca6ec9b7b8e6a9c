//! Tests of what the students are given. They run with the reference answer only.

use port_demux::{BadLine, FourTuple, SocketId};

#[test]
fn what_is_given_can_be_read() {
    let t = FourTuple {
        local: ([10, 0, 0, 5], 80).into(),
        remote: ([10, 0, 0, 7], 40000).into(),
    };
    assert_eq!(t.to_string(), "10.0.0.5:80 ↔ 10.0.0.7:40000");
    assert_eq!(SocketId(3).to_string(), "#3");
    let bad = BadLine {
        line: 3,
        text: "what?".to_owned(),
    };
    assert_eq!(bad.to_string(), "line 3: \"what?\"");
}
