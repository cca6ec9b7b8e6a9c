//! Step 3 beside IANA's tables and beside Python's `ipaddress`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addresses_solution::{Kind, kind_of};

use super::ask::{is_there, python};
use super::iana;
use netlab::Dice;

const ADDRESSES: usize = 10_000;

/// Half of them IPv4, half IPv6; most at the edges of a block that IANA lists.
fn addresses() -> Vec<IpAddr> {
    let mut dice = Dice::new(3);
    let mut addresses = Vec::new();
    while addresses.len() < ADDRESSES {
        let (network, len, _) = dice.one_of(&iana::V4);
        let first = network.parse::<Ipv4Addr>().expect("an address").to_bits();
        let size = u32::MAX.checked_shr(len.into()).unwrap_or(0);
        addresses.push(IpAddr::V4(Ipv4Addr::from_bits(match dice.below(6) {
            0 => first,
            1 => first | size,
            2 => first.wrapping_sub(1),
            3 => (first | size).wrapping_add(1),
            4 => first | dice.next() as u32 & size,
            _ => dice.next() as u32,
        })));
        let (network, len, _) = dice.one_of(&iana::V6);
        let first = network.parse::<Ipv6Addr>().expect("an address").to_bits();
        let size = u128::MAX.checked_shr(len.into()).unwrap_or(0);
        let any = u128::from(dice.next()) << 64 | u128::from(dice.next());
        let address = Ipv6Addr::from_bits(match dice.below(6) {
            0 => first,
            1 => first | size,
            2 => first.wrapping_sub(1),
            3 => (first | size).wrapping_add(1),
            4 => first | any & size,
            _ => any,
        });
        // A mapped address is of its IPv4 address's kind. Python says so since 3.13 only.
        if address.to_ipv4_mapped().is_none() {
            addresses.push(IpAddr::V6(address));
        }
    }
    addresses
}

/// Whether the Internet can reach an address, as the longest row says that holds it.
fn reachable(address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let table: &[(&str, u8, bool)] = match address {
        IpAddr::V4(_) => &iana::V4,
        IpAddr::V6(_) => &iana::V6,
    };
    let holds = |network: &str, len: u8| {
        let network: IpAddr = network.parse().expect("an address");
        let differs = bits(network) ^ bits(address);
        differs.checked_shr(128 - u32::from(len)).unwrap_or(0) == 0
    };
    let rows = table
        .iter()
        .filter(|(network, len, _)| holds(network, *len));
    let (_, _, reachable) = rows
        .max_by_key(|(_, len, _)| *len)
        .expect("a row for everything");
    *reachable
}

#[test]
fn ten_thousand_addresses_are_global_where_iana_says_so() {
    let mut global = 0;
    for address in addresses() {
        let is_global = kind_of(address) == Kind::Global;
        assert_eq!(
            is_global,
            reachable(address),
            "whether {address} is global, by us and by IANA"
        );
        global += usize::from(is_global);
    }
    assert!(
        (1_000..ADDRESSES - 1_000).contains(&global),
        "{global} global ones: little was compared"
    );
}

/// The four that no version of Python sees in another way, and RFC 1918 with RFC 4193, which `is_private`
/// has among much else.
const PROGRAM: &str = "
import ipaddress, sys
own = [ipaddress.ip_network(n) for n in ('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7')]
for line in sys.stdin:
    a = ipaddress.ip_address(line.strip())
    private = a.is_private and any(a in n for n in own)
    print(int(a.is_unspecified), int(a.is_loopback), int(a.is_link_local), int(a.is_multicast), int(private))
";

#[test]
fn ten_thousand_addresses_are_of_the_kind_that_python_says() {
    if !is_there("Python 3", "python3", &["-c", "import ipaddress"]) {
        return;
    }
    let addresses = addresses();
    let input = addresses
        .iter()
        .map(|address| format!("{address}\n"))
        .collect();
    let answers = python(PROGRAM, input);
    assert_eq!(answers.len(), addresses.len(), "a line for each address");
    let kinds = [
        Kind::Unspecified,
        Kind::Loopback,
        Kind::LinkLocal,
        Kind::Multicast,
        Kind::Private,
    ];
    let mut seen = [0; 5];
    for (address, answer) in addresses.iter().zip(&answers) {
        let kind = kind_of(*address);
        let ours = kinds.map(|one| u8::from(one == kind).to_string()).join(" ");
        assert_eq!(
            &ours, answer,
            "{address}: unspecified, loopback, link-local, multicast, private"
        );
        for (count, one) in seen.iter_mut().zip(kinds) {
            *count += usize::from(one == kind);
        }
    }
    assert!(
        seen.iter().all(|&count| count > 50),
        "{seen:?} of each kind: little was compared"
    );
}
