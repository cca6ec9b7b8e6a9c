//! smoltcp's assembler as the judge of ours: the same pieces, the same holes.

use smoltcp::storage::Assembler as Theirs;
use tcp_receive_solution::Assembler;

const STORMS: u64 = 2000;

#[test]
fn smoltcp_sees_the_same_holes() {
    let mut dice = netlab::Dice::new(1);
    let mut below = |end: u64| dice.below(end);
    let (mut compared, mut with_holes) = (0, 0);
    for storm in 0..STORMS {
        let capacity = 1 + below(200);
        let mut ours = Assembler::new(capacity as usize);
        let mut theirs = Theirs::new();
        // It counts from the first byte that is missing, and knows nothing of room and of what was read.
        let (mut next, mut read) = (0, 0);
        for _ in 0..40 {
            let at = (next + below(100)).saturating_sub(20);
            let len = below(40);
            let begin = at.max(next);
            let end = (at + len).min(read + capacity);
            if begin < end {
                let added = theirs.add((begin - next) as usize, (end - begin) as usize);
                if added.is_err() {
                    continue; // It keeps a few ranges, four unless it is built with more.
                }
                next += theirs.remove_front() as u64;
            }
            ours.push(at, &vec![0; len as usize]);
            if below(3) == 0 {
                read += ours.read(below(60) as usize).len() as u64;
            }
            let mut holes = Vec::new();
            let mut from = next;
            for (begin, end) in theirs.iter_data(next as usize) {
                holes.push(from..begin as u64);
                from = end as u64;
            }
            assert_eq!(
                (next, &holes, from),
                (ours.next(), &ours.holes(), ours.top()),
                "storm {storm}: next, holes and top, theirs and ours"
            );
            compared += 1;
            with_holes += usize::from(!holes.is_empty());
        }
    }
    assert!(
        compared > 50_000 && with_holes > 20_000,
        "the storms are worth something: {compared}, {with_holes} of them with holes"
    );
}
