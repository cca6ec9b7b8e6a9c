//! Step 2: the bytes come together.

use netlab::{Lab, lab};
use tcp_receive::Assembler;

use super::model::{Model, said};
use netlab::Dice;

fn assembler(lab: &Lab, capacity: usize) -> Assembler {
    lab.you(&format!("Assembler::new({capacity})"), || {
        Assembler::new(capacity)
    })
}

fn push(lab: &Lab, a: &mut Assembler, at: u64, data: &[u8]) {
    let shown = match data.len() {
        0..=24 => format!("{:?}", String::from_utf8_lossy(data)),
        len => format!("{len} bytes"),
    };
    lab.you(&format!("push({at}, {shown})"), || a.push(at, data));
}

/// Demands what a read gives.
fn reads(lab: &Lab, a: &mut Assembler, max: usize, want: &str) {
    let call = format!("read({max})");
    let got = lab.you(&call, || a.read(max));
    lab.same_bytes(&format!("what {call} gives"), &got, want.as_bytes());
}

/// Demands what is missing.
fn holes(lab: &Lab, a: &Assembler, want: &str) {
    let got = lab.you("holes()", || format!("{:?}", a.holes()));
    lab.same("holes()", got.as_str(), want);
}

#[test]
fn s2_bytes_in_order_can_be_read() {
    lab(|lab| {
        let mut a = assembler(lab, 100);
        lab.because("Nothing has come.").same("next()", a.next(), 0);
        reads(
            &lab.because("Nothing has come, so there is nothing to read. That is not an error."),
            &mut a,
            10,
            "",
        );
        push(lab, &mut a, 0, b"hello");
        lab.because("Bytes 0 to 4 are here. The first one that is missing is at 5.")
            .same("next()", a.next(), 5);
        push(lab, &mut a, 5, b", world");
        lab.because("The second piece begins where the first one ends.")
            .same("next()", a.next(), 12);
        lab.because("5 and 7 bytes, and no hole.")
            .same("readable()", a.readable(), 12);
        reads(
            &lab.because(
                "A stream has no message borders: bytes of two pieces can be read at once. 100 is the most that is asked for, and fewer are here.",
            ),
            &mut a,
            100,
            "hello, world",
        );
        lab.because("Reading takes the bytes out. It does not change which byte is missing.")
            .same("next()", a.next(), 12);
        lab.because("12 bytes have been read, so none is left to read.")
            .same("readable()", a.readable(), 0);
        push(lab, &mut a, 12, b"!");
        reads(
            &lab.because("Positions go on where they were: the next byte is at 12."),
            &mut a,
            100,
            "!",
        );
    });
}

#[test]
fn s2_reads_of_any_size_give_the_same_stream() {
    lab(|lab| {
        lab.why("A read gives as many bytes as are asked for, or fewer if no more can be read. It goes on where the last one ended, whatever the pieces were.");
        let mut a = assembler(lab, 100);
        push(lab, &mut a, 0, b"abc");
        push(lab, &mut a, 3, b"defghij");
        reads(lab, &mut a, 2, "ab");
        reads(lab, &mut a, 0, "");
        reads(lab, &mut a, 3, "cde");
        push(lab, &mut a, 10, b"klm");
        reads(lab, &mut a, 1, "f");
        reads(lab, &mut a, 1000, "ghijklm");
        reads(lab, &mut a, 1000, "");
        push(lab, &mut a, 13, b"n");
        reads(
            &lab.because(
                "There is no memory for usize::MAX bytes. Only bytes that have come are read.",
            ),
            &mut a,
            usize::MAX,
            "n",
        );
    });
}

#[test]
fn s2_what_lies_behind_a_hole_waits() {
    lab(|lab| {
        let mut a = assembler(lab, 100);
        push(lab, &mut a, 0, b"abc");
        push(lab, &mut a, 6, b"ghi");
        lab.because("Bytes 3 to 5 are missing, so the next expected one is 3.")
            .same("next()", a.next(), 3);
        lab.because("abc can be read. ghi must wait, or the program would get abcghi.")
            .same("readable()", a.readable(), 3);
        lab.because("ghi must be kept. If it is thrown away, its sender must send it again.")
            .same("waiting()", a.waiting(), 3);
        lab.because("The last byte that has come is at 8.")
            .same("top()", a.top(), 9);
        reads(
            &lab.because("A hole ends what can be read."),
            &mut a,
            100,
            "abc",
        );
        push(lab, &mut a, 3, b"def");
        lab.because("The hole is filled: nothing is missing before 9.")
            .same("next()", a.next(), 9);
        lab.because("Nothing waits any more.")
            .same("waiting()", a.waiting(), 0);
        reads(
            &lab.because("The waiting bytes were kept, and follow the bytes that filled the hole."),
            &mut a,
            100,
            "defghi",
        );
        lab.because("The last byte that has come is at 8, read or not.")
            .same("top()", a.top(), 9);
    });
}

#[test]
fn s2_six_pieces_in_all_720_orders() {
    lab(|lab| {
        let text = b"This came in six parts, in any order there is.";
        let cuts = [0, 5, 6, 17, 24, 40, text.len()];
        let mut order = [0, 1, 2, 3, 4, 5];
        permute(&mut order, 6, &mut |order| {
            lab.scene(format!("the pieces come in the order {order:?}"));
            let mut a = assembler(lab, text.len());
            for &n in order {
                push(lab, &mut a, cuts[n] as u64, &text[cuts[n]..cuts[n + 1]]);
            }
            reads(&lab.because("The pieces belong to one stream, whatever order they come in. Keep pieces that come early: the sender resends only the missing ones."), &mut a, 100, std::str::from_utf8(text).expect("text"));
        });
    });
}

/// All orders (B. R. Heap, 1963).
fn permute(order: &mut [usize; 6], n: usize, visit: &mut impl FnMut(&[usize; 6])) {
    if n == 1 {
        return visit(order);
    }
    for i in 0..n {
        permute(order, n - 1, visit);
        order.swap(if n.is_multiple_of(2) { i } else { 0 }, n - 1);
    }
}

#[test]
fn s2_a_piece_that_comes_again_changes_nothing() {
    lab(|lab| {
        let mut a = assembler(lab, 100);
        push(lab, &mut a, 0, b"abc");
        push(lab, &mut a, 0, b"abc");
        lab.because("These bytes have already come. Do not count them as 6 bytes.")
            .same("readable()", a.readable(), 3);
        push(lab, &mut a, 6, b"ghi");
        push(lab, &mut a, 6, b"ghi");
        lab.because("These bytes wait already.")
            .same("waiting()", a.waiting(), 3);
        reads(lab, &mut a, 3, "abc");
        push(lab, &mut a, 0, b"abc");
        lab.because("These bytes were read. They must not come twice.")
            .same("readable()", a.readable(), 0);
        lab.because("The next byte that is missing is still at 3.")
            .same("next()", a.next(), 3);
        push(lab, &mut a, 1, b"bcdef");
        lab.because("b and c have been read; d, e and f are new.")
            .same("next()", a.next(), 9);
        reads(&lab.because("A segment that is sent again may be cut elsewhere: its beginning is old, its end is new."), &mut a, 100, "defghi");
    });
}

#[test]
fn s2_sixteen_overlaps() {
    lab(|lab| {
        // The stream that results: where both have a byte, the first one counts.
        let shapes = [
            ("before it, with a gap", 2, 4),
            ("before it, touching it", 4, 4),
            ("over its first byte", 4, 5),
            ("over its beginning", 4, 8),
            ("up to its end", 4, 12),
            ("over all of it", 4, 16),
            ("its first byte alone", 8, 1),
            ("its beginning", 8, 3),
            ("just itself", 8, 8),
            ("from its beginning past its end", 8, 12),
            ("inside it", 10, 4),
            ("its last byte alone", 15, 1),
            ("its end", 12, 4),
            ("from inside past its end", 12, 8),
            ("behind it, touching it", 16, 4),
            ("behind it, with a gap", 18, 4),
        ];
        for (shape, at, len) in shapes {
            for first_is_read in [false, true] {
                let what = if first_is_read {
                    "read already"
                } else {
                    "waiting"
                };
                lab.scene(format!(
                    "bytes 8 to 15 are {what}; then a piece comes: {shape}"
                ));
                let mut a = assembler(lab, 64);
                let mut want = [b'.'; 24];
                want[at..at + len].fill(b'x');
                if first_is_read {
                    push(lab, &mut a, 0, b"........bbbbbbbb");
                    reads(lab, &mut a, 16, "........bbbbbbbb");
                    want[..8].fill(b'.');
                } else {
                    push(lab, &mut a, 8, b"bbbbbbbb");
                }
                want[8..16].fill(b'b');
                push(lab, &mut a, at as u64, &vec![b'x'; len]);
                let here = (0..24).filter(|i| want[*i] != b'.').count();
                lab.because("Each byte of the stream counts once, however many pieces brought it.")
                    .same(
                        "next() and waiting(), added",
                        a.next() as usize + a.waiting(),
                        match (first_is_read, want[7]) {
                            (true, _) => here + 8,
                            (false, _) => here,
                        },
                    );
                push(lab, &mut a, 0, &[b'.'; 24]);
                lab.why(
                    "The first byte that comes for a place stays (b), the others of the piece are new (x), and the rest was \
                     missing (.). No byte comes twice, and none is lost.",
                );
                let from = if first_is_read { 16 } else { 0 };
                let rest = std::str::from_utf8(&want[from..]).expect("text");
                reads(lab, &mut a, 64, rest);
            }
        }
    });
}

#[test]
fn s2_one_piece_over_many() {
    lab(|lab| {
        lab.why(
            "A long piece covers several that wait, and the holes between them. The holes are filled from it (small letters), \
             and what waits stays as it was (capital letters): the first byte for a place counts.",
        );
        let mut a = assembler(lab, 100);
        for (at, data) in [(2, "CC"), (6, "G"), (9, "JKL"), (14, "O")] {
            push(lab, &mut a, at, data.as_bytes());
        }
        push(lab, &mut a, 1, b"bcdefghijklmn");
        holes(
            &lab.because("The piece has filled every hole but the first."),
            &a,
            "[0..1]",
        );
        push(lab, &mut a, 0, b"a");
        reads(lab, &mut a, 100, "abCCefGhiJKLmnO");

        lab.why("The same from the front: it fills all holes at once.");
        let mut a = assembler(lab, 100);
        for (at, data) in [(2, "CC"), (6, "G"), (9, "JKL")] {
            push(lab, &mut a, at, data.as_bytes());
        }
        push(lab, &mut a, 0, b"abcdefghij");
        reads(lab, &mut a, 100, "abCCefGhiJKL");
    });
}

#[test]
fn s2_holes_are_what_is_missing() {
    lab(|lab| {
        let mut a = assembler(lab, 100);
        holes(
            &lab.because("No byte has come, so nothing is missing before it."),
            &a,
            "[]",
        );
        push(lab, &mut a, 10, b"kl");
        holes(
            &lab.because("Everything before the piece is missing."),
            &a,
            "[0..10]",
        );
        push(lab, &mut a, 20, b"uv");
        push(lab, &mut a, 5, b"f");
        holes(
            &lab.because("Three pieces wait, and there is a hole before each."),
            &a,
            "[0..5, 6..10, 12..20]",
        );
        push(lab, &mut a, 12, b"mn");
        push(lab, &mut a, 18, b"st");
        holes(
            &lab.because("Pieces that touch have no hole between them."),
            &a,
            "[0..5, 6..10, 14..18]",
        );
        push(lab, &mut a, 0, b"abcde");
        holes(
            &lab.because("What can be read is not missing."),
            &a,
            "[6..10, 14..18]",
        );
        a.read(3);
        holes(
            &lab.because(
                "A position is the number of bytes before it in the stream, whether or not they were read: reading moves no hole.",
            ),
            &a,
            "[6..10, 14..18]",
        );
        push(lab, &mut a, 6, b"ghijklmnopqrstuv");
        holes(
            &lab.because("Nothing is missing before the last byte."),
            &a,
            "[]",
        );
    });
}

#[test]
fn s2_what_has_no_room_is_cut_off() {
    lab(|lab| {
        let mut a = assembler(lab, 8);
        push(lab, &mut a, 0, b"abcdefghij");
        lab.because("There is room for 8 bytes. The other two will be sent again.")
            .same("readable()", a.readable(), 8);
        push(lab, &mut a, 8, b"ij");
        push(lab, &mut a, 20, b"uv");
        lab.because(
            "There is room for the 8 bytes after the last byte that was read, and none was read: positions 0 to 7. (Room is not counted from next().)",
        )
        .same("next() and waiting()", (a.next(), a.waiting()), (8, 0));
        reads(
            &lab.because("What did not fit is not here."),
            &mut a,
            100,
            "abcdefgh",
        );

        lab.scene("a piece that waits");
        let mut a = assembler(lab, 8);
        push(lab, &mut a, 5, b"fghij");
        lab.because(
            "Room is for positions 0 to 7, whether bytes come in order or not: f, g and h fit.",
        )
        .same("waiting()", a.waiting(), 3);
        push(lab, &mut a, 8, b"i");
        lab.because("Position 8 is outside.")
            .same("top()", a.top(), 8);
        push(lab, &mut a, 0, b"abcde");
        reads(
            &lab.because("Bytes 0 to 7 are here."),
            &mut a,
            100,
            "abcdefgh",
        );
        push(lab, &mut a, 8, b"ijklmnopq");
        reads(
            &lab.because("There is room for 8 bytes again: positions 8 to 15."),
            &mut a,
            100,
            "ijklmnop",
        );
    });
}

#[test]
fn s2_the_window_is_the_room_behind_next() {
    lab(|lab| {
        for capacity in [10, 4000] {
            lab.scene(format!("room for {capacity} bytes"));
            let mut a = assembler(lab, capacity);
            lab.because("Nothing is here.")
                .same("window()", a.window(), capacity);
            push(lab, &mut a, 0, b"abc");
            lab.because("3 bytes can be read, and take room until they are.")
                .same("window()", a.window(), capacity - 3);
            push(lab, &mut a, 6, b"gh");
            lab.because(
                "The window begins at next(), so the waiting bytes and the hole before them lie in it. They do not make it smaller.",
            )
            .same("window()", a.window(), capacity - 3);
            a.read(2);
            lab.because("2 bytes are read, and their room is free.")
                .same("window()", a.window(), capacity - 1);
            push(lab, &mut a, 3, b"def");
            lab.because("8 bytes are here without a hole, 2 are read.")
                .same("window()", a.window(), capacity - 6);
            a.read(100);
            lab.because("All is read: all room is free.")
                .same("window()", a.window(), capacity);
        }
        lab.scene("room for 1 byte");
        let mut a = assembler(lab, 1);
        push(lab, &mut a, 0, b"ab");
        lab.because("The room is full.")
            .same("window()", a.window(), 0);
        reads(&lab.because("b had no room."), &mut a, 9, "a");
        push(lab, &mut a, 0, b"abc");
        reads(
            &lab.because(
                "a was read at place 0, and must not come twice. b has room now, and c has none.",
            ),
            &mut a,
            9,
            "b",
        );
    });
}

#[test]
fn s2_reading_makes_room_for_what_follows() {
    lab(|lab| {
        lab.why("Room is counted from the first byte that has not been read.");
        let mut a = assembler(lab, 4);
        push(lab, &mut a, 0, b"abcd");
        push(lab, &mut a, 4, b"ef");
        reads(lab, &mut a, 1, "a");
        push(lab, &mut a, 5, b"f");
        lab.because("Room is for positions 1 to 4.")
            .same("top()", a.top(), 4);
        push(lab, &mut a, 4, b"ef");
        lab.because("e fits, f does not.")
            .same("next()", a.next(), 5);
        reads(lab, &mut a, 2, "bc");
        push(lab, &mut a, 6, b"ghi");
        lab.because("Room is for positions 3 to 6: g fits, and waits for f.")
            .same("top()", a.top(), 7);
        push(lab, &mut a, 5, b"f");
        reads(lab, &mut a, 100, "defg");
    });
}

#[test]
fn s2_empty_pieces_and_far_ones() {
    lab(|lab| {
        let mut a = assembler(lab, 10);
        push(lab, &mut a, 0, b"ab");
        for at in [0, 2, 5, 12, u64::MAX] {
            push(lab, &mut a, at, b"");
            lab.because("An empty piece brings no bytes, so nothing is missing before it.")
                .same(
                    "next(), top() and holes()",
                    (a.next(), a.top(), a.holes()),
                    (2, 2, vec![]),
                );
        }
        for at in [12, 1 << 32, (1 << 32) + 2, u64::MAX - 1, u64::MAX] {
            push(lab, &mut a, at, b"xyz");
            lab.because("A piece may begin anywhere, and this one lies behind the room.")
                .same(
                    "next(), top() and waiting()",
                    (a.next(), a.top(), a.waiting()),
                    (2, 2, 0),
                );
        }
    });
}

#[test]
fn s2_storms_of_pieces_give_the_stream() {
    lab(|lab| {
        for seed in lab.seeds(100) {
            let mut dice = Dice::new(seed);
            let capacity = 1 + dice.below(40) as usize;
            lab.scene(format!("room for {capacity} bytes"));
            let mut a = assembler(lab, capacity);
            let mut model = Model::new(capacity);
            for step in 0..60_u8 {
                if dice.one_in(4) {
                    let max = dice.below(20) as usize;
                    let (from, want) = (model.next(), model.read(max));
                    let call = format!("read({max})");
                    let got = lab.you(&call, || a.read(max));
                    lab.because(where_they_differ(from, &got, &want))
                        .same_bytes(&format!("what {call} gives"), &got, &want);
                } else {
                    let at = (model.next() + dice.below(24)).saturating_sub(8);
                    let data = vec![b'A' + step; dice.below(16) as usize];
                    push(lab, &mut a, at, &data);
                    model.push(at, &data, false);
                }
                let got = said(
                    a.next(),
                    a.readable(),
                    a.waiting(),
                    a.window(),
                    a.top(),
                    &a.holes(),
                );
                lab.because(
                    "Compared with a list that has one place for each byte: the first byte for a place stays, and there are \
                     only places for the room behind what was read.",
                )
                .same("what it says of itself", got.as_str(), &model.says());
            }
        }
    });
}

/// What is wrong with what was read from this position on, where each piece has a letter of its own.
fn where_they_differ(from: u64, got: &[u8], want: &[u8]) -> String {
    let place = got.iter().zip(want).position(|(got, want)| got != want);
    match place.map(|i| (from + i as u64, char::from(want[i]), char::from(got[i]))) {
        Some((place, first, other)) => format!(
            "The byte at position {place} is {first}: this piece came first for it. {other} came later, or belongs to another place. The first byte for a place stays."
        ),
        None => format!(
            "From position {from} on, {} bytes have come without a hole, as many as are asked for.",
            want.len()
        ),
    }
}

#[test]
fn s2_any_number_of_holes() {
    lab(|lab| {
        for count in [100, 2000] {
            lab.scene(format!("room for {} bytes", 2 * count + 1));
            let mut a = assembler(lab, 2 * count + 1);
            let what = format!("push(1, \"x\"), push(3, \"x\") and so on, {count} times");
            lab.you(&what, || {
                for n in 0..count as u64 {
                    a.push(1 + 2 * n, b"x");
                }
            });
            lab.why(
                "Every second byte has come, with a hole before each. Bytes behind a hole are kept, however many holes there are: the window bounds their number.",
            );
            lab.same(
                "waiting(), and how many holes()",
                (a.waiting(), a.holes().len()),
                (count, count),
            );
            push(lab, &mut a, 0, &vec![b'.'; 2 * count + 1]);
            lab.why("One long piece has filled all holes, and the last free place.");
            let whole = ".x".repeat(count) + ".";
            reads(lab, &mut a, usize::MAX, &whole);
        }
    });
}

#[test]
fn s2_a_room_of_more_than_64_kib() {
    lab(|lab| {
        const LARGE: usize = 200_000;
        let stream = netlab::script::stream(7, LARGE);
        let mut a = assembler(lab, LARGE);
        lab.because(
            "Step 5 handles the 16 bits of the window field. Here there is room for all of it.",
        )
        .same("window()", a.window(), LARGE);
        push(lab, &mut a, 130_000, &stream[130_000..]);
        lab.why("70000 bytes wait, far behind one long hole.");
        holes(lab, &a, "[0..130000]");
        lab.same(
            "waiting() and top()",
            (a.waiting(), a.top()),
            (70_000, 200_000),
        );
        push(lab, &mut a, 0, &stream[..130_000]);
        lab.because("The hole is filled, by one piece.").same(
            "readable() and window()",
            (a.readable(), a.window()),
            (LARGE, 0),
        );
        for (max, want) in [(70_000, &stream[..70_000]), (usize::MAX, &stream[70_000..])] {
            let call = format!("read({max})");
            let got = lab.you(&call, || a.read(max));
            lab.because("All requested bytes have come, in order and without a hole.")
                .same_bytes(&format!("what {call} gives"), &got, want);
        }
    });
}

const ROOM: usize = 4096;
/// How much more memory it may have than before, in KiB.
const MEMORY: u64 = 1024;

#[test]
fn s2_memory_is_bounded_by_the_capacity() {
    lab(|lab| {
        // Other tests of this process take memory, too, so it is tried again: what an answer keeps, it keeps each time. No
        // one takes the memory of the one before, since all of them stay, and since each long piece is twice the last one.
        let mut all = Vec::new();
        let mut least = u64::MAX;
        while all.len() < 5 && least >= MEMORY {
            lab.scene(format!("room for {ROOM} bytes"));
            let mut a = assembler(lab, ROOM);
            let long = vec![0; (4 << 20) << all.len()];
            let mut grown = grows(lab, &mut a);
            // What it keeps it is to keep: the long piece fills the hole, and would free it for the next try.
            if grown < MEMORY {
                grown = grown.max(grows_by_a_long_piece(lab, &mut a, &long));
            }
            least = least.min(grown);
            all.push(a);
        }
        lab.because(
            "A stranger decides what comes, and how often: here 2 MB for a room of 4 KiB, and then more. Do not keep repeated bytes, bytes without room, empty pieces or bytes that were read, not even for a while. A kept byte may cost some tens of bytes.",
        )
        .holds(
            least < MEMORY,
            format!("less than {MEMORY} KiB more memory than before"),
            format!("{least} KiB more"),
        );
    });
}

/// What comes, how often, and the piece with this number from the first byte on that has not come.
type Storm<'a> = (&'a str, u64, &'a dyn Fn(&mut Assembler, u64, u64));

/// By how many KiB memory has grown behind each of some storms, at most; the first one that is too much ends it.
fn grows(lab: &Lab, a: &mut Assembler) -> u64 {
    const TOP: u64 = ROOM as u64;
    let data = [7; 1000];
    let storms: [Storm; 6] = [
        (
            "push(…, 1 byte), each behind a hole of its own",
            TOP / 2,
            &|a, next, n| a.push(next + 1 + 2 * n, &data[..1]),
        ),
        (
            "push(…, 1000 bytes), each one byte before the last one",
            2600,
            &|a, next, n| a.push(next + TOP - 1 - n, &data),
        ),
        (
            "push(…, some 1000 bytes) behind one hole",
            2000,
            // No two of them are the same piece.
            &|a, next, n| a.push(next + 1 + n * 919 % 3000, &data[..1000 - n as usize % 7]),
        ),
        ("push(…, an empty piece)", 400_000, &|a, next, _| {
            a.push(next + 1, &[])
        }),
        (
            "push(…, 1000 bytes) behind the room",
            2000,
            &|a, next, n| a.push(next + TOP + n * 1000, &data),
        ),
        (
            "read(4096) and push(…, 1000 bytes) in order",
            2000,
            &|a, _, _| {
                a.read(ROOM);
                a.push(a.next(), &data);
            },
        ),
    ];
    let before = memory("VmRSS:");
    let grown = || memory("VmRSS:").saturating_sub(before);
    for (what, count, storm) in storms {
        let next = a.next();
        // Several calls: an answer that is slow has its time for each.
        for tenth in 0..10 {
            lab.you(&format!("{what}, {} times", count / 10), || {
                (count * tenth / 10..count * (tenth + 1) / 10).for_each(|n| storm(a, next, n))
            });
        }
        lab.because(
            "At most the capacity is kept, and at least one byte is missing or can be read.",
        )
        .holds(
            a.waiting() < ROOM,
            "less than 4096 bytes waiting",
            a.waiting(),
        );
        if grown() >= MEMORY {
            break;
        }
        a.push(next, &[7; ROOM]);
        a.read(ROOM);
    }
    grown()
}

/// By how many KiB memory grows while a piece is taken that has little room, also if that is free again behind it.
fn grows_by_a_long_piece(lab: &Lab, a: &mut Assembler, long: &[u8]) -> u64 {
    // The peak is to begin anew (proc_pid_clear_refs(5)).
    if std::fs::write("/proc/self/clear_refs", "5").is_err() {
        return 0;
    }
    let before = memory("VmHWM:");
    for hole in [1, 0] {
        let at = a.next() + hole;
        lab.you(&format!("push({at}, {} bytes)", long.len()), || {
            a.push(at, long)
        });
    }
    memory("VmHWM:").saturating_sub(before)
}

/// The memory that this process has or had at its peak, in KiB, where the system tells (Linux).
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|line| line.strip_prefix(what));
    size.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
