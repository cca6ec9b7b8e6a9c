//! Crates that people choose for it.

use std::net::Ipv4Addr;

use ip_network::Ipv4Network;
use ip_network_table::IpNetworkTable;
use ipnet::Ipv4Net;
use prefix_trie::PrefixMap;

use super::tables::{Route, Table};

impl Table for IpNetworkTable<u32> {
    fn of(routes: &[Route]) -> IpNetworkTable<u32> {
        let mut table = IpNetworkTable::new();
        for route in routes {
            let network = Ipv4Network::new(route.network, route.prefix_len);
            table.insert(network.expect("no host bits are set"), route.hop);
        }
        table
    }

    fn best(&self, address: Ipv4Addr) -> Option<u32> {
        let (_, hop) = self.longest_match_ipv4(address)?;
        Some(*hop)
    }
}

impl Table for PrefixMap<Ipv4Net, u32> {
    fn of(routes: &[Route]) -> PrefixMap<Ipv4Net, u32> {
        let net = |route: &Route| Ipv4Net::new(route.network, route.prefix_len);
        let pairs = routes
            .iter()
            .map(|route| (net(route).expect("32 bits at most"), route.hop));
        pairs.collect()
    }

    fn best(&self, address: Ipv4Addr) -> Option<u32> {
        let (_, hop) = self.get_lpm(&address.into())?;
        Some(*hop)
    }
}

/// The routes one after the other, as step 2 begins.
pub struct List(Vec<Route>);

impl Table for List {
    fn of(routes: &[Route]) -> List {
        List(routes.to_vec())
    }

    fn best(&self, address: Ipv4Addr) -> Option<u32> {
        let holding = self.0.iter().filter(|route| route.holds(address));
        holding
            .max_by_key(|route| route.prefix_len)
            .map(|route| route.hop)
    }
}
