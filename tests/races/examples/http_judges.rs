//! Asks nginx, haproxy, `httparse` and chapter 13's answer what they make of odd messages.
//!
//! ```text
//! cargo run -p races --example http_judges             # prints the tables
//! cargo run -p races --example http_judges -- --keep   # and writes what the others say into the corpus
//! ```
//!
//! Fails when ours does not do as the corpus says, or does otherwise than a judge and the corpus has no reason for it.
//! nginx and haproxy are proxies here, in front of a server of this program: so they have to read a body to its end,
//! and of a response one sees what they let through. Everybody listens on Unix sockets in a folder of this run.
//! A judge that is not installed is left out, with a word.

#[cfg(not(unix))]
fn main() {
    println!("left out: this is not Unix");
}

#[cfg(unix)]
extern crate concurrent_server_solution as concurrent_server;
#[cfg(unix)]
extern crate http1_solution as http1;
#[cfg(unix)]
#[path = "../../13-http1/author/corpus/mod.rs"]
mod corpus;
#[cfg(unix)]
#[path = "../../13-http1/author/ours.rs"]
mod ours;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    judges::main()
}

#[cfg(unix)]
mod judges {
    use std::fs;
    use std::io::{ErrorKind, Read, Write};
    use std::net::Shutdown;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, ExitCode, Stdio};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::corpus::{self, Case, OURS};
    use super::ours::{self, statuses};

    const PATIENCE: Duration = Duration::from_secs(5);
    const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    /// Who has said nothing for so long has said all. (To end the input at once would not do: haproxy may notice the
    /// end before it has looked at a second request, and then it does not look.)
    const SILENCE: Duration = Duration::from_millis(300);
    const AT_A_TIME: usize = 16;
    /// As many fields as httparse has room for. The corpus has 10 000 in one head.
    const FIELDS: usize = 20_000;

    pub fn main() -> ExitCode {
        let keeps = std::env::args().any(|argument| argument == "--keep");
        let folder = Folder::new();
        let backend = Backend::starts(&folder.0.join("backend"));
        let proxies: Vec<Proxy> = [Proxy::nginx(&folder.0), Proxy::haproxy(&folder.0)]
            .into_iter()
            .filter_map(|proxy| proxy.map_err(|why| println!("left out: {why}")).ok())
            .collect();

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
        for complaint in &complaints {
            println!("{complaint}");
        }
        if complaints.is_empty() {
            ExitCode::SUCCESS
        } else {
            println!("{} complaints", complaints.len());
            ExitCode::FAILURE
        }
    }

    /// What our answer and httparse say, which need no process of their own.
    fn own_verdicts(corpus: &str) -> fn(&Case) -> Vec<(&'static str, String)> {
        match corpus {
            "requests" => |case| {
                vec![
                    (OURS, ours::serves(&case.bytes)),
                    ("httparse", reads_request(&case.bytes)),
                ]
            },
            _ => |case| {
                vec![
                    (OURS, ours::takes(case)),
                    ("httparse", reads_response(&case.bytes)),
                ]
            },
        }
    }

    /// A proxy's verdicts, many at a time: most of each is waiting.
    fn at_a_time(cases: &[Case], verdict: impl Fn(&Case) -> String + Sync) -> Vec<String> {
        let share = cases.len().div_ceil(AT_A_TIME);
        thread::scope(|scope| {
            let shares: Vec<_> = cases
                .chunks(share)
                .map(|cases| scope.spawn(|| cases.iter().map(&verdict).collect::<Vec<_>>()))
                .collect();
            let shares = shares.into_iter();
            shares
                .flat_map(|share| share.join().expect("verdicts"))
                .collect()
        })
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
            let httparse::Status::Complete((line, size)) =
                httparse::parse_chunk_size(bytes).ok()?
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

    /// A folder of this run, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let folder = std::env::temp_dir().join(format!("http-judges-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Folder(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
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

    /// nginx or haproxy, in a process that ends with this.
    struct Proxy {
        name: &'static str,
        child: Child,
        at: PathBuf,
    }

    impl Proxy {
        fn nginx(folder: &Path) -> Result<Proxy, String> {
            let at = folder.join("nginx");
            let config = format!(
                "daemon off; master_process off; pid nginx.pid; error_log error.log crit; user root;\n\
                 events {{}}\n\
                 http {{\n\
                 access_log off; proxy_ignore_client_abort on; client_max_body_size 1m;\n\
                 client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
                 server {{ listen unix:{}; location / {{ proxy_pass http://unix:{}; }} }}\n\
                 }}\n",
                at.display(),
                folder.join("backend").display()
            );
            let file = folder.join("nginx.conf");
            fs::write(&file, config).expect("a file");
            let mut command = Command::new("nginx");
            command.arg("-p").arg(folder).arg("-c").arg(file);
            Proxy::starts("nginx", command, at)
        }

        fn haproxy(folder: &Path) -> Result<Proxy, String> {
            let at = folder.join("haproxy");
            let config = format!(
                "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n \
                 option http-buffer-request\n retries 0\n\
                 listen judge\n bind unix@{}\n server backend unix@{}\n",
                at.display(),
                folder.join("backend").display()
            );
            let file = folder.join("haproxy.cfg");
            fs::write(&file, config).expect("a file");
            let mut command = Command::new("haproxy");
            command.arg("-db").arg("-f").arg(file);
            Proxy::starts("haproxy", command, at)
        }

        fn starts(name: &'static str, mut command: Command, at: PathBuf) -> Result<Proxy, String> {
            let child = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let child = child.map_err(|error| match error.kind() {
                ErrorKind::NotFound => format!("{name} is not installed"),
                _ => format!("{name}: {error}"),
            })?;
            let mut proxy = Proxy { name, child, at };
            let deadline = Instant::now() + PATIENCE;
            while UnixStream::connect(&proxy.at).is_err() {
                if Instant::now() > deadline || !matches!(proxy.child.try_wait(), Ok(None)) {
                    return Err(format!("{name} does not start"));
                }
                thread::sleep(Duration::from_millis(10));
            }
            Ok(proxy)
        }

        /// All that it answers to these bytes and the end of input behind them.
        fn asked(&self, bytes: &[u8]) -> Vec<u8> {
            let mut stream = UnixStream::connect(&self.at).expect("it listens");
            // It may refuse before it has read everything.
            let _ = stream.write_all(bytes);
            let mut answer = Vec::new();
            stream.set_read_timeout(Some(SILENCE)).expect("a time-out");
            if stream.read_to_end(&mut answer).is_err() {
                let _ = stream.shutdown(Shutdown::Write);
                stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
                let _ = stream.read_to_end(&mut answer);
            }
            answer
        }
    }

    impl Drop for Proxy {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
