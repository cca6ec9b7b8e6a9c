//! Step 5: a router.

use std::fmt;
use std::net::Ipv4Addr;

/// A router's end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    pub addr: Ipv4Addr,
    pub mtu: usize,
}

/// The interface that leads to a destination, counted from 0. `None` where no route leads there.
type Routes = dyn Fn(Ipv4Addr) -> Option<usize>;

/// Forwards datagrams from one link to another (RFC 1812).
pub struct Router {
    interfaces: Vec<Interface>,
    routes: Box<Routes>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Router").field(&self.interfaces).finish()
    }
}

impl Router {
    /// A router with these interfaces. `routes` gives the index of one of them. (Chapter 08 shows
    /// how to make such a table.)
    pub fn new(
        interfaces: Vec<Interface>,
        routes: impl Fn(Ipv4Addr) -> Option<usize> + 'static,
    ) -> Router {
        Router {
            interfaces,
            routes: Box::new(routes),
        }
    }

    /// What the router sends, and by which interface, when `datagram` comes in. The first of these
    /// that applies:
    ///
    /// 1. It is not a valid datagram: nothing, and no error, because the source address may be damaged.
    /// 2. It is for the address of one of the router's interfaces: the answer of
    ///    [`crate::answer_echo`] from that address, or nothing if there is none (so also for a
    ///    piece of a request). Neither its TTL nor a route matters: it has arrived.
    /// 3. Its destination or its source is not one host ([`crate::is_one_host`]): nothing (RFC 1812, section 5.3.7).
    ///    You decide whether link-local addresses (169.254.0.0/16) are forwarded. RFC 3927, section
    ///    2.7 forbids it.
    /// 4. Its TTL is 1 or 0: the error [`crate::Cause::TtlExceeded`].
    /// 5. No route leads to its destination: the error [`crate::Cause::NetUnreachable`].
    /// 6. Otherwise its TTL is lowered ([`packets::decrement_ttl`]), and it goes out by the route's
    ///    interface, even if it came in there. If it is too long for that link, [`crate::fragment`]
    ///    cuts it. If Don't Fragment forbids that, the error [`crate::Cause::FragmentationNeeded`]
    ///    with the MTU of that link. If it cannot be cut for another reason: nothing.
    ///
    /// Bytes behind Total Length do not go out.
    ///
    /// Answers and errors go out by the interface that leads to the datagram's source, in one
    /// piece, however narrow the link is. Without such a route they are not sent.
    /// [`crate::icmp_error`] makes an error, about the datagram as it came in, and the error's
    /// source is that interface's address (RFC 1812, section 4.3.2.4).
    pub fn forward(&self, datagram: &[u8]) -> Vec<(usize, Vec<u8>)> {
        todo!(
            "7.5 forward({} bytes) at a router with {} interfaces and {} bytes of routes: pass it on, answer, or tell its source",
            datagram.len(),
            self.interfaces.len(),
            size_of_val(&*self.routes)
        )
    }
}
