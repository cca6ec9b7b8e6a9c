//! Step 1: blocks of addresses.

use std::fmt;
use std::net::Ipv4Addr;

/// A block of IPv4 addresses: all that begin with the same bits (RFC 4632, section 3.1).
///
/// It is written as its first address, a slash, and how many bits the addresses have in common:
/// `192.0.2.64/26`. That number is the prefix length. The bits behind the prefix are the host bits; in
/// the first address they are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: Ipv4Addr,
    prefix_len: u8,
}

/// Why something is not a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CidrError {
    /// The text is not of the form `a.b.c.d/len`.
    Malformed,
    /// The prefix length is above 32. Or, in [`Cidr::split`], it is below the block's own: a part
    /// cannot be larger than the whole.
    Length,
    /// A host bit of the address is set: `10.0.0.1/8`.
    HostBits,
}

impl Cidr {
    /// The block that begins at `network` and whose addresses have `prefix_len` bits in common.
    ///
    /// # Errors
    ///
    /// [`CidrError::Length`] if `prefix_len` is above 32, else [`CidrError::HostBits`] if `network` has
    /// a host bit set. A block has only one text: `10.0.0.1/8` may mean the address, the block, or
    /// a longer prefix.
    pub fn new(network: Ipv4Addr, prefix_len: u8) -> Result<Cidr, CidrError> {
        if prefix_len > 32 {
            return Err(CidrError::Length);
        }
        let block = Cidr {
            network,
            prefix_len,
        };
        let host_bits = network.to_bits() & !block.mask().to_bits();
        if host_bits == 0 {
            Ok(block)
        } else {
            Err(CidrError::HostBits)
        }
    }

    /// Reads `a.b.c.d/len`.
    ///
    /// All five numbers are decimal digits without a sign, without blanks and without needless
    /// zeros in front: `10.0.0.0/08` and `010.0.0.0/8` are refused, because some programs read
    /// `010` as 8.
    ///
    /// # Errors
    ///
    /// [`CidrError::Malformed`] if the text has another form, else what [`Cidr::new`] says. A length of
    /// three digits or more may be [`CidrError::Malformed`] or [`CidrError::Length`].
    pub fn parse(text: &str) -> Result<Cidr, CidrError> {
        let (network, prefix_len) = text.split_once('/').ok_or(CidrError::Malformed)?;
        // std takes four numbers without needless zeros, and nothing else.
        let network = network.parse().map_err(|_| CidrError::Malformed)?;
        // Of a length it takes too much: a sign, and zeros in front.
        let is_digits = prefix_len.bytes().all(|byte| byte.is_ascii_digit());
        let has_needless_zero = prefix_len.len() > 1 && prefix_len.starts_with('0');
        if !is_digits || has_needless_zero {
            return Err(CidrError::Malformed);
        }
        let prefix_len = prefix_len.parse().map_err(|_| CidrError::Malformed)?;
        Cidr::new(network, prefix_len)
    }

    /// The first address of the block.
    pub fn network(self) -> Ipv4Addr {
        self.network
    }

    /// How many bits its addresses have in common: 0 to 32.
    pub fn prefix_len(self) -> u8 {
        self.prefix_len
    }

    /// The mask: a 1 for each bit of the prefix, a 0 for each host bit. `/26` is 255.255.255.192.
    pub fn mask(self) -> Ipv4Addr {
        // Shifting by all 32 bits is an overflow, not 0.
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix_len));
        Ipv4Addr::from_bits(mask.unwrap_or(0))
    }

    /// Whether the block holds this address.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address & self.mask() == self.network
    }

    /// The address that means every host of the block: the last one. `None` for /31 and /32, which
    /// use all their addresses for hosts (RFC 3021, section 2.1).
    pub fn broadcast(self) -> Option<Ipv4Addr> {
        (self.prefix_len < 31).then(|| self.network | !self.mask())
    }

    /// How many addresses can be given to hosts.
    ///
    /// The first one names the block and the last one means every host, so these two cannot. A /31
    /// is a link with two ends and uses both (RFC 3021), a /32 is one host.
    pub fn hosts(self) -> u64 {
        let all = 1_u64 << (32 - self.prefix_len);
        if self.prefix_len < 31 { all - 2 } else { all }
    }

    /// The blocks of `prefix_len` that this one consists of, from the lowest to the highest. Each
    /// is computed when it is asked for: a /0 has four thousand million blocks of /32.
    ///
    /// # Errors
    ///
    /// [`CidrError::Length`] if `prefix_len` is above 32 or below this block's.
    pub fn split(self, prefix_len: u8) -> Result<Split, CidrError> {
        if prefix_len < self.prefix_len || prefix_len > 32 {
            return Err(CidrError::Length);
        }
        let first = Cidr { prefix_len, ..self };
        Ok(Split {
            whole: self,
            next: Some(first),
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix_len)
    }
}

/// The parts of a block: see [`Cidr::split`].
#[derive(Debug, Clone)]
pub struct Split {
    whole: Cidr,
    next: Option<Cidr>,
}

impl Iterator for Split {
    type Item = Cidr;

    fn next(&mut self) -> Option<Cidr> {
        let part = self.next.take()?;
        let size = 1_u64 << (32 - part.prefix_len);
        // Behind 255.255.255.255 there is nothing, and 0.0.0.0 least of all.
        let behind = u32::try_from(u64::from(part.network.to_bits()) + size);
        let behind = behind.ok().map(Ipv4Addr::from_bits);
        self.next = behind
            .filter(|&network| self.whole.contains(network))
            .map(|network| Cidr { network, ..part });
        Some(part)
    }
}
