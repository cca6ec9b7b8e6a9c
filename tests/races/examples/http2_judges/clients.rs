//! curl, whose HTTP/2 is nghttp2's, and the crate h2, as clients.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use h2::Reason;
use h2::client::SendRequest;
use hyper::Request;
use hyper::body::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::judges::Folder;
use crate::rules::play::{Outcome, Subject, Taken};
use crate::rules::{Ask, Line, Row};
use crate::servers::H2Server;
use crate::socket::{PATIENCE, Socket};

/// How long a client may take to hear what has come.
const HEARS: Duration = Duration::from_millis(300);

/// curl, which asks for one page, and leaves when it has it.
pub struct Curl {
    child: Child,
    socket: Socket,
    /// Whoever comes again waits here.
    _listener: UnixListener,
}

impl Curl {
    pub fn is_there() -> Result<(), String> {
        let run = Command::new("curl").arg("--version").output();
        let said = run.map_err(|_| "curl is not installed")?;
        match String::from_utf8_lossy(&said.stdout).contains("HTTP2") {
            true => Ok(()),
            false => Err("curl has no HTTP/2".to_owned()),
        }
    }

    /// For rows in which one request comes first.
    pub fn comes(folder: &Folder, number: usize, row: &Row, is_told: bool) -> Option<Curl> {
        let mut asks = row.lines.iter().map(|(_, line)| line);
        let Some(Line::Asks(ask)) = asks.next() else {
            return None;
        };
        if asks.any(|line| matches!(line, Line::Asks(_) | Line::Cancels(_))) {
            return None;
        }
        let at = folder.path(&format!("curl-{number}"));
        let listener = UnixListener::bind(&at).expect("a socket");
        let mut curl = Command::new("curl");
        curl.args([
            "-s",
            "--http2-prior-knowledge",
            "--max-time",
            "20",
            "-o",
            "/dev/null",
        ]);
        curl.args(["-w", "%{stderr}%{http_code} %{exitcode}\n"]);
        curl.arg("--unix-socket").arg(&at);
        match ask {
            Ask::Get => {}
            Ask::Head => {
                curl.arg("--head");
            }
            Ask::Post(length) => {
                let body = folder.path(&format!("body-{number}"));
                fs::write(&body, vec![b'x'; *length]).expect("a file");
                let body = format!("@{}", body.display());
                curl.args(["-H", "Expect:", "--data-binary", &body]);
            }
        }
        curl.arg("http://a/");
        let quiet = curl.stdin(Stdio::null()).stdout(Stdio::null());
        let child = quiet.stderr(Stdio::piped()).spawn().expect("curl runs");
        let (stream, _) = listener.accept().expect("it comes");
        let socket = Socket::new(stream, is_told);
        Some(Curl {
            child,
            socket,
            _listener: listener,
        })
    }
}

impl Subject for Curl {
    fn gives(&mut self, bytes: &[u8]) {
        self.socket.gives(bytes);
    }

    fn takes(&mut self) -> Taken {
        self.socket.takes()
    }

    fn patience(&self) -> usize {
        PATIENCE
    }

    fn asks(&mut self, _ask: Ask) {
        // It has.
    }

    fn cancels(&mut self, _stream: u32) {
        unreachable!("curl cannot be told");
    }

    fn outcomes(&mut self) -> Vec<(u32, Outcome)> {
        thread::sleep(HEARS);
        let _ = self.child.kill();
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut said).expect("what it says");
        let first = said.lines().next().and_then(|line| line.split_once(' '));
        let outcome = first.map(|(status, code)| match code {
            "0" => Outcome::Taken(status.parse().unwrap_or(0)),
            _ => Outcome::Failed,
        });
        outcome.map(|outcome| (1, outcome)).into_iter().collect()
    }

    fn tells(&mut self, what: &str) {
        self.socket.tells(what);
    }
}

impl Drop for Curl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The client of the crate h2.
pub struct H2Client {
    socket: Socket,
    runtime: Handle,
    asks: SendRequest<Bytes>,
    connection: JoinHandle<()>,
    requests: BTreeMap<u32, JoinHandle<()>>,
    outcomes: Arc<Mutex<Vec<(u32, Outcome)>>>,
    next: u32,
}

impl H2Client {
    pub fn comes(with: &H2Server, is_told: bool) -> H2Client {
        let runtime = with.runtime.handle().clone();
        let (here, there) = UnixStream::pair().expect("two sockets");
        there.set_nonblocking(true).expect("a socket of tokio's");
        let (asks, connection) = runtime.block_on(async {
            let there = tokio::net::UnixStream::from_std(there).expect("a socket of tokio's");
            let mut builder = h2::client::Builder::new();
            builder.enable_push(false);
            let hands = builder.handshake::<_, Bytes>(there).await;
            hands.expect("nothing has come that could be wrong")
        });
        let connection = runtime.spawn(async move {
            let _ = connection.await;
        });
        H2Client {
            socket: Socket::new(here, is_told),
            runtime,
            asks,
            connection,
            requests: BTreeMap::new(),
            outcomes: Arc::default(),
            next: 1,
        }
    }
}

impl Subject for H2Client {
    fn gives(&mut self, bytes: &[u8]) {
        self.socket.gives(bytes);
    }

    fn takes(&mut self) -> Taken {
        self.socket.takes()
    }

    fn patience(&self) -> usize {
        PATIENCE
    }

    fn asks(&mut self, ask: Ask) {
        let asks = self.asks.clone();
        let outcomes = self.outcomes.clone();
        let stream = self.next;
        let task = self.runtime.spawn(async move {
            let outcome = match asked(asks, ask).await {
                Ok(status) => Outcome::Taken(status),
                Err(error) if error.reason() == Some(Reason::REFUSED_STREAM) => {
                    Outcome::Unprocessed
                }
                Err(_) => Outcome::Failed,
            };
            outcomes.lock().expect("whole").push((stream, outcome));
        });
        self.requests.insert(stream, task);
        self.next += 2;
    }

    fn cancels(&mut self, stream: u32) {
        self.requests[&stream].abort();
    }

    fn outcomes(&mut self) -> Vec<(u32, Outcome)> {
        thread::sleep(HEARS);
        self.outcomes.lock().expect("whole").clone()
    }

    fn tells(&mut self, what: &str) {
        self.socket.tells(what);
    }
}

impl Drop for H2Client {
    fn drop(&mut self) {
        self.connection.abort();
        for task in self.requests.values() {
            task.abort();
        }
    }
}

async fn asked(asks: SendRequest<Bytes>, ask: Ask) -> Result<u16, h2::Error> {
    let (method, length) = match ask {
        Ask::Get => ("GET", None),
        Ask::Head => ("HEAD", None),
        Ask::Post(length) => ("POST", Some(length)),
    };
    let request = Request::builder().method(method).uri("http://a/");
    let request = request.body(()).expect("a request");
    let mut asks = asks.ready().await?;
    let (response, mut body) = asks.send_request(request, length.is_none())?;
    if let Some(length) = length {
        body.send_data(Bytes::from(vec![b'x'; length]), true)?;
    }
    let response = response.await?;
    let status = response.status().as_u16();
    let mut content = response.into_body();
    while let Some(data) = content.data().await {
        let length = data?.len();
        let _ = content.flow_control().release_capacity(length);
    }
    content.trailers().await?;
    Ok(status)
}
