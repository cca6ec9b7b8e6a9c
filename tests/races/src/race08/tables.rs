//! Routing tables, and how many addresses a second find their way in them.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::Instant;

use netlab::Dice;

use crate::race::{Answer, Effort, Turns};

#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub network: Ipv4Addr,
    pub prefix_len: u8,
    pub hop: u32,
}

impl Route {
    pub fn holds(self, address: Ipv4Addr) -> bool {
        let differs = self.network.to_bits() ^ address.to_bits();
        differs
            .checked_shr(32 - u32::from(self.prefix_len))
            .unwrap_or(0)
            == 0
    }
}

/// A table under test.
pub trait Table: 'static {
    fn of(routes: &[Route]) -> Self;
    fn best(&self, address: Ipv4Addr) -> Option<u32>;
}

/// Of a hundred routes of the Internet's core, so many have this length or a shorter one. Rounded from
/// what route collectors publish: three of five are /24.
const LENGTHS: [(u64, u8); 9] = [
    (1, 14),
    (3, 16),
    (5, 18),
    (9, 19),
    (13, 20),
    (18, 21),
    (29, 22),
    (40, 23),
    (100, 24),
];

/// Routes with lengths as on the Internet, and a default route: the same ones for every contestant.
pub fn routes(count: usize) -> Vec<Route> {
    let mut dice = Dice::new(8);
    let mut routes = vec![Route {
        network: Ipv4Addr::UNSPECIFIED,
        prefix_len: 0,
        hop: 0,
    }];
    for hop in 1..count as u32 {
        let (length, network) = (dice.below(100), dice.next() as u32);
        let (_, prefix_len) = *LENGTHS
            .iter()
            .find(|(share, _)| length < *share)
            .expect("100 at most");
        let network = Ipv4Addr::from_bits(network >> (32 - prefix_len) << (32 - prefix_len));
        routes.push(Route {
            network,
            prefix_len,
            hop,
        });
    }
    routes
}

/// Addresses of which three of four lie in a route that is no default.
fn addresses(routes: &[Route]) -> Vec<Ipv4Addr> {
    let mut dice = Dice::new(80);
    (0..1 << 16)
        .map(|n| {
            let route = routes[dice.below(routes.len())];
            let any = dice.next() as u32;
            let inside = u32::MAX.checked_shr(route.prefix_len.into()).unwrap_or(0);
            Ipv4Addr::from_bits(match n % 4 {
                0 => any,
                _ => route.network.to_bits() | any & inside,
            })
        })
        .collect()
}

/// One table for each number of routes, and look-ups in it.
pub fn turns<T: Table>(effort: &Effort, counts: Vec<usize>) -> Result<Turns, String> {
    let span = effort.span;
    let cases: Vec<(T, Vec<Ipv4Addr>)> = counts
        .into_iter()
        .map(|count| {
            let routes = routes(count);
            (T::of(&routes), addresses(&routes))
        })
        .collect();
    Ok(Box::new(move |case| {
        let (table, addresses) = &cases[case];
        let begun = Instant::now();
        let mut found = 0_usize;
        let mut asked = addresses.iter().cycle();
        // Runs grow as long as they are short: a clock is slower than a table.
        let (mut run, mut all) = (1, 0_usize);
        while all == 0 || begun.elapsed() < span {
            let since = Instant::now();
            for &address in asked.by_ref().take(run) {
                // Whoever only asks whether there is a route need not look for the best.
                let best = black_box(table.best(black_box(address)));
                found += usize::from(best.is_some());
            }
            all += run;
            if since.elapsed() < span / 50 {
                run *= 2;
            }
        }
        if found != all {
            return Err(format!("{} of {all} addresses found no route", all - found));
        }
        Ok(Answer::Figures(vec![
            all as f64 / begun.elapsed().as_secs_f64(),
        ]))
    }))
}

#[cfg(test)]
mod tests {
    use ip_network_table::IpNetworkTable;
    use ipnet::Ipv4Net;
    use prefix_trie::PrefixMap;

    use super::super::others::List;
    use super::super::reference::ours::Own;
    use super::*;

    #[test]
    fn all_contestants_find_the_same_routes() {
        let routes = routes(1_000);
        let own = Own::of(&routes);
        let table = IpNetworkTable::of(&routes);
        let trie = PrefixMap::<Ipv4Net, u32>::of(&routes);
        let list = List::of(&routes);
        for address in addresses(&routes).into_iter().take(10_000) {
            let hop = list.best(address);
            assert_eq!(Table::best(&own, address), hop, "{address}, the reference");
            assert_eq!(
                Table::best(&table, address),
                hop,
                "{address}, ip_network_table"
            );
            assert_eq!(trie.best(address), hop, "{address}, prefix-trie");
        }
    }
}
