//! Given: a small internet of your routers and hosts, in which no time passes.
//!
//! ```text
//! you        R1              R2              R3
//! 10.0.0.2 ─ .0.1  .1.1 ──── .1.2  .2.1 ──── .2.2  .3.1 ─ 10.3.0.2
//!                            .4.1 ─ 10.4.0.2
//! ```
//!
//! The link between R2 and R3 has an MTU of 576, the others of 1500. R1 sends what is for 10.66.0.0/16 to R2, and R2
//! sends it back.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::{Interface, Path, Responder, Router};

/// The address of the host that sends.
pub const YOU: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

pub struct Internet {
    nodes: Vec<Node>,
    arrived: VecDeque<Vec<u8>>,
}

enum Node {
    /// With the node at each of its links.
    Router(Router, Vec<usize>),
    /// With the router at its only one.
    Host(Responder, usize),
    You,
}

impl Internet {
    pub fn new() -> Internet {
        let host =
            |net, router| Node::Host(Responder::new(Ipv4Addr::new(10, net, 0, 2), 1500), router);
        Internet {
            nodes: vec![
                Node::You,
                router(&[(0, 1, 1500), (1, 1, 1500)], &[0, 2], |net| match net {
                    0 => Some(0),
                    1..=4 | 66 => Some(1),
                    _ => None,
                }),
                router(
                    &[(1, 2, 1500), (2, 1, 576), (4, 1, 1500)],
                    &[1, 3, 5],
                    |net| match net {
                        2 | 3 => Some(1),
                        4 => Some(2),
                        _ => Some(0),
                    },
                ),
                router(&[(2, 2, 576), (3, 1, 1500)], &[2, 4], |net| {
                    Some(usize::from(net == 3))
                }),
                host(3, 3),
                host(4, 2),
            ],
            arrived: VecDeque::new(),
        }
    }
}

/// A router: for each link its network, its own number in it, and the MTU; the nodes at the other ends; and the link for
/// each network 10.N.0.0/16.
fn router(
    links: &[(u8, u8, usize)],
    ends: &[usize],
    routes: impl Fn(u8) -> Option<usize> + 'static,
) -> Node {
    let interface = |&(net, number, mtu)| Interface {
        addr: Ipv4Addr::new(10, net, 0, number),
        mtu,
    };
    let routes = move |dst: Ipv4Addr| match dst.octets() {
        [10, net, ..] => routes(net),
        _ => None,
    };
    let router = Router::new(links.iter().map(interface).collect(), routes);
    Node::Router(router, ends.to_vec())
}

impl Path for Internet {
    fn send(&mut self, datagram: Vec<u8>) {
        let mut on_the_way = VecDeque::from([(1, datagram)]);
        while let Some((node, datagram)) = on_the_way.pop_front() {
            match &mut self.nodes[node] {
                Node::Router(router, ends) => {
                    let out = router.forward(&datagram);
                    on_the_way.extend(out.into_iter().map(|(link, next)| (ends[link], next)));
                }
                Node::Host(host, router) => {
                    let out = host.receive(Duration::ZERO, &datagram);
                    on_the_way.extend(out.into_iter().map(|next| (*router, next)));
                }
                Node::You => self.arrived.push_back(datagram),
            }
        }
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        self.arrived.pop_front()
    }
}
