//! Step 1: the head of a message.

use http1::{Fields, MAX_FIELDS, MAX_HEAD, MAX_LINE, Version, parse_request, parse_response};
use netlab::{Dice, Lab, lab};

use super::heads::{
    Spoken, fields, get, pairs, refused, request, request_head, response, response_refused, shown,
    spoken, with,
};

#[test]
fn s1_a_request() {
    lab(|lab| {
        lab.why("A head is the request line, the fields in their order, and an empty line. What stands behind it is the body or the next request, and is not yours to look at.");
        let head = b"POST /form?a=b HTTP/1.1\r\nHost: www.example.org:8080\r\nContent-Length: 5\r\nX: y\r\n\r\n";
        let (got, len) = request(lab, &[head, &b"hello\r\nGET"[..]].concat());
        lab.same("the method", &got.method[..], "POST");
        lab.same("the target", &got.target[..], "/form?a=b");
        lab.same("the version", spoken(got.version), Spoken::Http11);
        lab.same("the bytes of the head", len, head.len());
        let want = [
            ("Host", "www.example.org:8080"),
            ("Content-Length", "5"),
            ("X", "y"),
        ];
        lab.same("the fields", pairs(&got.fields), owned(&want));

        lab.why("A method is a word of any letters, and case matters in it (RFC 9110 §9.1): whether it is known is for the server to say.");
        for method in ["get", "M-SEARCH", "!#$%&'*+-.^_`|~19azAZ"] {
            let (got, _) = request(lab, &get(&format!("{method} / HTTP/1.1")));
            lab.same("the method", &got.method[..], method);
        }
    });
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    pairs.iter().map(owned).collect()
}

/// Heads that are right, each in its own way.
const REQUESTS: [&[u8]; 6] = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    b"POST /a?b HTTP/1.1\r\nA:\r\nhost:[::1]:80\r\nB: \xc3\xa9\t \r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
];

const RESPONSES: [&[u8]; 4] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    b"HTTP/1.0 404\r\n\r\n",
    b"HTTP/1.1 204 \r\nA: b\r\n c\r\n\r\n",
    b"HTTP/1.1 503 caf\xc3\xa9 is closed\r\nRetry-After: 1\r\n\r\n",
];

#[test]
fn s1_split_at_every_byte() {
    lab(|lab| {
        lab.why("A stream gives a head in any pieces: even the CR and the LF of its last line may come apart. Until all of it is there the answer is None, and not an error; then it is the whole head, whatever has come behind it.");
        request_in_pieces(lab, REQUESTS[0]);
        response_in_pieces(lab, RESPONSES[0]);
    });
}

fn request_in_pieces(lab: &Lab, whole: &[u8]) {
    none_until_all_is_there(lab, "parse_request", whole, request_len);
    let more = [whole, b"\0\n"].concat();
    lab.same("the bytes of the head", request(lab, &more).1, whole.len());
}

fn response_in_pieces(lab: &Lab, whole: &[u8]) {
    none_until_all_is_there(lab, "parse_response", whole, response_len);
    let more = [whole, b"\0\n"].concat();
    lab.same("the bytes of the head", response(lab, &more).1, whole.len());
}

#[test]
fn s1_field_names_ignore_case() {
    lab(|lab| {
        lab.why("Content-Length and content-length are one field (RFC 9110 §5.1). Who looks for one spelling finds no length in a request that has one, and takes its body for the next request.");
        let fields = fields(&[
            "Cookie: a=1",
            "cookie-2: x",
            "X: y",
            "COOKIE: b=2",
            "cooKie:",
        ]);
        for name in ["Cookie", "cookie", "COOKIE"] {
            let got = lab.you(&format!("fields.all({name:?})"), || {
                owned_values(fields.all(name))
            });
            lab.same(
                "the values",
                got,
                ["a=1", "b=2", ""].map(String::from).to_vec(),
            );
        }
        let got = lab.you("fields.all(\"Cook\")", || owned_values(fields.all("Cook")));
        lab.same("the values", got, Vec::new());
        let (head, _) = request(lab, b"GET / HTTP/1.1\r\nhOsT: a\r\n\r\n");
        let names: Vec<_> = pairs(&head.fields)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        lab.same("a name as it was written", names, vec!["hOsT".to_owned()]);
    });
}

fn owned_values(values: Vec<&[u8]>) -> Vec<String> {
    let text = |value: &&[u8]| String::from_utf8_lossy(value).into_owned();
    values.iter().map(text).collect()
}

#[test]
fn s1_lists() {
    lab(|lab| {
        lab.why("Connection: a, B and two fields, one with each word, mean the same (RFC 9110 §5.3). Blanks around a word and empty places between commas are nothing. Case is a matter of ASCII letters.");
        let cases: [(&[&str], &[&str]); 10] = [
            (&["Connection: close"], &["close"]),
            (
                &["Connection: Keep-Alive,Upgrade"],
                &["keep-alive", "upgrade"],
            ),
            (
                &["Connection: a", "X: no", "connection: B , c"],
                &["a", "b", "c"],
            ),
            (&["Connection: ,, a,,\t b ,"], &["a", "b"]),
            (&["Connection:"], &[]),
            (&["Connection: ,"], &[]),
            (&["Connection: a b"], &["a b"]),
            (&["Connection: a;b, c=\"d\""], &["a;b", "c=\"d\""]),
            (&["Connections: a"], &[]),
            // The sign for kelvin: Unicode calls k its small letter, HTTP knows ASCII alone.
            (
                &["Connection: \u{212a}eep, \u{c9}"],
                &["\u{212a}eep", "\u{c9}"],
            ),
        ];
        for (lines, want) in cases {
            let fields = fields(lines);
            let got = lab.you(&format!("list(\"Connection\") of {lines:?}"), || {
                fields.list("Connection")
            });
            let want: Vec<String> = want.iter().map(|&word| word.to_owned()).collect();
            lab.same("the words", got, want);
        }
        lab.why("Bytes that are no text are an element as well. Who drops them reads another list than the next program: gzip, say, becomes nothing, and what is left is chunked.");
        let mut fields = Fields::new();
        fields.push("Connection", &b"a, \xff\xfe, b"[..]);
        let got = lab.you("list(\"Connection\") of \"a, \\xff\\xfe, b\"", || {
            fields.list("Connection")
        });
        lab.same("how many words", got.len(), 3);
        lab.same("the first and the last", [&got[0][..], &got[2]], ["a", "b"]);
    });
}

#[test]
fn s1_the_request_line_has_three_parts() {
    lab(|lab| {
        lab.why("Method, target and version, with one space between two of them (RFC 9112 §3). The method is a token, the target visible ASCII. A server that guesses at anything else guesses otherwise than the proxy before it.");
        for line in [
            "GET /",
            "GET",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            " / HTTP/1.1",
            "GET  HTTP/1.1",
            "GET / HTTP/1.1 x",
            "GET\t/ HTTP/1.1",
            "GET / a HTTP/1.1",
            "GET /a\tb HTTP/1.1",
            "/ HTTP/1.1",
            "G(T / HTTP/1.1",
            "GET: / HTTP/1.1",
            "G\u{e9}T / HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "GET /\u{7f} HTTP/1.1",
            "HTTP/1.1 200 OK",
        ] {
            refused(lab, &get(line), 400);
        }
    });
}

#[test]
fn s1_versions() {
    lab(|lab| {
        lab.why("HTTP/1.1 is said by its name, in capitals, a digit, a point, a digit (RFC 9112 §2.3). A higher minor version is read as the highest that you know (RFC 9110 §2.5); another major version is another language: 505.");
        for (version, want) in [
            ("HTTP/1.0", Spoken::Http10),
            ("HTTP/1.1", Spoken::Http11),
            ("HTTP/1.2", Spoken::Http11),
            ("HTTP/1.9", Spoken::Http11),
        ] {
            let (head, _) = request(lab, &get(&format!("GET / {version}")));
            lab.same("the version", spoken(head.version), want);
        }
        for version in ["HTTP/0.9", "HTTP/2.0", "HTTP/3.1", "HTTP/9.9"] {
            refused(lab, &get(&format!("GET / {version}")), 505);
        }
        for version in [
            "http/1.1",
            "HTTP/1",
            "HTTP/1.",
            "HTTP/.1",
            "HTTP/1.10",
            "HTTP/11.1",
            "HTTP/1,1",
            "HTTP/1.x",
            "HTTP/x.1",
            "HTTPS/1.1",
            "HTTP1.1",
            "HTTP/1.1/",
            "HTTP/-1.1",
            "HTTP/2",
        ] {
            refused(lab, &get(&format!("GET / {version}")), 400);
        }
    });
}

#[test]
fn s1_targets_have_four_forms() {
    lab(|lab| {
        lab.why("A path; a whole URL, which proxies get and every server must take; * for OPTIONS alone; host and port for CONNECT alone (RFC 9112 §3.2). The scheme of a URL is in any case (RFC 3986 §3.1). connect is another method, and has none of these two.");
        for line in [
            "GET /a/b?c=d&e HTTP/1.1",
            "GET //a HTTP/1.1",
            "GET /%zz#\"<>\\^`{|} HTTP/1.1",
            "GET http://a HTTP/1.1",
            "GET HTTP://a:80/b?c HTTP/1.1",
            "PUT https://[::1]:8/ HTTP/1.1",
            "GET http://[FE80::aB]/ HTTP/1.1",
            "GET http://a?b HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "OPTIONS / HTTP/1.1",
            "CONNECT a.b:443 HTTP/1.1",
            "CONNECT [::1]:443 HTTP/1.1",
            "CONNECT [FE80::aB]:443 HTTP/1.1",
            "connect / HTTP/1.1",
        ] {
            let (head, _) = request(lab, &get(line));
            let target = line.split(' ').nth(1).unwrap_or_default();
            lab.same("the target", &head.target[..], target);
        }
        for line in [
            "GET * HTTP/1.1",
            "options * HTTP/1.1",
            "OPTIONS ** HTTP/1.1",
            "GET a HTTP/1.1",
            "GET a/b HTTP/1.1",
            "GET ?a HTTP/1.1",
            "GET a:80 HTTP/1.1",
            "GET http:/a HTTP/1.1",
            "GET http://  HTTP/1.1",
            "GET http:///a HTTP/1.1",
            "GET http://?a HTTP/1.1",
            "GET http://:80/ HTTP/1.1",
            "GET http://a:b/ HTTP/1.1",
            "GET http://u@a/ HTTP/1.1",
            "GET http://a#b HTTP/1.1",
            "GET http://a:80#b/ HTTP/1.1",
            "GET ftp://a/ HTTP/1.1",
            "CONNECT / HTTP/1.1",
            "CONNECT a HTTP/1.1",
            "CONNECT a: HTTP/1.1",
            "CONNECT :443 HTTP/1.1",
            "CONNECT http://a:443 HTTP/1.1",
            "CONNECT * HTTP/1.1",
            "connect a:443 HTTP/1.1",
            "Connect [::1]:443 HTTP/1.1",
        ] {
            refused(lab, &get(line), 400);
        }
    });
}

#[test]
fn s1_bare_lf_and_cr_and_nul() {
    lab(|lab| {
        lab.why("A line ends with CRLF. Some programs also end it at a lone LF, some at a lone CR, and a NUL ends a string in C. Where two programs in a row differ, one sees a field, or a request, that the other has not seen (RFC 9112 §2.2, §11.2; RFC 9110 §5.5). So none of them is taken.");
        for bytes in [
            &b"GET / HTTP/1.1\nHost: a\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nHost: a\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\n",
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\rHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
            b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            refused(lab, bytes, 400);
        }
        for line in [
            &b"A: b\rc"[..],
            b"A: b\r\rc",
            b"A: b\0c",
            b"A: b\nB: c",
            b"A\r: b",
            b"A\0: b",
            b"A: b\r",
            b"A: \r",
            b"A: b\x0bc",
            b"A: \x0b",
            b"A: b\x7fc",
            b"A: \x01",
            b"A: b\x1f",
            b"A: b\x08",
            b"\rA: b",
        ] {
            refused(lab, &with(line), 400);
        }
    });
}

#[test]
fn s1_a_name_is_a_token() {
    lab(|lab| {
        lab.why("A blank between name and colon has been read as part of the name, and as nothing. RFC 9112 §5.1 has servers refuse it with 400. Nothing else but a token may be a name either.");
        for line in [
            &b"A : b"[..],
            b"A\t: b",
            b"Content-Length : 5",
            b": b",
            b" : b",
            b"A",
            b"A b",
            b"A b: c",
            b"A(: b",
            b"A/B: c",
            b"\"A\": b",
            b"\xc3\xa9: b",
            b"A\x80: b",
            b"A\x7f: b",
            b"A,B: c",
            b"A=b",
            b"A;b",
            b"[A]: b",
            b"A@b: c",
            b"A\\: b",
            b"A{}: b",
            b"<A>: b",
            b"A?: b",
        ] {
            refused(lab, &with(line), 400);
        }
        let line = b"!#$%&'*+-.^_`|~19azAZ: b";
        let (head, _) = request(lab, &with(line));
        let all: Vec<_> = pairs(&head.fields);
        lab.same("the fields", all.len(), 2);
        lab.same("the name", &all[1].0[..], "!#$%&'*+-.^_`|~19azAZ");
    });
}

#[test]
fn s1_values() {
    lab(|lab| {
        lab.why("The blanks around a value are no part of it (RFC 9112 §5.1), and there may be none. In it may be blanks, colons, and bytes that are no ASCII: they are passed on as they are.");
        for (line, want) in [
            (&b"A:b"[..], &b"b"[..]),
            (b"A: b", b"b"),
            (b"A: \t b \t ", b"b"),
            (b"A:", b""),
            (b"A:   ", b""),
            (b"A: b  c\td", b"b  c\td"),
            (b"A: http://b:80/", b"http://b:80/"),
            (b"A: :", b":"),
            (b"A: \xff\x80\xc3\xa9", b"\xff\x80\xc3\xa9"),
            (b"A: \xc2\xa0b\xc2\xa0", b"\xc2\xa0b\xc2\xa0"),
            (b"A: \"x, y\"", b"\"x, y\""),
        ] {
            let (head, _) = request(lab, &with(line));
            let got = head.fields.lines().last().map(|(_, value)| value.clone());
            lab.same_bytes("the value", &got.unwrap_or_default(), want);
        }
    });
}

#[test]
fn s1_folded_lines_are_refused() {
    lab(|lab| {
        lab.why("A line that begins with a blank once went on with the line before. A server that takes it for a field of its own, or for nothing, and a proxy that joins the lines see two requests (RFC 9112 §5.2): 400.");
        for line in [
            &b"A: b\r\n c"[..],
            b"A: b\r\n\tc",
            b"A: b\r\n c: d",
            b"A: b\r\n ",
            b"A: b\r\n\tTransfer-Encoding: chunked",
        ] {
            refused(lab, &with(line), 400);
        }
        lab.why("Before the first field a blank is no better (RFC 9112 §2.2).");
        refused(lab, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
        refused(lab, b"GET / HTTP/1.1\r\n Host: b\r\nHost: a\r\n\r\n", 400);
    });
}

#[test]
fn s1_missing_or_two_hosts() {
    lab(|lab| {
        lab.why("HTTP/1.1 without exactly one Host is 400 (RFC 9112 §3.2). With two, the cache before you may take the first and you the second, and somebody else's page is under your name.");
        refused(lab, b"GET / HTTP/1.1\r\n\r\n", 400);
        refused(lab, b"GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", 400);
        refused(lab, b"GET / HTTP/1.2\r\n\r\n", 400);
        refused(lab, b"GET http://a/ HTTP/1.1\r\n\r\n", 400);
        for version in ["1.1", "1.0"] {
            for second in ["b", "a", ""] {
                let text =
                    format!("GET / HTTP/{version}\r\nHost: a\r\nX: y\r\nhost: {second}\r\n\r\n");
                refused(lab, text.as_bytes(), 400);
            }
            let text = format!("GET / HTTP/{version}\r\n{}\r\n", "Host: a\r\n".repeat(3));
            refused(lab, text.as_bytes(), 400);
        }
        // Far from each other, and far from the request line.
        let many = "X: y\r\n".repeat(MAX_FIELDS - 2);
        for (before, between) in [("", &many[..]), (&many[..], "")] {
            let text = format!("GET / HTTP/1.1\r\n{before}Host: a\r\n{between}Host: a\r\n\r\n");
            refused(lab, text.as_bytes(), 400);
        }
        lab.why("HTTP/1.0 is older than Host, and may come without it.");
        request(lab, b"GET / HTTP/1.0\r\n\r\n");
    });
}

#[test]
fn s1_a_host_is_a_host() {
    lab(|lab| {
        lab.why("Host has a name or an address and perhaps a port. Another value is 400 (RFC 9112 §3.2), in HTTP/1.0 as well. It may be empty, for a target that has no host. A port is any number of digits.");
        for host in [
            "",
            "a",
            "a.b.c:80",
            "127.0.0.1:8080",
            "[::1]",
            "[2001:db8::1]:443",
            "[2001:DB8::aB]",
            "WWW.Example.ORG:80",
            "a:",
            ":80",
            ":",
            "a_b~c",
            "%20!$&'()*+,;=",
            "[::ffff:1.2.3.4]",
            "a:65536",
            "[::1]:00000000000000000000080",
        ] {
            request(
                lab,
                format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes(),
            );
        }
        for host in [
            "a b",
            "a/b",
            "a@b",
            "a:b",
            "a:80:80",
            "http://a",
            "a?b",
            "a#b",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[a]b",
            "[::1]80",
            "[x]",
            "a\"",
            "a\\b",
            "a:8 0",
            "a:-1",
            "a:+1",
            "a:\u{665}",
            "[::1]:\u{ff15}",
            "caf\u{e9}",
        ] {
            for version in ["1.1", "1.0"] {
                let text = format!("GET / HTTP/{version}\r\nHost: {host}\r\n\r\n");
                refused(lab, text.as_bytes(), 400);
            }
        }
        lab.why("A host has ASCII alone. A Host of other bytes is there, and wrong; who cannot make text of it may not go on as if it were missing.");
        for host in [&b"\xe9"[..], b"caf\xe9", b"\xff:80"] {
            for start in ["GET / HTTP/1.1\r\nHost: ", "GET / HTTP/1.0\r\nHost: "] {
                refused(lab, &[start.as_bytes(), host, b"\r\n\r\n"].concat(), 400);
            }
        }
    });
}

#[test]
fn s1_empty_lines_come_first() {
    lab(|lab| {
        lab.why("Old clients send an empty line behind a body. It arrives before the next request line, and is passed over (RFC 9112 §2.2). It is part of what has been taken from the buffer.");
        for n in [1, 2, 3, 100] {
            let bytes = ["\r\n".repeat(n).as_bytes(), REQUESTS[0]].concat();
            let (head, len) = request(lab, &bytes);
            lab.same("the method", &head.method[..], "GET");
            lab.same("the bytes taken", len, bytes.len());
            let got = lab.you(&format!("parse_request({n} empty lines)"), || {
                request_len(&bytes[..2 * n])
            });
            let got = got.map(|len| len.is_some());
            lab.same("a head in them", got, Ok(false));
        }
        lab.why("They count as bytes of the head: else a client could send nothing else for ever.");
        for n in [MAX_HEAD / 2, MAX_HEAD / 2 + 1, MAX_HEAD] {
            refused(lab, "\r\n".repeat(n).as_bytes(), 431);
        }
        let behind_1000 = |len: usize| {
            let start = ["\r\n".repeat(1000).as_bytes(), b"GET / HTTP/1.0\r\nA: "].concat();
            let value = vec![b'x'; len - start.len() - 4];
            [&start[..], &value, b"\r\n\r\n"].concat()
        };
        lab.scene("1000 empty lines and a head, 32768 bytes in all (MAX_HEAD)");
        let (_, len) = request(lab, &behind_1000(MAX_HEAD));
        lab.same("the bytes taken", len, MAX_HEAD);
        lab.scene("1000 empty lines and a head, 32769 bytes in all");
        refused(lab, &behind_1000(MAX_HEAD + 1), 431);
        refused(lab, &behind_1000(MAX_HEAD + 1)[..MAX_HEAD], 431);
    });
}

#[test]
fn s1_a_long_request_line_is_414() {
    lab(|lab| {
        lab.why("A line of 8192 bytes is taken (RFC 9112 §3 recommends 8000 at least), one more is 414. A line without end must not fill the memory: it is refused when it is too long, and not when it ends.");
        let line = |len: usize| {
            let path = "x".repeat(len - "GET / HTTP/1.1".len());
            format!("GET /{path} HTTP/1.1")
        };
        let longest = line(MAX_LINE);
        let (head, _) = request(lab, &get(&longest));
        lab.same("the target's length", head.target.len(), MAX_LINE - 13);
        refused(lab, &get(&line(MAX_LINE + 1)), 414);
        refused(lab, &get(&line(MAX_HEAD - 100)), 414);
        refused(lab, &vec![b'G'; MAX_LINE + 2], 414);
        let mut late = b"\r\n".to_vec();
        late.resize(2 + MAX_LINE + 2, b'G');
        refused(lab, &late, 414);
        lab.why("The longest line may be there without its CRLF, or with the CR alone. More bytes can make it right, so it is no error.");
        for end in ["", "\r"] {
            let bytes = format!("{longest}{end}").into_bytes();
            let got = lab.you(&format!("parse_request({})", shown(&bytes)), || {
                request_len(&bytes)
            });
            let got = got.map(|len| len.is_some());
            lab.same("a head in it", got, Ok(false));
        }
        response_refused(lab, &vec![b'H'; MAX_LINE + 2]);
        let long = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(MAX_LINE - 12));
        response_refused(lab, long.as_bytes());
        let longest = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(MAX_LINE - 13));
        response(lab, longest.as_bytes());
    });
}

#[test]
fn s1_a_long_head_is_431() {
    lab(|lab| {
        lab.why("A head of MAX_HEAD bytes is taken, with the empty line at its end. A longer one is 431, as soon as that is known: a client that sends fields for ever must not fill the memory.");
        let head = |len: usize| {
            let start = b"GET / HTTP/1.1\r\nHost: a\r\nA: ";
            let value = vec![b'x'; len - start.len() - 4];
            [&start[..], &value, b"\r\n\r\n"].concat()
        };
        lab.scene("a head of 32768 bytes, MAX_HEAD");
        let (_, len) = request(lab, &head(MAX_HEAD));
        lab.same("the bytes of the head", len, MAX_HEAD);
        lab.scene("a head of 32769 bytes");
        refused(lab, &head(MAX_HEAD + 1), 431);
        lab.scene(
            "the first 32768 bytes of a head, and the last of its line ends is not among them",
        );
        refused(lab, &head(MAX_HEAD + 1)[..MAX_HEAD], 431);
        lab.scene("a head of ten times as many bytes");
        refused(lab, &head(10 * MAX_HEAD), 431);
        let response_head = |len: usize| {
            let start = b"HTTP/1.1 200 OK\r\nA: ";
            let value = vec![b'x'; len - start.len() - 4];
            [&start[..], &value, b"\r\n\r\n"].concat()
        };
        response(lab, &response_head(MAX_HEAD));
        response_refused(lab, &response_head(MAX_HEAD + 1));
        response_refused(lab, &response_head(MAX_HEAD + 1)[..MAX_HEAD]);
        let body = vec![b'x'; 2 * MAX_HEAD];
        lab.why("What stands behind the head does not count.");
        let (_, len) = request(lab, &[REQUESTS[0], &body].concat());
        lab.same("the bytes of the head", len, REQUESTS[0].len());
    });
}

#[test]
fn s1_headers_by_the_thousand_are_431() {
    lab(|lab| {
        lab.why("Each field costs more than its bytes: a place in a list, a look at every search. 100 lines are taken, one more is 431. In a response, a line that goes on with the one before is a line as well.");
        let head = |fields: usize| {
            lab.scene(format!("a head with {fields} lines of fields"));
            let more = "A: b\r\n".repeat(fields - 1);
            format!("GET / HTTP/1.1\r\nHost: a\r\n{more}\r\n").into_bytes()
        };
        let (got, _) = request(lab, &head(MAX_FIELDS));
        lab.same("the fields", got.fields.lines().len(), MAX_FIELDS);
        refused(lab, &head(MAX_FIELDS + 1), 431);
        refused(lab, &head(5000), 431);
        for next in ["A: b\r\n", " b\r\n"] {
            let head = |lines: usize| {
                lab.scene(format!("a head with {lines} lines of fields"));
                let more = next.repeat(lines - 1);
                format!("HTTP/1.1 200 OK\r\nA: b\r\n{more}\r\n").into_bytes()
            };
            response(lab, &head(MAX_FIELDS));
            response_refused(lab, &head(MAX_FIELDS + 1));
        }
    });
}

#[test]
fn s1_host_and_path() {
    lab(|lab| {
        lab.why("A target that is a whole URL, its scheme in any case, says for whom the request is, whatever Host says (RFC 9112 §3.2.2); and what is asked for there is what stands behind the host. Without a path that is /.");
        for (method, target, hosts, host, path) in [
            ("GET", "/a?b", &["Host: h:1"][..], Some("h:1"), "/a?b"),
            ("GET", "//a", &["Host: h"], Some("h"), "//a"),
            ("GET", "/", &[], None, "/"),
            ("GET", "/", &["Host:"], Some(""), "/"),
            ("GET", "/", &["Host: H.Example"], Some("H.Example"), "/"),
            ("GET", "http://U.Example/A", &[], Some("U.Example"), "/A"),
            ("GET", "http://u:80/a?b", &["Host: h"], Some("u:80"), "/a?b"),
            ("GET", "HTTPS://u", &["Host: h"], Some("u"), "/"),
            ("GET", "http://u?a/b", &[], Some("u"), "/?a/b"),
            (
                "GET",
                "http://u/http://v/",
                &["Host: h"],
                Some("u"),
                "/http://v/",
            ),
            ("GET", "/http://v/", &["host: h"], Some("h"), "/http://v/"),
            ("OPTIONS", "*", &["Host: h"], Some("h"), "*"),
            ("CONNECT", "u:443", &["Host: h"], Some("u:443"), "u:443"),
            ("connect", "/a", &["Host: h"], Some("h"), "/a"),
        ] {
            let mut head = request_head(method, Version::Http11, hosts);
            head.target = target.to_owned();
            let got = lab.you(&format!("host() of {method} {target}, {hosts:?}"), || {
                head.host()
            });
            lab.same("the host", got.as_deref(), host);
            let got = lab.you(&format!("path() of {method} {target}"), || head.path());
            lab.same("the path", &got[..], path);
        }
    });
}

#[test]
fn s1_a_status_line() {
    lab(|lab| {
        lab.why("Version, status, reason. The reason is for people, may be anything or nothing, and many servers leave out the space before an empty one (RFC 9112 §4).");
        for (line, version, status) in [
            (&b"HTTP/1.1 200 OK"[..], Spoken::Http11, 200),
            (b"HTTP/1.0 404 Not Found", Spoken::Http10, 404),
            (b"HTTP/1.1 204 ", Spoken::Http11, 204),
            (b"HTTP/1.1 204", Spoken::Http11, 204),
            (b"HTTP/1.5 100 a  b\tc", Spoken::Http11, 100),
            (b"HTTP/1.1 299 \xff\xc3\xa9", Spoken::Http11, 299),
            (b"HTTP/1.1 999 x", Spoken::Http11, 999),
            (b"HTTP/1.1 200  two", Spoken::Http11, 200),
        ] {
            let (head, _) = response(lab, &[line, b"\r\nA: b\r\n\r\n"].concat());
            lab.same("the version", spoken(head.version), version);
            lab.same("the status", head.status, status);
            lab.same("the fields", pairs(&head.fields), owned(&[("A", "b")]));
        }
        lab.why("Anything else is not HTTP/1: an error, 502, and no guess.");
        for line in [
            &b"HTTP/1.1 20"[..],
            b"HTTP/1.1 2000",
            b"HTTP/1.1 2x0 OK",
            b"HTTP/1.1 +20 OK",
            b"HTTP/1.1 -20 OK",
            b"HTTP/1.1 099 OK",
            b"HTTP/1.1 000 OK",
            b"HTTP/1.1 200OK",
            b"HTTP/1.1 200\tOK",
            b"HTTP/1.1  200 OK",
            b"HTTP/1.1\t200 OK",
            b" HTTP/1.1 200 OK",
            b"http/1.1 200 OK",
            b"HTTP/2.0 200 OK",
            b"HTTP/0.9 200 OK",
            b"HTTP/1 200 OK",
            b"HTTP/1.1200 OK",
            b"HTTP/1.1",
            b"ICY 200 OK",
            b"GET / HTTP/1.1",
            b"HTTP/1.1 200 \x00",
            b"HTTP/1.1 200 a\x7f",
            b"HTTP/1.1 200 a\rb",
            b"\xff\xff\xff\xff\xff\xff\xff\xff 200 OK",
            b"",
        ] {
            response_refused(lab, &[line, b"\r\nA: b\r\n\r\n"].concat());
        }
        lab.why("A line that ends early is no status line either, wherever it ends. Look whether the bytes are there before you take them.");
        let shortest = b"HTTP/1.1 200";
        for end in 0..shortest.len() {
            let line = &shortest[..end];
            response_refused(lab, &[line, b"\r\nA: b\r\n\r\n"].concat());
        }
        response(lab, &[&shortest[..], b"\r\nA: b\r\n\r\n"].concat());
    });
}

#[test]
fn s1_a_response_may_be_folded() {
    lab(|lab| {
        lab.why("A client cannot ask a server to say it again. So in a response a line that begins with a blank goes on with the value before it, with a space in place of the break (RFC 9112 §5.2).");
        for (lines, want) in [
            (&b"A: b\r\n c"[..], &[("A", "b c")][..]),
            (b"A: b \r\n\t \tc  \r\n d", &[("A", "b c d")]),
            (b"A:\r\n b", &[("A", "b")]),
            (b"A: b\r\n ", &[("A", "b")]),
            (b"A: b\r\n \r\n c", &[("A", "b c")]),
            (b"A: b\r\n c: d\r\nE: f", &[("A", "b c: d"), ("E", "f")]),
            (b"A: b\r\nC: d\r\n e", &[("A", "b"), ("C", "d e")]),
            (
                b"A: b\r\n c\r\nD:\r\n e\r\nF: g",
                &[("A", "b c"), ("D", "e"), ("F", "g")],
            ),
        ] {
            let bytes = [b"HTTP/1.1 200 OK\r\n", lines, b"\r\n\r\n"].concat();
            let (head, _) = response(lab, &bytes);
            lab.same("the fields", pairs(&head.fields), owned(want));
        }
        lab.why("Behind the status line there is nothing yet that could go on (RFC 9112 §2.2).");
        response_refused(lab, b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n");
        response_refused(lab, b"HTTP/1.1 200 OK\r\nA: b\r\n c\0\r\n\r\n");
    });
}

#[test]
fn s1_what_is_wrong_in_a_response() {
    lab(|lab| {
        lab.why("A field of a response is what it is in a request: a token, a colon, a value without control characters, CRLF. Host means nothing here.");
        for bytes in [
            &b"HTTP/1.1 200 OK\nA: b\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nA: b\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\r\n\n",
            b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
            b"\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n",
        ] {
            response_refused(lab, bytes);
        }
        response(lab, b"HTTP/1.1 200 OK\r\nHost: a b\r\nhost: c\r\n\r\n");
    });
}

#[test]
fn s1_the_pieces_change_nothing() {
    lab(|lab| {
        lab.why("What a head means depends on its bytes and not on how many have come. A beginning is None, or the error that the whole has; and once there is a head, more bytes do not change it.");
        for whole in REQUESTS {
            request_in_pieces(lab, whole);
        }
        for whole in RESPONSES {
            response_in_pieces(lab, whole);
        }
        const ODD: &[u8] = b"\r\n \t:\0\x7f/1A,*\xff.H";
        for (round, seed) in lab.seeds(400).enumerate() {
            let mut dice = Dice::new(seed);
            let all = [&REQUESTS[..], &RESPONSES[..]].concat();
            let mut bytes = all[round % all.len()].to_vec();
            for _ in 0..dice.below(3) + 1 {
                let at = dice.below(bytes.len());
                let odd = dice.one_of(ODD);
                match dice.below(3) {
                    0 => bytes[at] = odd,
                    1 => bytes.insert(at, odd),
                    _ => drop(bytes.remove(at)),
                }
            }
            let requests = parsed(&bytes, request_len);
            consistent(lab, "parse_request", &bytes, &requests);
            let responses = parsed(&bytes, response_len);
            consistent(lab, "parse_response", &bytes, &responses);
        }
    });
}

/// The length of a head, or the status of a refusal.
type Parsed = Result<Option<usize>, u16>;

fn request_len(bytes: &[u8]) -> Parsed {
    let found = parse_request(bytes).map_err(|error| error.status)?;
    Ok(found.map(|(_, len)| len))
}

fn response_len(bytes: &[u8]) -> Parsed {
    let found = parse_response(bytes).map_err(|error| error.status)?;
    Ok(found.map(|(_, len)| len))
}

/// Demands that no beginning of a head is one, or an error.
fn none_until_all_is_there(lab: &Lab, name: &str, whole: &[u8], parse: impl Fn(&[u8]) -> Parsed) {
    let call = format!("{name}(every beginning of {})", shown(whole));
    let results = lab.you(&call, || parsed(&whole[..whole.len() - 1], parse));
    for (n, got) in results.into_iter().enumerate() {
        lab.same(
            &format!("the answer to {}", shown(&whole[..n])),
            got,
            Ok(None),
        );
    }
}

fn parsed(bytes: &[u8], parse: impl Fn(&[u8]) -> Parsed) -> Vec<Parsed> {
    (0..=bytes.len()).map(|n| parse(&bytes[..n])).collect()
}

fn consistent(lab: &Lab, name: &str, bytes: &[u8], parsed: &[Parsed]) {
    let whole = parsed[bytes.len()];
    for (n, part) in parsed.iter().enumerate() {
        let as_it_must_be = match whole {
            Ok(Some(len)) if n >= len => *part == whole,
            Ok(_) => *part == Ok(None),
            Err(_) => part.is_err() || *part == Ok(None),
        };
        if !as_it_must_be {
            lab.fails(
                format!(
                    "{name}({}) to be None or {whole:?}, which is what all of the bytes give: {}",
                    shown(&bytes[..n]),
                    shown(bytes)
                ),
                format!("{part:?}"),
            );
        }
    }
}
