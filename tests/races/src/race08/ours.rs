//! A table of the workbook: the reference's, or the student's.

use std::net::Ipv4Addr;

use super::addresses::{Cidr, Routes};

use crate::race08::tables::{Route, Table};

impl Table for Routes<u32> {
    fn of(routes: &[Route]) -> Routes<u32> {
        let mut table = Routes::new();
        for route in routes {
            let block = Cidr::new(route.network, route.prefix_len);
            table.add(block.expect("no host bits are set"), route.hop);
        }
        table
    }

    fn best(&self, address: Ipv4Addr) -> Option<u32> {
        Routes::best(self, address).copied()
    }
}

pub type Own = Routes<u32>;
