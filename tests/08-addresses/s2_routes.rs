//! Step 2: the longest prefix decides.

use std::net::Ipv4Addr;

use addresses::{Cidr, Routes};
use netlab::{Lab, lab};

use super::words::{block, ip};
use super::zoom;

/// A table whose hops are texts, and which tells what is done to it.
struct Router<'a> {
    lab: &'a Lab,
    routes: Routes<&'static str>,
}

impl<'a> Router<'a> {
    fn new(lab: &'a Lab) -> Router<'a> {
        Router {
            lab,
            routes: lab.you("Routes::new()", Routes::new),
        }
    }

    /// With these routes, added in this order.
    fn with(lab: &'a Lab, routes: &[(&str, &'static str)]) -> Router<'a> {
        let mut router = Router::new(lab);
        for (text, hop) in routes {
            router.adds(text, hop, None);
        }
        router
    }

    fn adds(&mut self, text: &str, hop: &'static str, want: Option<&'static str>) {
        let block = block(self.lab, text);
        let call = format!("add({text}, {hop:?})");
        let got = self.lab.you(&call, || self.routes.add(block, hop));
        let lab = self.lab.because("add returns the hop that it replaces: that of exactly this block. A block around it or inside it is another route, and stays.");
        lab.same(&format!("what {call} replaces"), got, want);
    }

    fn removes(&mut self, text: &str, want: Option<&'static str>) {
        let block = block(self.lab, text);
        let call = format!("remove({text})");
        let got = self.lab.you(&call, || self.routes.remove(block));
        let lab = self.lab.because("remove takes out the route of exactly this block, and returns its hop. Without such a route it removes nothing.");
        lab.same(&format!("what {call} takes out"), got, want);
    }

    fn sends(&self, address: &str, want: Option<&'static str>) {
        let got = self.lab.you(&format!("best({address})"), || {
            self.routes.best(ip(address)).copied()
        });
        self.lab.same(&format!("where {address} goes"), got, want);
    }
}

#[test]
fn s2_longest_wins_not_first_not_last() {
    lab(|lab| {
        lab.why("10.1.2.3 matches /8, /16 and /24. The longest prefix decides: it is the most precise. The order of the routes does not matter.");
        let routes = [
            ("10.0.0.0/8", "a"),
            ("10.1.0.0/16", "b"),
            ("10.1.2.0/24", "c"),
            ("0.0.0.0/0", "d"),
        ];
        // Each order that begins with each of them, forwards and backwards.
        for turn in 0..8 {
            let mut routes = routes;
            routes.rotate_left(turn % 4);
            if turn >= 4 {
                routes.reverse();
            }
            lab.scene(format!(
                "the routes, added from {} to {}",
                routes[0].0, routes[3].0
            ));
            let router = Router::with(lab, &routes);
            router.sends("10.1.2.3", Some("c"));
            router.sends("10.1.3.3", Some("b"));
            router.sends("10.2.3.3", Some("a"));
            router.sends("11.2.3.3", Some("d"));
        }
        let hops = [
            "to the provider",
            "to the office",
            "to the house",
            "to the laboratory",
        ];
        let blocks = ["0.0.0.0/0", "10.0.0.0/8", "10.64.0.0/10", "10.112.0.0/14"];
        let routes: Vec<(&str, &'static str)> = blocks.into_iter().zip(hops).collect();
        let router = Router::with(lab, &routes);
        let target = ip("10.113.2.3");
        let best = router.routes.best(target).copied().unwrap_or("nowhere");
        let drawn: Vec<(Cidr, &str)> = routes
            .iter()
            .map(|(text, hop)| (block(lab, text), *hop))
            .collect();
        lab.draws("08-longest-prefix", zoom::draw(target, &drawn, best));
    });
}

#[test]
fn s2_default_route_takes_the_rest() {
    lab(|lab| {
        lab.why("Without a route that holds the address there is no hop. A router says \"network unreachable\" then.");
        let router = Router::new(lab);
        router.sends("10.1.2.3", None);
        router.sends("0.0.0.0", None);
        let mut router = Router::with(lab, &[("10.0.0.0/8", "office")]);
        router.sends("9.255.255.255", None);
        router.sends("11.0.0.0", None);
        lab.why("0.0.0.0/0 holds every address, and every other route is longer. So it takes all packets without another route: it is called the default route.");
        router.adds("0.0.0.0/0", "provider", None);
        router.sends("11.0.0.0", Some("provider"));
        router.sends("0.0.0.0", Some("provider"));
        router.sends("255.255.255.255", Some("provider"));
        router.sends("10.0.0.0", Some("office"));
    });
}

#[test]
fn s2_prefix_is_bits_not_bytes() {
    lab(|lab| {
        lab.why("A prefix may end in the middle of a byte. 10.64.0.0/10 is 10.64.0.0 to 10.127.255.255.");
        let router = Router::with(
            lab,
            &[
                ("10.0.0.0/8", "all"),
                ("10.64.0.0/10", "quarter"),
                ("10.96.0.0/11", "eighth"),
                ("10.127.255.254/31", "pair"),
                ("10.127.255.255/32", "one"),
                ("128.0.0.0/1", "upper half"),
            ],
        );
        for (address, want) in [
            ("10.63.255.255", "all"),
            ("10.64.0.0", "quarter"),
            ("10.95.255.255", "quarter"),
            ("10.96.0.0", "eighth"),
            ("10.127.255.253", "eighth"),
            ("10.127.255.254", "pair"),
            ("10.127.255.255", "one"),
            ("10.128.0.0", "all"),
            ("128.0.0.0", "upper half"),
            ("255.255.255.255", "upper half"),
        ] {
            router.sends(address, Some(want));
        }
        router.sends("127.255.255.255", None);
    });
}

#[test]
fn s2_every_length_is_a_route() {
    lab(|lab| {
        lab.why("There are 33 lengths, from /0 to /32. With each longer route that holds the address, the answer changes.");
        let target = ip("170.85.51.15");
        let blocks: Vec<Cidr> = (0..=32_u32)
            .map(|len| {
                let bits = u64::from(target.to_bits()) >> (32 - len) << (32 - len);
                block(lab, &format!("{}/{len}", Ipv4Addr::from_bits(bits as u32)))
            })
            .collect();
        let mut routes = lab.you("Routes::new()", Routes::new);
        for (len, block) in blocks.iter().enumerate() {
            lab.you(&format!("add({block}, {len})"), || routes.add(*block, len));
            let got = lab.you(&format!("best({target})"), || routes.best(target).copied());
            lab.same(
                &format!("the hop of {target} among /0 to /{len}"),
                got,
                Some(len),
            );
        }
        for len in 1..=32_u32 {
            // The address that differs in the last bit of this prefix.
            let other = Ipv4Addr::from_bits(target.to_bits() ^ (1 << (32 - len)));
            let got = lab.you(&format!("best({other})"), || routes.best(other).copied());
            lab.same(
                &format!(
                    "the hop of {other}, which has {} bits in common with {target}",
                    len - 1
                ),
                got,
                Some(len as usize - 1),
            );
        }
    });
}

#[test]
fn s2_the_longer_branch_may_lead_nowhere() {
    lab(|lab| {
        lab.why("10.1.2.0/24 lies inside 10.0.0.0/8, and 10.1.3.4 is near it and not in it. The search must return to the shorter route.");
        let router = Router::with(
            lab,
            &[
                ("10.0.0.0/8", "a"),
                ("10.1.2.0/24", "b"),
                ("10.1.2.128/32", "c"),
                ("192.0.2.0/25", "d"),
            ],
        );
        router.sends("10.1.3.4", Some("a"));
        router.sends("10.1.2.129", Some("b"));
        router.sends("10.1.2.128", Some("c"));
        router.sends("10.1.3.128", Some("a"));
        router.sends("192.0.2.127", Some("d"));
        router.sends("192.0.2.128", None);
    });
}

#[test]
fn s2_any_number_of_routes_may_lie_between() {
    lab(|lab| {
        lab.why("10.0.0.0/8 begins at 10.0.0.0 and holds 10.200.0.1. A hundred other routes begin between the two. So in a sorted table the right route may be any number of places away.");
        let mut router = Router::with(lab, &[("0.0.0.0/0", "default"), ("10.0.0.0/8", "office")]);
        let houses: Vec<Cidr> = (0..100)
            .map(|n| block(lab, &format!("10.0.{n}.0/24")))
            .collect();
        lab.you(
            "add, for 10.0.0.0/24, 10.0.1.0/24 and so on to 10.0.99.0/24",
            || {
                for house in houses {
                    router.routes.add(house, "house");
                }
            },
        );
        router.sends("10.200.0.1", Some("office"));
        router.sends("10.0.100.0", Some("office"));
        router.sends("10.0.99.255", Some("house"));
        router.sends("11.0.0.1", Some("default"));
        router.sends("9.0.0.1", Some("default"));
        router.removes("10.0.0.0/8", Some("office"));
        router.sends("10.200.0.1", Some("default"));
    });
}

#[test]
fn s2_add_replaces_this_very_block() {
    lab(|lab| {
        lab.why("A block has one route. The latest add counts.");
        let mut router = Router::with(
            lab,
            &[
                ("10.0.0.0/8", "a"),
                ("10.0.0.0/16", "b"),
                ("0.0.0.0/0", "c"),
            ],
        );
        router.adds("10.0.0.0/8", "d", Some("a"));
        lab.why("The next shorter route must take its place: 10.0.0.0/8 still holds 10.9.0.0, and 10.0.0.0/16 still holds 10.0.0.1. Lengths without a route, as /9 to /15 here, end no search.");
        router.sends("10.9.0.0", Some("d"));
        router.sends("10.0.0.1", Some("b"));
        router.adds("10.0.0.0/8", "e", Some("d"));
        router.adds("10.0.0.0/16", "f", Some("b"));
        lab.why("0.0.0.0/0 is an ordinary block. It begins like 0.0.0.0/1 and 0.0.0.0/32, but it is another block.");
        router.adds("0.0.0.0/0", "g", Some("c"));
        router.adds("0.0.0.0/1", "h", None);
        router.adds("0.0.0.0/32", "i", None);
        router.sends("10.9.0.0", Some("e"));
        router.sends("10.0.9.0", Some("f"));
        router.sends("200.0.0.0", Some("g"));
        router.sends("100.0.0.0", Some("h"));
        router.sends("0.0.0.0", Some("i"));
    });
}

#[test]
fn s2_remove_leaves_the_others() {
    lab(|lab| {
        lab.why("When a route goes, the next shorter one takes its place. Routes inside it and around it stay.");
        let mut router = Router::with(
            lab,
            &[
                ("0.0.0.0/0", "d"),
                ("10.0.0.0/8", "a"),
                ("10.1.0.0/16", "b"),
                ("10.1.2.0/24", "c"),
                ("10.1.2.3/32", "e"),
            ],
        );
        router.removes("10.1.0.0/16", Some("b"));
        router.sends("10.1.9.9", Some("a"));
        router.sends("10.1.2.9", Some("c"));
        router.sends("10.1.2.3", Some("e"));
        router.removes("10.1.0.0/16", None);
        router.removes("10.0.0.0/16", None);
        router.removes("10.0.0.0/7", None);
        router.removes("11.0.0.0/8", None);
        router.sends("10.9.9.9", Some("a"));
        router.removes("10.1.2.3/32", Some("e"));
        router.sends("10.1.2.3", Some("c"));
        router.removes("10.0.0.0/8", Some("a"));
        router.sends("10.9.9.9", Some("d"));
        router.sends("10.1.2.9", Some("c"));
        router.removes("0.0.0.0/0", Some("d"));
        router.sends("10.9.9.9", None);
        router.sends("10.1.2.9", Some("c"));
        router.adds("10.1.0.0/16", "f", None);
        router.sends("10.1.9.9", Some("f"));
        router.sends("10.1.2.9", Some("c"));
    });
}

/// So many routes that a table which goes through them for each call does not end in time: that would be
/// a thousand million steps.
const CROWD: u32 = 30_000;

#[test]
fn s2_no_call_goes_through_all_routes() {
    lab(|lab| {
        lab.why("The Internet has a million routes. A list takes thirty thousand steps for each packet here; a hash map for each length takes 33 at most, and a trie takes 32. A loop over all routes does end, but it takes very long. Three of five routes of the Internet are a /24, and a table may have nothing but hosts. So a loop over all routes of one length is a loop over all routes.");
        crowd::<1>(lab, 24);
        crowd::<1>(lab, 32);
        lab.why("A sorted list finds a route fast enough. But an insertion moves all routes behind it, half of the list on average, and so does a removal. That is also a walk through the routes of one length. The hops are large here, so that it takes long.");
        crowd::<128>(lab, 24);
    });
}

/// Adds, asks for and removes routes of this length, each in a /24 of its own. A hop is as many numbers.
fn crowd<const SIZE: usize>(lab: &Lab, len: u8) {
    lab.scene(format!(
        "{CROWD} routes, each a /{len} with a hop of {} bytes",
        size_of::<[usize; SIZE]>()
    ));
    let first = |n: u32| Ipv4Addr::from_bits(0x0a00_0000 + (n << 8));
    let blocks: Vec<Cidr> = (0..CROWD)
        .map(|n| Cidr::new(first(n), len).expect("a block without host bits"))
        .collect();
    // Each once, in no order.
    let mixed = (0..CROWD).map(|n| (n * 7919 % CROWD) as usize);
    let mut routes = lab.you("Routes::new()", Routes::new);
    lab.you(&format!("add, {CROWD} times"), || {
        for n in mixed.clone() {
            routes.add(blocks[n], [n; SIZE]);
        }
    });
    let ask = |routes: &Routes<[usize; SIZE]>| -> Vec<Option<usize>> {
        lab.you(&format!("best, {CROWD} times"), || {
            let best = |n: u32| routes.best(first(n)).map(|hop| hop[0]);
            (0..CROWD).map(best).collect()
        })
    };
    let demands = |hops: Vec<Option<usize>>, wants: &dyn Fn(usize) -> Option<usize>| {
        for (n, hop) in hops.into_iter().enumerate() {
            if hop != wants(n) {
                lab.same(&format!("the hop of {}", first(n as u32)), hop, wants(n));
            }
        }
    };
    demands(ask(&routes), &Some);
    let odd = |n: usize| n % 2 == 1;
    let odds = mixed.filter(|n| odd(*n));
    let removed: Vec<(usize, Option<usize>)> =
        lab.you(&format!("remove, {} times", CROWD / 2), || {
            odds.map(|n| (n, routes.remove(blocks[n]).map(|hop| hop[0])))
                .collect()
        });
    for (n, hop) in removed {
        if hop != Some(n) {
            lab.same("the hop of a route that was removed", hop, Some(n));
        }
    }
    demands(ask(&routes), &|n| (!odd(n)).then_some(n));
}
