//! Step 1: send, and hope.

use std::net::Ipv4Addr;

use packets::{Ipv4Header, PacketError};

use crate::is_one_host;

/// The IP layer of a host with one address.
#[derive(Debug)]
pub struct Host {
    addr: Ipv4Addr,
    next_id: u16,
}

/// What a host passes to the protocol above IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    pub src: Ipv4Addr,
    /// The protocol that it is for: see [`packets::protocol`].
    pub proto: u8,
    pub payload: &'a [u8],
}

/// Why a host discards a datagram. It does so silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discard {
    /// It is not a valid datagram.
    Malformed(PacketError),
    /// It is for another address.
    NotForUs,
    /// Its source is not the address of one host (RFC 1122, section 3.2.1.3).
    BadSource,
    /// It is a piece of a datagram. Step 3 puts pieces together.
    Fragment,
}

impl Host {
    /// A host with this address.
    pub fn new(addr: Ipv4Addr) -> Host {
        Host { addr, next_id: 0 }
    }

    /// Makes the datagram that carries `payload` to `dst`: from this host's address, with TTL 64, TOS 0, no
    /// options, and fragmenting allowed.
    ///
    /// The identification counts the datagrams that were made, from 0. After 65535 comes 0.
    ///
    /// IP has no connection: it does not check whether `dst` exists, and accepts any address.
    ///
    /// # Errors
    ///
    /// That of [`packets::Ipv4Header::emit`], for a payload of more than 65515 bytes. It costs no identification.
    pub fn send(
        &mut self,
        dst: Ipv4Addr,
        proto: u8,
        payload: &[u8],
    ) -> Result<Vec<u8>, PacketError> {
        let header = Ipv4Header {
            id: self.next_id,
            ..Ipv4Header::new(proto, self.addr, dst)
        };
        let mut datagram = Vec::with_capacity(Ipv4Header::MIN_LEN + payload.len());
        header.emit(payload, &mut datagram)?;
        self.next_id = self.next_id.wrapping_add(1);
        Ok(datagram)
    }

    /// Takes a datagram that has come in. Returns its content for the protocol above if it is for
    /// this host.
    ///
    /// A datagram is for this host if it is sent to its address, or to every host on the link
    /// (255.255.255.255).
    ///
    /// Each datagram is judged by itself. A datagram that comes twice is received twice, and a
    /// later one may come first: IP promises neither order nor number.
    ///
    /// # Errors
    ///
    /// The first of these that holds: [`Discard::Malformed`] with what [`packets::Ipv4Header::parse`] says,
    /// [`Discard::NotForUs`], [`Discard::BadSource`] (see [`crate::is_one_host`]), [`Discard::Fragment`] (More
    /// Fragments is set, or the offset is not 0).
    pub fn receive<'a>(&self, datagram: &'a [u8]) -> Result<Received<'a>, Discard> {
        let (header, payload) = Ipv4Header::parse(datagram).map_err(Discard::Malformed)?;
        if header.dst != self.addr && header.dst != Ipv4Addr::BROADCAST {
            return Err(Discard::NotForUs);
        }
        if !is_one_host(header.src) {
            return Err(Discard::BadSource);
        }
        if header.mf || header.frag_off > 0 {
            return Err(Discard::Fragment);
        }
        Ok(Received {
            src: header.src,
            proto: header.proto,
            payload,
        })
    }
}
