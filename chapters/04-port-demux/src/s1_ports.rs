//! Step 1: what a port number says, and what it does not.

use crate::Proto;

/// The three ranges of RFC 6335, section 6, and the reserved number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortClass {
    /// 0, which is reserved: in `bind` it asks the system to choose.
    Reserved,
    /// 1 to 1023, also called well-known. Many systems ask for a privilege to bind one.
    System,
    /// 1024 to 49151, also called registered.
    User,
    /// 49152 to 65535, also called private or ephemeral. They cannot be registered.
    Dynamic,
}

/// The range that a port belongs to.
pub fn classify_port(port: u16) -> PortClass {
    todo!("4.1 classify_port({port}): reserved, system, user or dynamic; mind the edges")
}

/// Some of IANA's registrations, in the format of `/etc/services`.
pub const SERVICES: &str = "\
# name          port/protocol   aliases
ftp-data        20/tcp          # where an FTP server sends files from, in active mode
ftp             21/tcp
ssh             22/tcp
telnet          23/tcp
smtp            25/tcp          mail
domain          53/tcp
domain          53/udp
bootps          67/udp
http            80/tcp          www
pop3            110/tcp         pop-3
ntp             123/udp
imap            143/tcp         imap2
https           443/tcp
https           443/udp         # HTTP/3
syslog          514/udp
mysql           3306/tcp
postgresql      5432/tcp
mdns            5353/udp
http-alt        8080/tcp        webcache
";

/// The name under which a port of a protocol is registered in `services`.
///
/// `services` has the format of `/etc/services`: a line is a name, `PORT/PROTOCOL` and any number
/// of aliases, separated by blanks or tabs, which may also stand before the name. PORT is a number
/// in decimal digits only (`080` is 80, `+80` does not fit). PROTOCOL is `tcp` or `udp` in small
/// letters (`TCP` does not fit). `#` begins a comment, which goes to the end of the line. A line
/// that does not fit the format is ignored. Of several lines the first one counts. You decide
/// whether other white space separates words as well.
pub fn service_name(services: &str, port: u16, proto: Proto) -> Option<&str> {
    todo!(
        "4.1 service_name({} lines, {port}, {proto}): the first word of the first line whose second word is PORT/PROTOCOL; comments begin with #",
        services.lines().count()
    )
}
