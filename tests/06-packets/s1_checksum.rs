//! Step 1: the Internet checksum.

use netlab::{Lab, hex, lab};
use packets::internet_checksum;

use super::wire::checksum;

/// Shows parts as `[12 34] [] [56]`, as far as they fit.
fn shown(parts: &[&[u8]]) -> String {
    let show = |part: &&[u8]| match part.len() {
        0..=24 => format!("[{}]", hex::all(part)),
        len => format!("[{len} bytes: {} …]", hex::all(&part[..8])),
    };
    match parts.len() {
        0 => "no part at all".to_owned(),
        1..=12 => parts.iter().map(show).collect::<Vec<_>>().join(" "),
        n => format!("{} … {n} parts", show(&parts[0])),
    }
}

/// Demands a checksum.
fn comes_to(lab: &Lab, parts: &[&[u8]], want: u16) {
    let what = shown(parts);
    lab.scene(format!("the parts: {what}"));
    let call = format!("internet_checksum({what})");
    let got = lab.you(&call, || internet_checksum(parts));
    lab.same(
        &format!("the checksum of {what}"),
        format!("{got:04x}"),
        format!("{want:04x}"),
    );
}

#[test]
fn s1_rfc1071_example() {
    lab(|lab| {
        lab.why("RFC 1071, section 3: 0001 + f203 + f4f5 + f6f7 = 2ddf0. The carry 2 is added to the lowest bits: ddf2. The checksum is its complement. A sum of 16 bits that wraps around loses the carry.");
        comes_to(
            lab,
            &[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]],
            0x220d,
        );
        // From an IP header with a checksum of 0 in it.
        let header = [
            0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00, 0xac, 0x10,
            0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c,
        ];
        comes_to(lab, &[&header], 0xb1e6);
    });
}

#[test]
fn s1_words_are_big_endian() {
    lab(|lab| {
        lab.why("The first byte of a word is its high one, as in all headers of TCP/IP.");
        comes_to(lab, &[&[0x00, 0x01]], 0xfffe);
        comes_to(lab, &[&[0x01, 0x00]], 0xfeff);
        comes_to(lab, &[&[0x12, 0x34]], 0xedcb);
    });
}

#[test]
fn s1_of_nothing_and_of_zeros() {
    lab(|lab| {
        lab.why("The sum of nothing is 0, and its complement is ffff. Zeros add nothing.");
        comes_to(lab, &[], 0xffff);
        comes_to(lab, &[&[]], 0xffff);
        comes_to(lab, &[&[], &[], &[]], 0xffff);
        comes_to(lab, &[&[0; 20]], 0xffff);
        comes_to(lab, &[&[0]], 0xffff);
        lab.why(
            "ffff is the other zero of one's-complement arithmetic: adding it changes nothing.",
        );
        comes_to(lab, &[&[0xff, 0xff]], 0);
        comes_to(lab, &[&[0xff; 20]], 0);
    });
}

#[test]
fn s1_two_folds() {
    lab(|lab| {
        lab.why("ffff + ffff + ffff + 0001 = 2fffe. Folded once: fffe + 2 = 10000, which has a carry again. Fold until there is none.");
        let words = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x01];
        comes_to(lab, &[&words], 0xfffe);
        lab.why("ffff, a hundred times, and 0063 = 63ffff. Folded once: ffff + 63 = 10062. Its carry makes it 0063.");
        let words = [&[0xff; 200][..], &[0x00, 0x63]].concat();
        comes_to(lab, &[&words], 0xff9c);
    });
}

#[test]
fn s1_an_odd_last_byte_is_a_high_byte() {
    lab(|lab| {
        lab.why(
            "An odd last byte is padded with a zero *behind* it: 12 counts as 1200, not as 0012.",
        );
        comes_to(lab, &[&[0x12]], 0xedff);
        comes_to(lab, &[&[0x00, 0x01, 0x12]], 0xedfe);
        comes_to(lab, &[&[0xff, 0xff, 0xff]], 0x00ff);
        comes_to(lab, &[&[0x80, 0x00, 0x80]], 0xfffe);
    });
}

#[test]
fn s1_every_length() {
    lab(|lab| {
        lab.why("The checksum covers all bytes to the end, whatever the length is: it leaves nothing out and counts nothing twice.");
        let bytes: Vec<u8> = (0..140_u8).map(|n| n.wrapping_mul(91) ^ 0xa5).collect();
        for len in 0..bytes.len() {
            comes_to(lab, &[&bytes[..len]], checksum(&bytes[..len]));
        }
    });
}

#[test]
fn s1_odd_part_boundaries() {
    lab(|lab| {
        lab.why("The same bytes, cut at another place, gave another checksum. The parts are one buffer: a part of odd length leaves half a word open, and the pad byte belongs at the very end, once.");
        let bytes: [u8; 11] = [
            0xf1, 0x02, 0xd3, 0x44, 0x95, 0xe6, 0x07, 0xb8, 0xc9, 0x1a, 0x7b,
        ];
        for len in [10, 11] {
            let bytes = &bytes[..len];
            let want = checksum(bytes);
            for first in 0..=len {
                for second in first..=len {
                    let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    comes_to(lab, &parts, want);
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            comes_to(lab, &single, want);
            let with_gaps: Vec<&[u8]> = bytes.chunks(3).flat_map(|part| [part, &[]]).collect();
            comes_to(lab, &with_gaps, want);
        }
        comes_to(lab, &[&[0x12], &[0x34]], 0xedcb);
        comes_to(lab, &[&[0x12], &[], &[0x34]], 0xedcb);
    });
}

#[test]
fn s1_odd_parts_of_every_length() {
    lab(|lab| {
        lab.why("If a part begins in the middle of a word, its bytes at even places are low bytes, to its end.");
        let bytes: Vec<u8> = (0..150_u8).map(|n| n.wrapping_mul(77) ^ 0x3c).collect();
        for len in 1..bytes.len() {
            let bytes = &bytes[..len];
            comes_to(lab, &[&bytes[..1], &bytes[1..]], checksum(bytes));
            let middle = (len / 2) | 1;
            comes_to(
                lab,
                &[&bytes[..middle], &bytes[middle..], &[0x5a]],
                checksum(&[bytes, &[0x5a]].concat()),
            );
        }
    });
}

/// 140 001 bytes that are not all the same.
fn mixed() -> Vec<u8> {
    (0..140_001_u32)
        .map(|n| (n.wrapping_mul(n) >> 5) as u8 | 0xc0)
        .collect()
}

#[test]
fn s1_odd_parts_by_the_thousand() {
    lab(|lab| {
        lab.why("Each part of odd length leaves half a word open, or closes an open one. Whether a part begins in the middle of a word depends on all parts before it.");
        let same = [0xff; 7000];
        let odd: Vec<&[u8]> = same.chunks(7).collect();
        comes_to(lab, &odd, 0);
        let mixed = &mixed()[..30_001];
        let odd: Vec<&[u8]> = mixed.chunks(3).collect();
        comes_to(lab, &odd, checksum(mixed));
    });
}

#[test]
fn s1_very_long_ones_lose_no_carry() {
    lab(|lab| {
        lab.why("70 000 words of ffff come to more than 32 bits can hold. A carry that is lost changes the checksum; in a debug build the addition panics.");
        let mut long = vec![0xff; 140_000];
        comes_to(lab, &[&long], 0);
        let pairs: Vec<&[u8]> = long.chunks(2).collect();
        comes_to(lab, &pairs, 0);
        let mixed = mixed();
        comes_to(lab, &[&mixed], checksum(&mixed));
        lab.why("A long part that begins in the middle of a word loses no carry, either.");
        let behind_a_byte = checksum(&[&[0x5a], &long[..]].concat());
        comes_to(lab, &[&[0x5a], &long], behind_a_byte);
        lab.why("70 000 words of ffff and one of 0001 come to 1116eee91. Folded once: 1ffff. Twice: 10000. Three times: 0001. Fold until nothing is left above 16 bits: ffff adds nothing, however often it occurs.");
        for word in [0x0001_u16, 0x0002, 0x00ff, 0x0100, 0xeee9, 0xfffe] {
            long.extend(word.to_be_bytes());
            comes_to(lab, &[&long], !word);
            long.truncate(140_000);
            comes_to(lab, &[&word.to_be_bytes(), &long, &long], !word);
        }
    });
}

#[test]
fn s1_bytes_with_their_checksum_sum_to_zero() {
    lab(|lab| {
        lab.why("Put the checksum into the bytes, and the sum is ffff: the checksum of the whole is 0. This is how a receiver checks: it need not know where the field is. The sum ffff is not the sum 0: the remainder modulo ffff (65535) confuses the two.");
        for len in [2, 20, 31, 60] {
            let mut bytes: Vec<u8> = (0..len).map(|n: u8| n.wrapping_mul(201) ^ 0x6d).collect();
            for at in [0, 10, 16] {
                if at + 2 > usize::from(len) {
                    continue;
                }
                bytes[at..at + 2].fill(0);
                let what = format!("internet_checksum({len} bytes with 0 at {at})");
                let sum = lab.you(&what, || internet_checksum(&[&bytes]));
                bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
                comes_to(lab, &[&bytes], 0);
            }
        }
    });
}

#[test]
fn s1_swapped_words_are_not_seen() {
    lab(|lab| {
        lab.why("A sum does not know the order of what is added. The checksum finds a flipped bit. It does not find words that have changed places, or a change on purpose.");
        let words = [0x12, 0x34, 0xab, 0xcd, 0x00, 0x07];
        let swapped = [0xab, 0xcd, 0x00, 0x07, 0x12, 0x34];
        comes_to(lab, &[&words], checksum(&words));
        comes_to(lab, &[&swapped], checksum(&words));
        let bytes_swapped = [0x34, 0x12, 0xcd, 0xab, 0x07, 0x00];
        comes_to(lab, &[&bytes_swapped], checksum(&words).swap_bytes());
    });
}
