//! nginx and the crate h2, as servers on Unix sockets.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use h2::server::SendResponse;
use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

use crate::judges::Folder;
use crate::rules::Ask;
use crate::rules::play::{Outcome, Subject, Taken};
use crate::socket::{PATIENCE, Socket};

/// The lengths of content that rows ask for.
const LENGTHS: [usize; 2] = [0, 100_000];

/// nginx, in a process that ends with this. It answers `/` with two bytes, and `/100000` with a file. The two bytes come
/// from another server, since nginx does not read a request to its end for a text that it has itself.
pub struct Nginx {
    child: Child,
    at: PathBuf,
}

impl Nginx {
    pub fn starts(folder: &Folder) -> Result<Nginx, String> {
        let at = folder.path("nginx");
        let files = folder.path("files");
        fs::create_dir_all(&files).expect("a folder");
        for length in LENGTHS {
            fs::write(files.join(length.to_string()), vec![b'x'; length]).expect("a file");
        }
        let config = format!(
            "daemon off; master_process off; pid {0}.pid; error_log {0}.log info; user root;\n\
             events {{}}\n\
             http {{\n\
             access_log off; root {1}; client_max_body_size 10m; keepalive_timeout 60s;\n\
             client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             server {{ listen unix:{0}-behind; location / {{ return 200 \"ok\"; }} }}\n\
             server {{ listen unix:{0} http2; http2_max_concurrent_streams 3;\n\
             location = / {{ proxy_pass http://unix:{0}-behind; proxy_ignore_client_abort on; }} }}\n\
             }}\n",
            at.display(),
            files.display(),
        );
        let file = folder.path("nginx.conf");
        fs::write(&file, config).expect("a file");
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path("")).arg("-c").arg(file);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = quiet
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => "nginx is not installed".to_owned(),
                _ => format!("nginx: {error}"),
            })?;
        let mut nginx = Nginx { child, at };
        let deadline = Instant::now() + Duration::from_secs(5);
        while UnixStream::connect(&nginx.at).is_err() {
            if Instant::now() > deadline || !matches!(nginx.child.try_wait(), Ok(None)) {
                return Err("nginx does not start".to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }

    pub fn connects(&self, is_told: bool) -> Server {
        Server(Socket::new(
            UnixStream::connect(&self.at).expect("it listens"),
            is_told,
        ))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server of the crate h2, which answers when a request has come whole.
pub struct H2Server {
    pub runtime: Runtime,
    at: PathBuf,
}

impl H2Server {
    pub fn starts(folder: &Folder) -> H2Server {
        let at = folder.path("h2");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(async { UnixListener::bind(&at) });
        let listener = listener.expect("a socket");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serves(stream));
            }
        });
        H2Server { runtime, at }
    }

    pub fn connects(&self, is_told: bool) -> Server {
        Server(Socket::new(
            UnixStream::connect(&self.at).expect("it listens"),
            is_told,
        ))
    }
}

async fn serves(stream: tokio::net::UnixStream) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    let mut connection = builder
        .max_concurrent_streams(3)
        .handshake::<_, Bytes>(stream)
        .await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        tokio::spawn(answers(request, respond));
    }
    Ok(())
}

async fn answers(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let mut body = request.into_body();
    while let Some(data) = body.data().await {
        let length = data?.len();
        let _ = body.flow_control().release_capacity(length);
    }
    body.trailers().await?;
    let length = path.parse().unwrap_or(2);
    let mut stream = respond.send_response(Response::new(()), false)?;
    stream.send_data(Bytes::from(vec![b'x'; length]), true)
}

/// A connection to one of them.
pub struct Server(Socket);

impl Subject for Server {
    fn gives(&mut self, bytes: &[u8]) {
        self.0.gives(bytes);
    }

    fn takes(&mut self) -> Taken {
        self.0.takes()
    }

    fn patience(&self) -> usize {
        PATIENCE
    }

    fn asks(&mut self, ask: Ask) {
        unreachable!("a server is not told to ask: {ask:?}");
    }

    fn cancels(&mut self, stream: u32) {
        unreachable!("a server has no request to take back: {stream}");
    }

    fn outcomes(&mut self) -> Vec<(u32, Outcome)> {
        Vec::new()
    }

    fn tells(&mut self, what: &str) {
        self.0.tells(what);
    }
}
