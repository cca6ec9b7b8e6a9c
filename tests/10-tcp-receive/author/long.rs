//! A stream of more than 4 GiB: its numbers wrap, and begin to wrap again. (An answer by single bytes would take minutes, so
//! this is asked of the reference alone.)

use std::time::Duration;

use tcp_open::{Segment, Seq};
use tcp_receive_solution::{AckPlan, Receiver};

#[test]
fn five_gib_come_through() {
    const WINDOW: u64 = 65535;
    let mut receiver = Receiver::new(Seq(1000), WINDOW as usize, 1000);
    let mut segment = Segment {
        seq: Seq(1001),
        payload: vec![7; WINDOW as usize],
        ..Segment::default()
    };
    let mut ack = Segment::default();
    for n in 1..=(5 << 30) / WINDOW {
        receiver.on_segment(Duration::ZERO, &segment);
        assert_eq!(receiver.read(usize::MAX).len() as u64, WINDOW);
        assert_eq!(receiver.plan(Duration::ZERO), AckPlan::Now);
        receiver.stamp(&mut ack);
        segment.seq = Seq(1001) + (n * WINDOW) as u32;
        assert_eq!((ack.ack, ack.window), (Some(segment.seq), WINDOW as u16));
    }
}
