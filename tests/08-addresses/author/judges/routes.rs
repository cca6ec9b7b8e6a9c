//! Step 2 beside the kernel: the same routes in a network namespace of the test's own, and `ip route get`.
//!
//! 127.0.0.0/8 and the local addresses stand in a table of their own there, which is asked first, and
//! 0.0.0.0/8 and what is above 224.0.0.0 never go through a table. So neither routes nor addresses are taken
//! from these.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;

use addresses_solution::{Cidr, Routes};

use super::ask::{ask, is_there};
use netlab::Dice;

const ROUTES: usize = 2_000;
const LOOKUPS: usize = 10_000;

/// What `sh` does before it reads from us.
const NETWORK: &str = "ip link set lo up && exec ip -force -batch -";

fn is_ordinary(address: u32) -> bool {
    let first = address >> 24;
    first != 0 && first != 127 && first < 224
}

/// A block of a length by chance. Many lie in each other: their first bits are few. Much of what there is
/// lies in none.
fn block(dice: &mut Dice) -> Option<Cidr> {
    let (bits, shortest) = match dice.below(4) {
        0 => (dice.next() as u32, 12),
        1 => (0x0a00_0000 | dice.next() as u32 & 0x00ff_ffff, 8),
        2 => (0x0a01_0000 | dice.next() as u32 & 0x0000_ffff, 8),
        _ => (0x0a01_0200 | dice.next() as u32 & 0x0000_00ff, 8),
    };
    let len = shortest + dice.below(33 - u64::from(shortest)) as u32;
    let network = (u64::from(bits) >> (32 - len) << (32 - len)) as u32;
    let last = network | u32::MAX.checked_shr(len).unwrap_or(0);
    let is_ordinary =
        is_ordinary(network) && is_ordinary(last) && (network >> 24 > 127 || last >> 24 < 127);
    is_ordinary.then(|| Cidr::new(network.into(), len as u8).expect("no host bits are set"))
}

#[test]
fn ten_thousand_look_ups_end_as_in_the_kernel() {
    let may = ["-Urn", "sh", "-c", "ip link set lo up"];
    if !is_there("a network of one's own (unshare, ip)", "unshare", &may) {
        return;
    }
    let mut dice = Dice::new(8);
    let mut routes = Routes::new();
    let mut blocks = BTreeMap::new();
    while blocks.len() < ROUTES {
        if let Some(block) = block(&mut dice) {
            blocks.insert(block.to_string(), block);
            routes.add(block, block);
        }
    }
    let mut batch = String::new();
    for text in blocks.keys() {
        writeln!(batch, "route add {text} dev lo").expect("a String takes it");
    }
    let blocks: Vec<Cidr> = blocks.into_values().collect();
    let mut addresses = Vec::new();
    while addresses.len() < LOOKUPS {
        let block = dice.one_of(&blocks);
        let (first, last) = (
            block.network().to_bits(),
            (block.network() | !block.mask()).to_bits(),
        );
        // At the edges of a block, inside it, and anywhere.
        let address = match dice.below(6) {
            0 => first,
            1 => last,
            2 => first.wrapping_sub(1),
            3 => last.wrapping_add(1),
            4 => first + (u64::from(last - first) * dice.below(1000) / 1000) as u32,
            _ => dice.next() as u32,
        };
        if is_ordinary(address) {
            addresses.push(Ipv4Addr::from_bits(address));
        }
    }
    for address in &addresses {
        writeln!(batch, "route get fibmatch {address}").expect("a String takes it");
    }

    let output = ask("unshare", &["-Urn", "sh", "-c", NETWORK], batch);
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    // `Command failed -:2017` names the line of a question without an answer.
    let unreachable: Vec<usize> = failed
        .lines()
        .filter_map(|line| line.strip_prefix("Command failed -:")?.parse().ok())
        .collect();
    assert!(
        unreachable.iter().all(|&line| line > ROUTES),
        "a route was refused: {failed}"
    );
    let mut answers = said.lines();
    let (mut found, mut nowhere) = (0, 0);
    for (i, address) in addresses.iter().enumerate() {
        let kernel = if unreachable.binary_search(&(ROUTES + i + 1)).is_ok() {
            nowhere += 1;
            None
        } else {
            found += 1;
            let answer = answers.next().expect("an answer for each question");
            let route = answer.split_whitespace().next().expect("a route");
            Some(match route.contains('/') {
                true => route.to_owned(),
                false => format!("{route}/32"),
            })
        };
        let ours = routes.best(*address).map(|block| block.to_string());
        assert_eq!(
            ours, kernel,
            "the route of {address}, ours and the kernel's"
        );
    }
    assert_eq!(answers.next(), None, "an answer too many");
    assert!(
        found > LOOKUPS / 2 && nowhere > LOOKUPS / 20,
        "{found} found, {nowhere} not: little was compared"
    );
}

#[test]
fn the_kernel_refuses_host_bits_too() {
    let may = ["-Urn", "sh", "-c", "ip link set lo up"];
    if !is_there("a network of one's own (unshare, ip)", "unshare", &may) {
        return;
    }
    for text in ["10.1.2.3/8", "192.0.2.65/26", "10.0.0.0/33"] {
        assert!(Cidr::parse(text).is_err(), "{text}");
        let output = ask(
            "unshare",
            &["-Urn", "sh", "-c", NETWORK],
            format!("route add {text} dev lo\n"),
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.trim().is_empty(), "ip takes {text}");
    }
}
