//! Step 4: an IPv6 address as text.

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum V6Error {
    /// A group is not one to four hexadecimal digits. A single colon at the beginning or end of the
    /// text has an empty group beside it.
    Group,
    /// `::` stands there twice, so the number of zeros at each place is unknown.
    Gap,
    /// Without `::` there must be eight groups, with it at most seven.
    Count,
    /// The part with dots is not four decimal numbers up to 255, or does not stand at the end.
    Dotted,
}

/// Reads the eight groups of an IPv6 address, in the three forms of RFC 4291, section 2.2.
///
/// 1. `2001:db8:0:0:8:800:200c:417a`: eight groups of one to four hexadecimal digits, in large or small
///    letters, parted by colons.
/// 2. `2001:db8::417a`: `::` stands for as many groups of zeros as are missing, one at least. It may
///    stand at the beginning, in the middle or at the end, once.
/// 3. `::ffff:192.0.2.1`: an IPv4 address stands for the last two groups. Its four numbers are decimal,
///    up to 255, without needless zeros in front.
///
/// Nothing else is an address: no blank, no sign, no bracket, and no zone (`fe80::1%eth0`), which
/// names an interface of one machine and is not part of the address (RFC 4007).
///
/// # Errors
///
/// What is wrong; if several things are, any of them. An empty text has an empty group
/// ([`V6Error::Group`]) and no groups ([`V6Error::Count`]): either is right.
pub fn parse_v6(text: &str) -> Result<[u16; 8], V6Error> {
    todo!(
        "8.4 parse_v6({text:?}): part it at ::, read the groups before and behind, and fill up with zeros"
    )
}

/// Writes an IPv6 address in the only form that RFC 5952, sections 4 and 5, allows.
///
/// - Small letters, and no zeros in front of a group.
/// - The longest run of groups that are 0 becomes `::`. Of equally long runs, the first does. A
///   single group of 0 stays.
/// - An IPv4-mapped address, `::ffff:0:0/96`, ends in dotted decimal: `::ffff:192.0.2.1`. No other
///   address does.
pub fn show_v6(groups: &[u16; 8]) -> String {
    todo!("8.4 show_v6({groups:x?}): small hexadecimal groups, and :: for the longest run of zeros")
}
