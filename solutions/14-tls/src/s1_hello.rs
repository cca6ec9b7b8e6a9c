//! Step 1: records, and the one message of a handshake that everybody on the way can read.

use crate::Refusal;

/// The longest fragment of a record in the clear, in bytes (RFC 8446 §5.1).
pub const MAX_FRAGMENT: usize = 1 << 14;

/// The longest ClientHello that is taken, in bytes, without the four of its header. The limit is ours: the
/// RFC allows 16 megabytes, and browsers send two kilobytes.
pub const MAX_HELLO: usize = 16 * 1024;

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
    todo!(
        "14.1 parse_record({:02x?}, {max}): None until the header and its fragment are there; the length counts the fragment alone",
        &buf[..buf.len().min(16)]
    )
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
    todo!(
        "14.1 client_hello({:02x?}…, {} bytes): put the fragments of the records together until the message is there, then read its fields in their order",
        &buf[..buf.len().min(16)],
        buf.len()
    )
}
