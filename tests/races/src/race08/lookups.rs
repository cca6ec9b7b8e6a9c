//! Look-ups a second among a thousand routes and a million.

use ip_network_table::IpNetworkTable;
use ipnet::Ipv4Net;
use prefix_trie::PrefixMap;

#[cfg(feature = "mine-08")]
use super::mine;
use super::others::List;
use super::{reference, tables};
use crate::race::{Better, Contestant, Discipline, Effort, Kind, Measure, View};

pub fn discipline() -> Discipline {
    let mut contestants = vec![Contestant::reference(|effort| {
        tables::turns::<reference::ours::Own>(effort, counts(effort))
    })];
    #[cfg(feature = "mine-08")]
    contestants.push(Contestant::mine(|effort| {
        tables::turns::<mine::ours::Own>(effort, counts(effort))
    }));
    contestants.extend([
        Contestant::other(
            "a list",
            || Ok(String::new()),
            |effort| tables::turns::<List>(effort, counts(effort)),
        ),
        Contestant::other(
            "ip_network_table",
            || Ok(String::new()),
            |effort| tables::turns::<IpNetworkTable<u32>>(effort, counts(effort)),
        ),
        Contestant::other(
            "prefix-trie",
            || Ok(String::new()),
            |effort| tables::turns::<PrefixMap<Ipv4Net, u32>>(effort, counts(effort)),
        ),
    ]);
    Discipline {
        id: "lookups",
        title: "The longest prefix",
        what: "One thread looks up addresses, three of four of which lie in a route besides the default. The routes have \
               lengths as on the Internet: three of five are /24. The list goes through all routes; the others are crates \
               that people choose.",
        cases: vec!["1 000 routes".to_owned(), "1 000 000 routes".to_owned()],
        kind: Kind::Figures {
            measures: vec![Measure {
                name: "look-ups",
                unit: "1/s",
                better: Better::More,
            }],
            view: View::Bars,
        },
        contestants,
    }
}

fn counts(effort: &Effort) -> Vec<usize> {
    vec![1_000, if effort.quick { 10_000 } else { 1_000_000 }]
}
