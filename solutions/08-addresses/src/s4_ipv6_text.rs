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
    let (before, after) = match text.split_once("::") {
        Some((_, after)) if after.contains("::") => return Err(V6Error::Gap),
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let mut groups = Groups::default();
    groups.read(before, after.is_none())?;
    let Some(after) = after else {
        return match groups.count {
            8 => Ok(groups.all),
            _ => Err(V6Error::Count),
        };
    };
    let front = groups.count;
    groups.read(after, true)?;
    if groups.count == 8 {
        return Err(V6Error::Count);
    }
    // What stands behind the gap moves to the end, and leaves zeros.
    groups.all[front..].rotate_right(8 - groups.count);
    Ok(groups.all)
}

/// Up to eight groups. Those behind the last one are 0.
#[derive(Default)]
struct Groups {
    all: [u16; 8],
    count: usize,
}

impl Groups {
    /// Reads what stands on one side of the gap, which may be nothing. Only what stands at the end of
    /// the whole text may be dotted.
    fn read(&mut self, side: &str, is_end: bool) -> Result<(), V6Error> {
        if side.is_empty() {
            return Ok(());
        }
        let mut pieces = side.split(':').peekable();
        while let Some(piece) = pieces.next() {
            if piece.contains('.') {
                let is_last = is_end && pieces.peek().is_none();
                let [a, b, c, d] = dotted(piece).filter(|_| is_last).ok_or(V6Error::Dotted)?;
                self.push(u16::from_be_bytes([a, b]))?;
                self.push(u16::from_be_bytes([c, d]))?;
            } else {
                self.push(group(piece).ok_or(V6Error::Group)?)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, group: u16) -> Result<(), V6Error> {
        *self.all.get_mut(self.count).ok_or(V6Error::Count)? = group;
        self.count += 1;
        Ok(())
    }
}

/// One to four hexadecimal digits. `from_str_radix` alone would take a sign.
fn group(piece: &str) -> Option<u16> {
    let is_hex = piece.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_group = is_hex && (1..=4).contains(&piece.len());
    is_group.then(|| u16::from_str_radix(piece, 16).ok())?
}

/// Four decimal numbers up to 255.
fn dotted(piece: &str) -> Option<[u8; 4]> {
    let mut numbers = piece.split('.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        let number = numbers.next()?;
        let is_decimal = number.bytes().all(|byte| byte.is_ascii_digit());
        let has_needless_zero = number.len() > 1 && number.starts_with('0');
        if !is_decimal || has_needless_zero {
            return None;
        }
        *octet = number.parse().ok()?;
    }
    numbers.next().is_none().then_some(octets)
}

/// Writes an IPv6 address in the only form that RFC 5952, sections 4 and 5, allows.
///
/// - Small letters, and no zeros in front of a group.
/// - The longest run of groups that are 0 becomes `::`. Of equally long runs, the first does. A
///   single group of 0 stays.
/// - An IPv4-mapped address, `::ffff:0:0/96`, ends in dotted decimal: `::ffff:192.0.2.1`. No other
///   address does.
pub fn show_v6(groups: &[u16; 8]) -> String {
    if let [0, 0, 0, 0, 0, 0xffff, high, low] = *groups {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        return format!("::ffff:{a}.{b}.{c}.{d}");
    }
    let (start, len) = longest_zeros(groups);
    if len < 2 {
        return in_hex(groups);
    }
    let (front, back) = (&groups[..start], &groups[start + len..]);
    format!("{}::{}", in_hex(front), in_hex(back))
}

/// Where the longest run of zeros begins, and its length. The first of several.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let mut longest = (0, 0);
    for start in 0..8 {
        let len = groups[start..]
            .iter()
            .take_while(|&&group| group == 0)
            .count();
        if len > longest.1 {
            longest = (start, len);
        }
    }
    longest
}

fn in_hex(groups: &[u16]) -> String {
    let groups: Vec<String> = groups.iter().map(|group| format!("{group:x}")).collect();
    groups.join(":")
}
