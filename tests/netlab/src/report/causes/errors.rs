//! What an `io::Error` means.

/// The usual cause of the error that a text shows as `Debug` does: `Err(Os { code: 111, kind:
/// ConnectionRefused, … })`, `Io(Kind(WouldBlock))`, `WouldBlock`. `None` when the text shows none, or
/// one that says all itself.
pub fn of_error(text: &str) -> Option<&'static str> {
    let kind = kind_in(text)?;
    let special = SPECIAL
        .iter()
        .find(|(its, words, _)| *its == kind && text.contains(words));
    if let Some((_, _, cause)) = special {
        return Some(cause);
    }
    let general = GENERAL.iter().find(|(its, _)| *its == kind);
    general.map(|(_, cause)| *cause)
}

/// The name of the error's kind.
fn kind_in(text: &str) -> Option<&str> {
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let name_behind = |mark: &str| {
        let (_, rest) = text.split_once(mark)?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        Some(&rest[..end.unwrap_or(rest.len())])
    };
    // `Err(WouldBlock)`, `Some(WouldBlock)`.
    let mut bare = text.trim();
    while let Some(inside) = bare.split_once('(').and_then(|(name, rest)| {
        let inside = rest.strip_suffix(')')?;
        is_name(name).then_some(inside)
    }) {
        bare = inside;
    }
    name_behind(" kind: ")
        .or_else(|| name_behind("Kind("))
        .or_else(|| is_name(bare).then_some(bare))
}

/// Kinds that a word in the error's text makes more precise.
const SPECIAL: &[(&str, &str, &str)] = &[
    // Without a number of the system it is a refusal of the student's own code.
    (
        "InvalidInput",
        "Os {",
        "The system refused what the call was given (EINVAL), and did nothing. A listener that was shut \
         down says so, too, when accept() asks it.",
    ),
    (
        "InvalidInput",
        "0 duration",
        "A time-out of zero is refused: to the system, 0 means \"no time-out\". When no time is left, \
         give up without asking the socket.",
    ),
    (
        "InvalidData",
        "UTF-8",
        "These bytes are not UTF-8. What comes from outside is bytes, not text: read_until and Vec<u8> \
         take anything, read_line and String do not.",
    ),
    (
        "Uncategorized",
        "code: 24,",
        "The process has no descriptor left (EMFILE): each open socket, file and pipe takes one until it \
         is dropped.",
    ),
    (
        "Uncategorized",
        "code: 90,",
        "The datagram is longer than UDP can carry (EMSGSIZE): 65 507 bytes in IPv4.",
    ),
    (
        "Uncategorized",
        "code: 89,",
        "send() needs a connected socket (EDESTADDRREQ). Name the destination with send_to(), or \
         connect() first.",
    ),
    (
        "Uncategorized",
        "code: 97,",
        "An IPv4 socket cannot reach an IPv6 address, nor the other way round (EAFNOSUPPORT). Bind the \
         socket in the family of the address.",
    ),
];

const GENERAL: &[(&str, &str)] = &[
    (
        "WouldBlock",
        "WouldBlock (EAGAIN) is how Linux reports that a socket's time-out has expired; Windows says \
         TimedOut. A non-blocking socket says it too: there is nothing yet.",
    ),
    (
        "TimedOut",
        "Nothing came before the time-out expired. Which limit was it, and how much of it had been used \
         up before?",
    ),
    (
        "Interrupted",
        "A signal woke the call (EINTR). Nothing is lost and nothing is wrong: call again.",
    ),
    (
        "ConnectionRefused",
        "An RST came back: nobody listens at this address and port. The listener does not exist yet, is \
         closed already, or has another port. On a connected UDP socket it reports an earlier datagram.",
    ),
    (
        "ConnectionReset",
        "The other end has sent RST: it closed its socket with bytes unread, or broke the connection off. \
         Bytes on their way may be lost.",
    ),
    (
        "ConnectionAborted",
        "The connection was given up before it was used. Where accept() says so, the client has left the \
         queue; the listener itself is well.",
    ),
    (
        "BrokenPipe",
        "You wrote to a connection that the other end had closed before (EPIPE). The first write after \
         its end is answered by RST, the next one fails like this.",
    ),
    (
        "NotConnected",
        "The socket is not connected, or no longer (ENOTCONN). peer_addr() and shutdown() say so, too: the \
         address that accept() told stays true.",
    ),
    (
        "AddrInUse",
        "Another socket has this address and port: a listener that is still alive somewhere, a clone of \
         it, or, without SO_REUSEADDR, a connection in TIME-WAIT. Port 0 lets the system choose.",
    ),
    (
        "AddrNotAvailable",
        "No interface of this machine has that address, or no port is left to send from (EADDRNOTAVAIL).",
    ),
    (
        "UnexpectedEof",
        "The stream ended before as many bytes had come as were asked for.",
    ),
    (
        "WriteZero",
        "write() gave Ok(0): nothing more can be written there.",
    ),
    (
        "PermissionDenied",
        "The system does not allow it (EACCES, EPERM): a port below 1024, a broadcast, a file of another \
         user.",
    ),
    (
        "NetworkUnreachable",
        "There is no route to that network (ENETUNREACH).",
    ),
    (
        "HostUnreachable",
        "There is no way to that host (EHOSTUNREACH).",
    ),
];

/// Why a peer of the test gets an RST from the student's end.
pub const RESET_BY_YOU: &str = "Your end has broken the connection off (RST) instead of ending it (FIN). \
    The system does that when a socket is closed while bytes wait in it that nobody has read, or with \
    SO_LINGER of zero, and the peer may lose what it has not read yet.";

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_error_is_found_however_it_is_wrapped() {
        let refused = Error::from(ErrorKind::ConnectionRefused);
        let custom = Error::new(ErrorKind::ConnectionRefused, "no luck");
        for text in [
            format!("{refused:?}"),
            format!("Err(Io({refused:?}))"),
            format!("Err({custom:?})"),
            "Err(ConnectionRefused)".to_owned(),
            "ConnectionRefused".to_owned(),
            "called `Result::unwrap()` on an `Err` value: Os { code: 1, kind: ConnectionRefused, message: \"x\" }".to_owned(),
        ] {
            let cause = of_error(&text).unwrap_or_default();
            assert!(cause.contains("nobody listens"), "{text}: {cause:?}");
        }
    }

    #[test]
    fn a_zero_time_out_is_explained_as_that() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let error = socket.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
        let cause = of_error(&format!("Err({error:?})")).unwrap();
        assert!(cause.contains("A time-out of zero"), "{cause}");
    }

    #[test]
    fn only_the_system_says_einval() {
        let system = Error::from_raw_os_error(22);
        let own = Error::new(ErrorKind::InvalidInput, "too long");
        assert!(of_error(&format!("Err({system:?})")).is_some() || cfg!(windows));
        for text in [format!("Err({own:?})"), "InvalidInput".to_owned()] {
            assert_eq!(of_error(&text), None, "{text:?}");
        }
    }

    #[test]
    fn no_error_no_cause() {
        for text in [
            "",
            "7",
            "Ok(3)",
            "nothing",
            "[Ok(1), Err(Interrupted)]",
            "a (b)",
        ] {
            assert_eq!(of_error(text), None, "{text:?}");
        }
    }
}
