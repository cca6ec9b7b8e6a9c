//! Step 1: records, and the one message of a handshake that everybody on the way can read.

use std::collections::HashSet;

use rustls::AlertDescription;

use crate::Refusal;

/// The longest fragment of a record in the clear, in bytes (RFC 8446 §5.1).
pub const MAX_FRAGMENT: usize = 1 << 14;

/// The longest ClientHello that is taken, in bytes, without the four of its header. The limit is ours: the
/// RFC allows 16 megabytes, and browsers send two kilobytes.
pub const MAX_HELLO: usize = 16 * 1024;

/// The bytes of a record before its fragment.
const HEADER: usize = 5;

// Types of records (RFC 8446 §5.1), of which there are four, one after the other.
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The type of the message (RFC 8446 §4).
const CLIENT_HELLO: u8 = 1;

// Extensions (RFC 8446 §4.2), and the type of a name in the first one.
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const HOST_NAME: u8 = 0;

/// A record: five bytes of header, and what they announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data.
    pub content_type: u8,
    pub fragment: &'a [u8],
}

/// Reads a record from the beginning of `buf`: all that has come so far.
///
/// `None`: it is not complete; come again with these bytes and more. Else the record, and how many bytes of
/// `buf` it takes with its header. What stands behind it is not looked at.
///
/// The header is a type, a version of two bytes, and the length of the fragment in two bytes, in network
/// byte order: without the header. The version "MUST be ignored for all purposes" (RFC 8446 §5.1): any two
/// bytes stand there. `max` is the longest fragment that is taken: [`MAX_FRAGMENT`] in the clear, 256 more
/// where records are encrypted (§5.2).
///
/// # Errors
///
/// What is wrong is found as soon as its bytes are there, whether the record is complete or not.
///
/// | alert | when |
/// |---|---|
/// | `UnexpectedMessage` | the first byte is none of the four types (§5) |
/// | `RecordOverflow` | the fragment is longer than `max` (§5.1, §5.2) |
pub fn parse_record(buf: &[u8], max: usize) -> Result<Option<(Record<'_>, usize)>, Refusal> {
    let Some(&content_type) = buf.first() else {
        return Ok(None);
    };
    if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&content_type) {
        return Err(unexpected("there is no such type of record"));
    }
    let Some(&[_, _, _, high, low]) = buf.first_chunk() else {
        return Ok(None);
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len > max {
        return Err(Refusal::new(
            AlertDescription::RecordOverflow,
            "the record is too long",
        ));
    }
    let Some(fragment) = buf[HEADER..].get(..len) else {
        return Ok(None);
    };
    let record = Record {
        content_type,
        fragment,
    };
    Ok(Some((record, HEADER + len)))
}

/// What a client says in the clear before anything is agreed (RFC 8446 §4.1.2). Lists are in the client's
/// order, which is its preference, and have what we do not know as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The host that the client wants (SNI), in small letters; `None` when it does not say.
    pub server_name: Option<String>,
    /// The protocols that it would speak inside of TLS (ALPN), none when it does not say.
    pub alpn: Vec<Vec<u8>>,
    /// The versions of TLS that it knows: what `supported_versions` lists, or else the one that stands where
    /// the version once stood. 0x0304 is TLS 1.3, 0x0303 is TLS 1.2.
    pub versions: Vec<u16>,
    pub cipher_suites: Vec<u16>,
}

/// Reads a ClientHello from the beginning of `buf`: all that a client has sent so far.
///
/// `None`: it is not complete; come again with these bytes and more. Else the hello, and how many bytes of
/// `buf` it takes, headers included. What stands behind it is not looked at. The answer depends on the bytes
/// alone, and not on the pieces in which they come: what is wrong may be found before the hello is complete,
/// but nothing is an error that more bytes would make right.
///
/// **Records.** The hello comes in one record of type 22 or in several (§5.1): a record may end anywhere in
/// it, in its header as well. Between them stands nothing else. The last record ends with it.
///
/// **Message.** A type, which is 1, and the length of what follows in three bytes (§4). Then (§4.1.2):
///
/// ```text
/// legacy_version      2 bytes
/// random             32 bytes
/// legacy_session_id   1 byte of length, 0 to 32 bytes
/// cipher_suites       2 bytes of length, 2 bytes each, one at least
/// compression         1 byte of length, 1 byte each, one at least
/// extensions          2 bytes of length, then each: type 2, length 2, data
/// ```
///
/// Before TLS 1.3 a hello could end without extensions (behind `compression`). That one is read, too.
/// Numbers are in network byte order; lengths count bytes, and what they count ends where the part around it
/// ends.
///
/// **Extensions** come in any order. Those that are not listed here are passed over.
///
/// - 0, server_name (RFC 6066 §3): a list (2 bytes of length, one entry at least) of names: type 1 byte,
///   length 2 bytes, name. Type 0 is a host name, and one at most is there: letters, digits, `-`, `_` and
///   `.`, one byte at least. Entries of other types are passed over: they have the same two bytes of length.
/// - 16, ALPN (RFC 7301 §3.1): a list (2 bytes of length, one entry at least) of protocols: length 1 byte,
///   then that many, which is not 0.
/// - 43, supported_versions (RFC 8446 §4.2.1): 1 byte of length, then 2 bytes each, one at least.
///
/// # Errors
///
/// | alert | when |
/// |---|---|
/// | as [`parse_record`] | a record cannot be read |
/// | `UnexpectedMessage` | a record of another type than 22; one with an empty fragment; a message of another type than 1; a record that goes on behind the hello (§5.1) |
/// | `IllegalParameter` | an extension comes twice (§4.2); two host names; one with other bytes than those above |
/// | `DecodeError` | the message is longer than [`MAX_HELLO`]; a length that does not fit to what is around it; a list that is too short |
///
/// A type of a message, and a length above [`MAX_HELLO`], are judged when the records with them are complete,
/// and not only when all of the message is there.
pub fn client_hello(buf: &[u8]) -> Result<Option<(ClientHello, usize)>, Refusal> {
    let mut message = Vec::new();
    let mut at = 0;
    loop {
        let Some((record, len)) = parse_record(&buf[at..], MAX_FRAGMENT)? else {
            return Ok(None);
        };
        if record.content_type != HANDSHAKE {
            return Err(unexpected("a handshake begins with records of type 22"));
        }
        if record.fragment.is_empty() {
            return Err(unexpected("a record of a handshake is not empty"));
        }
        at += len;
        message.extend_from_slice(record.fragment);
        if message[0] != CLIENT_HELLO {
            return Err(unexpected("a handshake begins with a ClientHello"));
        }
        let Some(&[_, high, middle, low]) = message.first_chunk() else {
            continue;
        };
        let len = u32::from_be_bytes([0, high, middle, low]) as usize;
        if len > MAX_HELLO {
            return Err(decode("the ClientHello is too long"));
        }
        match message[4..].len() {
            come if come < len => {}
            come if come > len => return Err(unexpected("the ClientHello ends with its record")),
            _ => return Ok(Some((hello(&message[4..])?, at))),
        }
    }
}

/// The fields of a message that is complete.
fn hello(body: &[u8]) -> Result<ClientHello, Refusal> {
    let mut fields = Fields(body);
    let legacy_version = fields.u16()?;
    let _random = fields.take(32)?;
    let session_id = fields.vector(1)?;
    if session_id.0.len() > 32 {
        return Err(decode("a session's id has 32 bytes at most"));
    }
    let cipher_suites = fields.vector(2)?.u16s()?;
    if fields.vector(1)?.0.is_empty() {
        return Err(decode("one way of compression is there: none"));
    }
    let mut hello = ClientHello {
        server_name: None,
        alpn: Vec::new(),
        versions: vec![legacy_version],
        cipher_suites,
    };
    if !fields.0.is_empty() {
        let extensions = fields.vector(2)?;
        fields.ends()?;
        add_extensions(&mut hello, extensions)?;
    }
    Ok(hello)
}

fn add_extensions(hello: &mut ClientHello, mut extensions: Fields<'_>) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let mut data = extensions.vector(2)?;
        if !seen.insert(kind) {
            return Err(illegal("an extension comes twice"));
        }
        match kind {
            SERVER_NAME => hello.server_name = server_name(data.list(2)?)?,
            ALPN => hello.alpn = protocols(data.list(2)?)?,
            SUPPORTED_VERSIONS => hello.versions = data.list(1)?.u16s()?,
            _ => continue,
        }
        data.ends()?;
    }
    Ok(())
}

fn server_name(mut names: Fields<'_>) -> Result<Option<String>, Refusal> {
    let mut host = None;
    while !names.0.is_empty() {
        let kind = names.u8()?;
        let name = names.vector(2)?.0;
        if kind != HOST_NAME {
            continue;
        }
        if host.is_some() {
            return Err(illegal("two host names"));
        }
        if name.is_empty() {
            return Err(decode("a host name is not empty"));
        }
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
        if !name.iter().all(allowed) {
            return Err(illegal("this is no host name"));
        }
        host = Some(String::from_utf8_lossy(name).to_ascii_lowercase());
    }
    Ok(host)
}

fn protocols(mut names: Fields<'_>) -> Result<Vec<Vec<u8>>, Refusal> {
    let mut protocols = Vec::new();
    while !names.0.is_empty() {
        let name = names.vector(1)?.0;
        if name.is_empty() {
            return Err(decode("a protocol has a name"));
        }
        protocols.push(name.to_vec());
    }
    Ok(protocols)
}

/// What is left of a part of the message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Refusal> {
        let Some((taken, rest)) = self.0.split_at_checked(len) else {
            return Err(decode("a length goes beyond what is around it"));
        };
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, Refusal> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, Refusal> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// What follows a length of `width` bytes, one or two.
    fn vector(&mut self, width: usize) -> Result<Fields<'a>, Refusal> {
        let len = match width {
            1 => usize::from(self.u8()?),
            _ => usize::from(self.u16()?),
        };
        Ok(Fields(self.take(len)?))
    }

    /// The same, with something in it.
    fn list(&mut self, width: usize) -> Result<Fields<'a>, Refusal> {
        let list = self.vector(width)?;
        match list.0.is_empty() {
            true => Err(decode("a list is empty")),
            false => Ok(list),
        }
    }

    /// All that is left, as numbers, of which there is one at least.
    fn u16s(mut self) -> Result<Vec<u16>, Refusal> {
        let mut numbers = vec![self.u16()?];
        while !self.0.is_empty() {
            numbers.push(self.u16()?);
        }
        Ok(numbers)
    }

    fn ends(&self) -> Result<(), Refusal> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(decode("a part is longer than what is in it")),
        }
    }
}

fn unexpected(why: &'static str) -> Refusal {
    Refusal::new(AlertDescription::UnexpectedMessage, why)
}

fn illegal(why: &'static str) -> Refusal {
    Refusal::new(AlertDescription::IllegalParameter, why)
}

fn decode(why: &'static str) -> Refusal {
    Refusal::new(AlertDescription::DecodeError, why)
}
