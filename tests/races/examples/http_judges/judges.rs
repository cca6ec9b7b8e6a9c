//! What each judge makes of each message of the corpora, as two tables.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::corpus::{self, Case, OURS};
use crate::ours::{self, statuses};
use crate::proxies::{Folder, PATIENCE, Proxy, at_a_time};

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// As many fields as httparse has room for. The corpus has 10 000 in one head.
const FIELDS: usize = 20_000;

/// Prints the tables; returns what is wrong. With `keeps`, what the others say is written into the corpus.
pub fn judge(folder: &Folder, keeps: bool) -> Vec<String> {
    let backend = Backend::starts(&folder.path("behind-judges"));
    let proxies = Proxy::installed(folder, "behind-judges", false);

    let mut complaints = Vec::new();
    let corpora = [
        ("requests", corpus::REQUESTS),
        ("responses", corpus::RESPONSES),
    ];
    for (name, text) in corpora {
        let mut cases = corpus::read(text);
        let mut seen: Vec<Vec<(&str, String)>> = cases.iter().map(own_verdicts(name)).collect();
        for proxy in &proxies {
            let verdicts = match name {
                "requests" => {
                    backend.answers(FINE);
                    at_a_time(&cases, |case| statuses(&proxy.asked(&case.bytes)))
                }
                // One after the other: the backend has one answer at a time.
                _ => cases
                    .iter()
                    .map(|case| {
                        backend.answers(&case.bytes);
                        passed_on(case, &proxy.asked(question(case).as_bytes()))
                    })
                    .collect(),
            };
            for (seen, verdict) in seen.iter_mut().zip(verdicts) {
                seen.push((proxy.name, verdict));
            }
        }
        for (case, seen) in cases.iter_mut().zip(seen) {
            complaints.extend(judged(case, &seen));
            for (judge, verdict) in seen.into_iter().filter(|(judge, _)| *judge != OURS) {
                case.verdicts.retain(|(name, _)| name != judge);
                case.verdicts.push((judge.to_owned(), verdict));
            }
        }
        print_table(name, &cases);
        if keeps {
            let file = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../13-http1/author/corpus")
                .join(format!("{name}.txt"));
            fs::write(file, with_verdicts(text, &cases)).expect("the corpus");
        }
    }
    complaints
}

/// What our answer and httparse say, which need no process of their own.
fn own_verdicts(corpus: &str) -> fn(&Case) -> Vec<(&'static str, String)> {
    match corpus {
        "requests" => |case| {
            vec![
                (OURS, ours::serves(&case.bytes, usize::MAX)),
                ("httparse", reads_request(&case.bytes)),
            ]
        },
        _ => |case| {
            vec![
                (OURS, ours::takes(case, usize::MAX)),
                ("httparse", reads_response(&case.bytes)),
            ]
        },
    }
}

/// The corpus with other verdicts: those of its cases, in their order.
fn with_verdicts(text: &str, cases: &[Case]) -> String {
    let mut cases = cases.iter();
    let mut whole = String::new();
    for line in text.lines() {
        if line.starts_with("=> ") {
            let case = cases.next().expect("as many cases as before");
            let verdicts = case.verdicts.iter();
            let verdicts: Vec<_> = verdicts
                .map(|(judge, verdict)| format!("{judge} {verdict}"))
                .collect();
            whole.push_str("=> ");
            whole.push_str(&verdicts.join(" | "));
        } else {
            whole.push_str(line);
        }
        whole.push('\n');
    }
    whole
}

/// What is wrong with this case, if these are the verdicts.
fn judged(case: &Case, seen: &[(&str, String)]) -> Vec<String> {
    let title = case.title();
    let mut complaints = Vec::new();
    let expected = case.kept(OURS).expect("what ours must do");
    for (judge, verdict) in seen {
        if *judge == OURS && verdict != expected {
            complaints.push(format!("{title}: ours {verdict}, and must: {expected}"));
        }
        let differs = !agree(expected, verdict);
        if differs
            && !case
                .why
                .split_once(": ")
                .is_some_and(|(rfc, _)| rfc.contains("RFC "))
        {
            complaints.push(format!(
                "{title}: ours {expected}, {judge} {verdict}. Say in the corpus why, as \"RFC NNNN §N: …\"."
            ));
        }
        if *judge != OURS && case.kept(judge).is_some_and(|kept| kept != verdict) {
            println!("{title}: {judge} now {verdict}");
        }
    }
    complaints
}

/// Whether two verdicts are the same, as far as the judges can say the same.
fn agree(ours: &str, theirs: &str) -> bool {
    match theirs {
        "ok" | "partial" | "refused" => head(ours) == theirs,
        _ => ours == theirs,
    }
}

/// What one says of a head who says this of a message.
fn head(verdict: &str) -> &'static str {
    match verdict.as_bytes() {
        b"none" => "partial",
        [b'4' | b'5', ..] if verdict.len() == 3 => "refused",
        b"refused" => "refused",
        _ => "ok",
    }
}

fn print_table(name: &str, cases: &[Case]) {
    let judges = [OURS, "nginx", "haproxy", "httparse"];
    let mut section = "";
    println!("\n{name}: {} cases", cases.len());
    print_row("", judges.map(str::to_owned));
    for case in cases {
        if case.section != section {
            section = &case.section;
            println!("{section}");
        }
        let cells = judges.map(|judge| {
            let verdict = case.kept(judge).unwrap_or("-");
            let is_other = !agree(case.kept(OURS).unwrap_or_default(), verdict);
            format!("{verdict}{}", if is_other { " ≠" } else { "" })
        });
        print_row(&case.name, cells);
    }
    for judge in &judges[1..] {
        let verdicts: Vec<_> = cases
            .iter()
            .filter_map(|case| case.kept(judge).zip(case.kept(OURS)))
            .collect();
        let same = verdicts
            .iter()
            .filter(|(theirs, ours)| agree(ours, theirs))
            .count();
        println!("{judge}: as ours {same} of {}", verdicts.len());
    }
}

fn print_row(name: &str, cells: [String; 4]) {
    let [a, b, c, d] = cells;
    println!("  {name:<50} {a:<20} {b:<20} {c:<20} {d}");
}

/// What a client asks, whose answer is this case.
fn question(case: &Case) -> String {
    let method = ours::method(case);
    format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

/// What a proxy made of a response: its status and body, or that it was refused.
fn passed_on(case: &Case, bytes: &[u8]) -> String {
    whole(bytes, ours::method(case) == "HEAD")
        .filter(|(status, _)| !matches!(status, 500 | 502 | 504))
        .map_or("refused".to_owned(), |(status, body)| {
            ours::taken(status, &body)
        })
}

/// The final response in these bytes, up to their end, if nothing of it is missing.
fn whole(mut bytes: &[u8], answers_head: bool) -> Option<(u16, Vec<u8>)> {
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(length) = response.parse(bytes).ok()? else {
            return None;
        };
        let status = response.code?;
        let field = |name: &str| {
            let mut fields = response.headers.iter();
            fields
                .find(|field| field.name.eq_ignore_ascii_case(name))
                .map(|field| field.value)
        };
        let body = &bytes[length..];
        if (100..200).contains(&status) && status != 101 {
            bytes = body;
            continue;
        }
        if answers_head {
            return Some((status, body.to_vec()));
        }
        if field("transfer-encoding").is_some() {
            return Some((status, unchunked(body)?));
        }
        let length = field("content-length")
            .and_then(|n| std::str::from_utf8(n).ok()?.parse::<usize>().ok());
        return match length {
            Some(length) if !matches!(status, 204 | 304) => {
                Some((status, body.get(..length)?.to_vec()))
            }
            _ => Some((status, body.to_vec())),
        };
    }
}

/// The data of chunks that a proxy has written.
fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let httparse::Status::Complete((line, size)) = httparse::parse_chunk_size(bytes).ok()?
        else {
            return None;
        };
        let end = line + usize::try_from(size).ok()?;
        data.extend(bytes.get(line..end)?);
        bytes = bytes.get(end..)?;
        if size == 0 {
            return bytes.ends_with(b"\r\n").then_some(data);
        }
        bytes = bytes.strip_prefix(b"\r\n")?;
    }
}

fn reads_request(bytes: &[u8]) -> String {
    let mut fields = vec![httparse::EMPTY_HEADER; FIELDS];
    word(httparse::Request::new(&mut fields).parse(bytes))
}

fn reads_response(bytes: &[u8]) -> String {
    let mut fields = vec![httparse::EMPTY_HEADER; FIELDS];
    word(httparse::Response::new(&mut fields).parse(bytes))
}

fn word(result: httparse::Result<usize>) -> String {
    match result {
        Ok(httparse::Status::Complete(_)) => "ok",
        Ok(httparse::Status::Partial) => "partial",
        Err(_) => "refused",
    }
    .to_owned()
}

/// The server behind the proxies: it says the same to everybody, and closes.
struct Backend(Arc<Mutex<Vec<u8>>>);

impl Backend {
    fn starts(at: &Path) -> Backend {
        let listener = UnixListener::bind(at).expect("a socket");
        let answer = Arc::new(Mutex::new(Vec::new()));
        let answers = answer.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = answers.lock().expect("whole").clone();
                thread::spawn(move || answers_one(stream, &answer));
            }
        });
        Backend(answer)
    }

    fn answers(&self, bytes: &[u8]) {
        bytes.clone_into(&mut self.0.lock().expect("whole"));
    }
}

/// Proxies write heads that are whole and end in CRLF CRLF.
fn answers_one(mut stream: UnixStream, answer: &[u8]) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let _ = stream.write_all(answer);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut head);
}
