//! Step 1: what a person types, taken apart.

use netlab::{Lab, lab};
use type_a_url::Url;

use super::words::{parsed, url};

fn parses(lab: &Lab, text: &str, want: &str) {
    lab.scene(format!("somebody types {text:?}"));
    let got = lab.you(&format!("Url::parse({text:?})"), || Url::parse(text));
    lab.same("scheme | host | port | path", parsed(got), want.to_owned());
}

fn refuses(lab: &Lab, text: &str, want: &str) {
    parses(lab, text, &format!("the error {want}"));
}

fn joins(lab: &Lab, base: &str, reference: &str, want: &str) {
    lab.scene(format!("the page {base} redirects to {reference:?}"));
    let base = url(lab, base);
    let got = lab.you(&format!("url.join({reference:?})"), || base.join(reference));
    lab.same("scheme | host | port | path", parsed(got), want.to_owned());
}

#[test]
fn s1_default_ports_and_paths() {
    lab(|lab| {
        lab.why("https without a port is 443, http is 80 (RFC 9110 §4.2.1, §4.2.2). The path of a request begins with a slash, even if nobody typed one.");
        parses(
            lab,
            "https://www.example.org/",
            "https | www.example.org | 443 | /",
        );
        parses(
            lab,
            "http://www.example.org/",
            "http | www.example.org | 80 | /",
        );
        parses(lab, "https://a", "https | a | 443 | /");
        parses(lab, "http://a", "http | a | 80 | /");
        parses(lab, "http://a/b/c", "http | a | 80 | /b/c");
        parses(lab, "https://a/b/", "https | a | 443 | /b/");
    });
}

#[test]
fn s1_a_port_of_its_own() {
    lab(|lab| {
        lab.why("The port stands behind the colon. Nothing behind the colon means the scheme's default port (RFC 3986 §3.2.3).");
        parses(lab, "https://a:8443/b", "https | a | 8443 | /b");
        parses(lab, "http://a:443/", "http | a | 443 | /");
        parses(lab, "https://a:80", "https | a | 80 | /");
        parses(lab, "http://a:1/", "http | a | 1 | /");
        parses(lab, "http://a:65535/", "http | a | 65535 | /");
        parses(lab, "http://a:008080/", "http | a | 8080 | /");
        parses(lab, "http://a:/b", "http | a | 80 | /b");
        parses(lab, "https://a:", "https | a | 443 | /");
        parses(lab, "https://a:?b", "https | a | 443 | /?b");
    });
}

#[test]
fn s1_ports_that_are_none() {
    lab(|lab| {
        lab.why("A port has 16 bits and is not 0. It is written in digits only. A sign or a blank is not allowed, even if `str::parse` takes it.");
        for port in [
            "0",
            "65536",
            "65616",
            "4294967376",
            "+80",
            "-1",
            "x",
            "80x",
            "8:0",
            "0x50",
            "99999999999999999999",
        ] {
            refuses(lab, &format!("http://a:{port}/"), "Port");
        }
        refuses(lab, "https://[::1]:0/", "Port");
        refuses(lab, "https://[::1]:x", "Port");
    });
}

#[test]
fn s1_the_query_goes_along() {
    lab(|lab| {
        lab.why("A request contains the path and the query. A query begins at the first question mark; it may have slashes and question marks of its own.");
        parses(lab, "http://a/b?c=d&e", "http | a | 80 | /b?c=d&e");
        parses(lab, "http://a?b", "http | a | 80 | /?b");
        parses(lab, "http://a/?", "http | a | 80 | /?");
        parses(lab, "http://a?b/c?d", "http | a | 80 | /?b/c?d");
        parses(lab, "http://a/b?c:d@e", "http | a | 80 | /b?c:d@e");
        parses(lab, "http://a?b@c/d", "http | a | 80 | /?b@c/d");
        parses(lab, "https://a/%7e%2F%zz", "https | a | 443 | /%7e%2F%zz");
        parses(lab, "https://a//b//", "https | a | 443 | //b//");
    });
}

#[test]
fn s1_userinfo_and_fragment_stay_here() {
    lab(|lab| {
        lab.why("`#top` stays in the browser. The user may hold a password, and must not go to the server. The user ends at the last @ of the authority (RFC 3986 §3.5, RFC 9110 §4.2.4).");
        parses(lab, "http://a/b#top", "http | a | 80 | /b");
        parses(lab, "http://a#b", "http | a | 80 | /");
        parses(lab, "http://a/b?c#d?e#f", "http | a | 80 | /b?c");
        parses(lab, "http://a/b#c/../d", "http | a | 80 | /b");
        parses(lab, "http://a/b#c?d", "http | a | 80 | /b");
        parses(lab, "http://a#b?c/d", "http | a | 80 | /");
        parses(lab, "https://me:secret@a/b", "https | a | 443 | /b");
        parses(lab, "https://me@a:8443", "https | a | 8443 | /");
        parses(lab, "https://a:80@b:81/", "https | b | 81 | /");
        parses(lab, "https://a@b@c/", "https | c | 443 | /");
        parses(lab, "https://@a/", "https | a | 443 | /");
        parses(
            lab,
            "http://bank.example#@evil.example/",
            "http | bank.example | 80 | /",
        );
        parses(lab, "http://u@[::1]:8/", "http | ::1 | 8 | /");
        parses(lab, "http://a/b@c", "http | a | 80 | /b@c");
    });
}

#[test]
fn s1_scheme_and_host_in_any_case() {
    lab(|lab| {
        lab.why("Case does not matter in a scheme and in a host. A host is kept in small letters, so that two spellings are one host (RFC 3986 §3.1, §3.2.2). In a path, case matters.");
        parses(
            lab,
            "HTTPS://WWW.Example.ORG/Path?Query",
            "https | www.example.org | 443 | /Path?Query",
        );
        parses(lab, "Http://A", "http | a | 80 | /");
        parses(lab, "http://[FE80::A]/", "http | fe80::a | 80 | /");
    });
}

#[test]
fn s1_ipv6_literals() {
    lab(|lab| {
        lab.why("An IPv6 address has colons that do not begin a port, so it stands in brackets (RFC 3986 §3.2.2). It is kept in one spelling, whatever was typed.");
        parses(lab, "http://[::1]/", "http | ::1 | 80 | /");
        parses(
            lab,
            "https://[2001:db8::7]:8443/a",
            "https | 2001:db8::7 | 8443 | /a",
        );
        parses(
            lab,
            "https://[2001:db8:0:0:0:0:0:7]",
            "https | 2001:db8::7 | 443 | /",
        );
        parses(lab, "http://[::1]:?a", "http | ::1 | 80 | /?a");
        parses(
            lab,
            "http://[::ffff:192.0.2.1]/",
            "http | ::ffff:192.0.2.1 | 80 | /",
        );
        for text in [
            "http://[::1/",
            "http://[]/",
            "http://[1]/",
            "http://[::1]a/",
            "http://[::1]80/",
            "http://[fe80::1%25eth0]/",
            "http://[192.0.2.1]/",
            "http://[www.example.org]/",
            "http://[v1.a]/",
            "http://[::g]/",
            "http://::1/",
            "http://[::1]]/",
        ] {
            // Without brackets, what stands before the first colon is a host, and there is none.
            let want = if text == "http://::1/" {
                "NoHost"
            } else {
                "Host"
            };
            refuses(lab, text, want);
        }
    });
}

#[test]
fn s1_hosts_of_all_kinds() {
    lab(|lab| {
        lab.why("A host is letters, digits, hyphens, underscores and dots. Anything else is refused: otherwise it would go to the name server, or be shown to a person.");
        parses(lab, "http://192.0.2.7:8080/", "http | 192.0.2.7 | 8080 | /");
        parses(lab, "http://localhost/", "http | localhost | 80 | /");
        parses(
            lab,
            "http://xn--bcher-kva.example/",
            "http | xn--bcher-kva.example | 80 | /",
        );
        parses(
            lab,
            "http://_dmarc.a-b.example./",
            "http | _dmarc.a-b.example. | 80 | /",
        );
        for host in ["1", "-", "_", ".", "a..b", "-a-"] {
            parses(
                lab,
                &format!("http://{host}:81/"),
                &format!("http | {host} | 81 | /"),
            );
        }
        for text in [
            "http:///",
            "http://",
            "https://?a",
            "https://#a",
            "http://:80/",
            "http://u@/",
            "http://u@:80/",
            "http://:0/",
            "http://u@:x/",
        ] {
            refuses(lab, text, "NoHost");
        }
        for text in [
            "http://a%41/",
            "http://a,b/",
            "http://a*b/",
            "http://(a)/",
            "http://a\\b/",
            "http://a|b/",
            "http://a[::1]/",
            "http://a~/",
            "http://%/",
            "http://a!:0/",
            "http://[::g]:x/",
        ] {
            refuses(lab, text, "Host");
        }
    });
}

#[test]
fn s1_schemes() {
    lab(|lab| {
        lab.why("Only `http` and `https` go to a web server. A browser guesses a missing scheme; this one does not.");
        for text in [
            "",
            "a",
            "www.example.org",
            "www.example.org/",
            "//a/",
            "/a",
            "http",
            "http:",
            "http:a",
            "http:/a",
            "https:///a",
        ] {
            let want = if text == "https:///a" {
                "NoHost"
            } else {
                "NoScheme"
            };
            refuses(lab, text, want);
        }
        for text in [
            "mailto:a@b",
            "://a/",
            ":",
            "1http://a/",
            "-a://b",
            "ht_tp://a/",
            "localhost:8080/a",
            "#http://a/",
        ] {
            refuses(lab, text, "NoScheme");
        }
        for text in [
            "ftp://a/",
            "httpss://a/",
            "htt://a",
            "ws://a/",
            "file:///etc/passwd",
            "h://",
            "git+ssh://a",
            "x-1.y://a",
        ] {
            refuses(lab, text, "Scheme");
        }
    });
}

#[test]
fn s1_nothing_but_visible_ascii() {
    lab(|lab| {
        lab.why("A blank ends the path in a request line, and a line feed ends the line. With them, a URL could change the request (RFC 9112 §3). Letters beyond ASCII would have to be encoded.");
        for text in [
            " http://a/",
            "http://a/ ",
            "http://a/b c",
            "http://a/\r\nHost: b",
            "http://a/\n",
            "http://a\t/",
            "http://a/\u{e9}",
            "http://b\u{fc}cher.example/",
            "http://a/\u{7f}",
            "http://a/\0",
            "http://a/?b c",
            "http://a/#b c",
            "ht tp://a/",
            "ftp://a/ b",
            "\u{ff48}ttp://a",
        ] {
            refuses(lab, text, "Characters");
        }
        parses(
            lab,
            "http://a/!\"$&'()*+,;<=>@[]^`{|}~\\",
            "http | a | 80 | /!\"$&'()*+,;<=>@[]^`{|}~\\",
        );
    });
}

#[test]
fn s1_dots_in_a_path() {
    lab(|lab| {
        lab.why("`.` and `..` are relative to the page. They are removed before the request is sent (RFC 3986 §5.2.4). `..` at the root is the root.");
        for (path, want) in [
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/b/../../c", "/c"),
            ("/../a", "/a"),
            ("/..", "/"),
            ("/.", "/"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/./", "/"),
            ("/../../", "/"),
            ("/a//../b", "/a/b"),
            ("/a/.../b", "/a/.../b"),
            ("/.a/..b/c.", "/.a/..b/c."),
            ("/a?/../b", "/a?/../b"),
            ("/a/..?b/./c", "/?b/./c"),
            ("/%2e%2e/a", "/%2e%2e/a"),
            ("/a/./b/../c?d/..", "/a/c?d/.."),
            ("/a?b/../c?d", "/a?b/../c?d"),
        ] {
            parses(
                lab,
                &format!("http://h{path}"),
                &format!("http | h | 80 | {want}"),
            );
        }
    });
}

#[test]
fn s1_host_field() {
    lab(|lab| {
        lab.why("Host has the port if it is not the scheme's default, or another site may answer. An IPv6 address has its brackets in it (RFC 9110 §7.2).");
        for (text, want) in [
            ("https://www.example.org/a", "www.example.org"),
            ("https://www.example.org:443/", "www.example.org"),
            ("https://example.test:8443/", "example.test:8443"),
            ("http://a:443/", "a:443"),
            ("https://a:80/", "a:80"),
            ("http://a:80/", "a"),
            ("http://me@a:81/#b", "a:81"),
            ("http://[::1]/", "[::1]"),
            ("https://[2001:DB8::7]:8443/", "[2001:db8::7]:8443"),
            ("http://192.0.2.7/", "192.0.2.7"),
        ] {
            lab.scene(format!("somebody types {text:?}"));
            let url = url(lab, text);
            let got = lab.you("url.host_field()", || url.host_field());
            lab.same("Host", &got[..], want);
        }
    });
}

#[test]
fn s1_a_url_is_shown_as_it_would_be_typed() {
    lab(|lab| {
        lab.why("A person must be able to type the shown URL again and get the same page.");
        for (text, want) in [
            ("HTTPS://me@A:443/b/../c?d#e", "https://a/c?d"),
            ("http://a", "http://a/"),
            ("http://a:443", "http://a:443/"),
            ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ] {
            lab.scene(format!("somebody types {text:?}"));
            let url = url(lab, text);
            let got = lab.you("url.to_string()", || url.to_string());
            lab.same("the text", &got[..], want);
        }
    });
}

#[test]
fn s1_an_address_in_the_hosts_place() {
    lab(|lab| {
        lab.why("An address needs no look-up. A text that only looks like an address is a name.");
        for (text, want) in [
            ("http://192.0.2.7/", Some("192.0.2.7")),
            ("https://[2001:db8::7]:8/", Some("2001:db8::7")),
            ("http://a/", None),
            ("http://192.0.2/", None),
            ("http://192.0.2.256/", None),
            ("http://192.0.2.7./", None),
            ("http://3221225991/", None),
            ("http://0xc0000207/", None),
            ("http://localhost/", None),
            ("http://[::ffff:192.0.2.7]/", Some("::ffff:192.0.2.7")),
        ] {
            lab.scene(format!("somebody types {text:?}"));
            let url = url(lab, text);
            let got = lab.you("url.address()", || url.address());
            lab.same(
                "the address",
                got.map(|addr| addr.to_string()),
                want.map(str::to_owned),
            );
        }
    });
}

const BASE: &str = "https://a:8443/b/c?d";

#[test]
fn s1_join() {
    lab(|lab| {
        lab.why("The parts that a reference does not have come from the URL of its page (RFC 3986 §5.2.2).");
        for (reference, want) in [
            ("http://e/f", "http | e | 80 | /f"),
            ("HTTPS://E:9", "https | e | 9 | /"),
            ("//e/f", "https | e | 443 | /f"),
            ("//e:1?g", "https | e | 1 | /?g"),
            ("/f?g", "https | a | 8443 | /f?g"),
            ("/", "https | a | 8443 | /"),
            ("f", "https | a | 8443 | /b/f"),
            ("f/g?h/../i#j", "https | a | 8443 | /b/f/g?h/../i"),
            ("../f", "https | a | 8443 | /f"),
            ("./", "https | a | 8443 | /b/"),
            ("..", "https | a | 8443 | /"),
            ("../../../f", "https | a | 8443 | /f"),
            ("/f/./g/../h", "https | a | 8443 | /f/h"),
            ("?f", "https | a | 8443 | /b/c?f"),
            ("?", "https | a | 8443 | /b/c?"),
            ("#f", "https | a | 8443 | /b/c?d"),
            ("", "https | a | 8443 | /b/c?d"),
            ("1:f", "https | a | 8443 | /b/1:f"),
            ("./f:g", "https | a | 8443 | /b/f:g"),
            ("f@g", "https | a | 8443 | /b/f@g"),
            ("?f#@g", "https | a | 8443 | /b/c?f"),
            ("?f/../g/./h", "https | a | 8443 | /b/c?f/../g/./h"),
            ("f#g?h", "https | a | 8443 | /b/f"),
            ("#f?g", "https | a | 8443 | /b/c?d"),
            ("/f?u=http://e/g", "https | a | 8443 | /f?u=http://e/g"),
            ("f?u=http://e", "https | a | 8443 | /b/f?u=http://e"),
            ("?u=http://e", "https | a | 8443 | /b/c?u=http://e"),
            ("#http://e/f", "https | a | 8443 | /b/c?d"),
        ] {
            joins(lab, BASE, reference, want);
        }
        joins(lab, "http://a", "b", "http | a | 80 | /b");
        joins(lab, "http://a/b/?c/d", "e", "http | a | 80 | /b/e");
        joins(lab, "http://a/b/?c/d", "?e", "http | a | 80 | /b/?e");
        joins(lab, "http://a/b?c?d", "?e", "http | a | 80 | /b?e");
        joins(lab, "http://a/b", "//e/", "http | e | 80 | /");
        joins(lab, "http://[::1]:8/b", "/c", "http | ::1 | 8 | /c");
    });
}

#[test]
fn s1_join_refuses() {
    lab(|lab| {
        lab.why("A server can write any text. A user in its URL can deceive the person who reads it (RFC 9110 §4.2.4).");
        for (reference, want) in [
            ("https://bank.example@evil.example/", "Userinfo"),
            ("//me:secret@e/", "Userinfo"),
            ("http://@e", "Userinfo"),
            ("http://u@:80/", "Userinfo"),
            ("ftp://e/", "Scheme"),
            ("mailto:a@b", "NoScheme"),
            ("https:f", "NoScheme"),
            ("javascript:alert(1)", "NoScheme"),
            ("http://", "NoHost"),
            ("//", "NoHost"),
            ("//e:0/", "Port"),
            ("//[::1/", "Host"),
            ("/f g", "Characters"),
            (" /f", "Characters"),
            ("http://e/f ", "Characters"),
            ("\t", "Characters"),
            ("/f\r\nSet-Cookie: g", "Characters"),
            ("/\u{e9}", "Characters"),
        ] {
            joins(lab, BASE, reference, &format!("the error {want}"));
        }
        for (reference, want) in [
            ("//e/f@g", "https | e | 443 | /f@g"),
            ("//e?f@g", "https | e | 443 | /?f@g"),
            ("http://e?f@g", "http | e | 80 | /?f@g"),
            ("http://e#f@g", "http | e | 80 | /"),
        ] {
            joins(lab, BASE, reference, want);
        }
    });
}
