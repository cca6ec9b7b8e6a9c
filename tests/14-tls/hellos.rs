//! ClientHellos: real ones, and ones made part by part, so that each part can be wrong.

/// What curl 7.88 with OpenSSL 3.0 sends for `https://www.example.org:44123/`.
pub const CURL: &str = "1603010200010001fc0303ccbf588265b001dbd0eac13b757946fad26b42902fbf03016438329326182abe202b978bbcde17477ea2f279471c344f23ddb05d5ecc312089d4cf3c6d233af8e3003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff0100017500000014001200000f7777772e6578616d706c652e6f7267000b000403000102000a00160014001d0017001e00190018010001010102010301040010000e000c02683208687474702f312e31001600000017000000310000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602002b0009080304030303020301002d00020101003300260024001d0020facd8bdc391e73e666c426fc035b798a9e2777db0dd4e71b5be0e44e417cbd04001500ae000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// `openssl s_client -servername Mail.Example.Org -alpn h2,http/1.1`.
pub const OPENSSL: &str = "160301014f0100014b03033c272ecdb327e677fbfede45647e58ac6c2a560c0ce8694ce511d28538d292f220f0754e73c765c0bfeb6879d38d3a4250413132b49f0fee9bb76df6ccd3e20cb8003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000c40000001500130000104d61696c2e4578616d706c652e4f7267000b000403000102000a00160014001d0017001e0019001801000101010201030104002300000010000e000c02683208687474702f312e310016000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602002b0009080304030303020301002d00020101003300260024001d00206584f928aaaa97d59b673927202a99021bdbeaa6cc3a9c32a8194aed1b0ca60f";

/// `openssl s_client -tls1_2 -noservername`.
pub const OLD: &str = "16030100b7010000b30303ff64057315cbca356d5e5352cf786282088b9d50d9503f98bb1b578dde0965b2000038c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff01000052000b000403000102000a000c000a001d0017001e00190018002300000016000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602";

pub fn from_hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// The parts of a hello. Each is written as it is given, with its length before it.
#[derive(Clone)]
pub struct Parts {
    pub version: u16,
    pub session_id: Vec<u8>,
    pub suites: Vec<u8>,
    pub compression: Vec<u8>,
    /// `None`: the message ends before them.
    pub extensions: Option<Vec<(u16, Vec<u8>)>>,
    /// What stands behind everything.
    pub behind: Vec<u8>,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            version: 0x0303,
            session_id: vec![7; 32],
            suites: vec![0x13, 0x01, 0x13, 0x02],
            compression: vec![0],
            extensions: Some(vec![
                names(&[(0, b"www.example.org")]),
                protocols(&[b"h2", b"http/1.1"]),
                versions(&[0x0304, 0x0303]),
            ]),
            behind: Vec::new(),
        }
    }
}

impl Parts {
    /// With these extensions and no others.
    pub fn with(extensions: impl IntoIterator<Item = (u16, Vec<u8>)>) -> Parts {
        Parts {
            extensions: Some(extensions.into_iter().collect()),
            ..Parts::default()
        }
    }

    /// The message without its header.
    pub fn body(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend((0..32u8).map(|at| at.wrapping_mul(37)));
        body.extend(short(&self.session_id));
        body.extend(long(&self.suites));
        body.extend(short(&self.compression));
        if let Some(extensions) = &self.extensions {
            let each = extensions
                .iter()
                .flat_map(|(kind, data)| [kind.to_be_bytes().to_vec(), long(data)].concat());
            body.extend(long(&each.collect::<Vec<_>>()));
        }
        body.extend(&self.behind);
        body
    }

    /// In one record.
    pub fn record(&self) -> Vec<u8> {
        record(22, &message(1, &self.body()))
    }
}

/// A message of a handshake.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("a short message");
    let mut message = len.to_be_bytes().to_vec();
    message[0] = kind;
    message.extend_from_slice(body);
    message
}

pub fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], &long(fragment)[..]].concat()
}

/// Behind a length of two bytes.
pub fn long(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("a short part");
    [&len.to_be_bytes(), bytes].concat()
}

/// Behind a length of one byte.
pub fn short(bytes: &[u8]) -> Vec<u8> {
    let len = u8::try_from(bytes.len()).expect("a short part");
    [&[len], bytes].concat()
}

pub fn names(names: &[(u8, &[u8])]) -> (u16, Vec<u8>) {
    let each = names
        .iter()
        .flat_map(|(kind, name)| [vec![*kind], long(name)].concat());
    (0, long(&each.collect::<Vec<_>>()))
}

pub fn protocols(names: &[&[u8]]) -> (u16, Vec<u8>) {
    let each = names.iter().flat_map(|name| short(name));
    (16, long(&each.collect::<Vec<_>>()))
}

pub fn versions(versions: &[u16]) -> (u16, Vec<u8>) {
    let each = versions.iter().flat_map(|version| version.to_be_bytes());
    (43, short(&each.collect::<Vec<_>>()))
}
