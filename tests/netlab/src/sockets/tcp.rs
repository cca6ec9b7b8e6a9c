//! Scripted TCP peers. Each method is one line of the scene and one line of the story.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use super::situations::own_loopback;
use crate::lab::GLANCE;
use crate::lab::Lab;
use crate::lab::student::Running;
use crate::report::story::YOU;
use crate::report::text::in_words;
use crate::report::{causes, hex};

/// One end of a TCP connection, played by the test. The other end is the student's.
pub struct TcpPeer {
    lab: Lab,
    name: String,
    stream: TcpStream,
}

/// A listening socket of the test, for students' clients.
pub struct TcpServer {
    lab: Lab,
    name: String,
    listener: TcpListener,
}

/// What ended a read.
enum End {
    /// As much as was asked for.
    Enough,
    Eof,
    Error(io::Error),
    Deadline,
}

impl Lab {
    /// A client of the student's server: connects now.
    pub fn connect(&self, addr: SocketAddr) -> TcpPeer {
        self.connect_as("peer", addr)
    }

    /// The same with a name of its own, where there are several.
    pub fn connect_as(&self, name: &str, addr: SocketAddr) -> TcpPeer {
        let stream = TcpStream::connect_timeout(&addr, self.0.patience.wait());
        self.connected(name, addr, stream)
    }

    /// The same with a connection that holds little: some tens of kilobytes wait in both systems, and not megabytes.
    /// So the student's server soon waits in a write when this client does not read, and soon goes on when it does.
    pub fn connect_narrow(&self, addr: SocketAddr) -> TcpPeer {
        let narrow = || {
            let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
            socket.set_recv_buffer_size(4096)?;
            // A connection with much reordering makes Linux give the next ones with the same address more buffer.
            if let IpAddr::V4(ip) = addr.ip()
                && ip.is_loopback()
            {
                socket.bind(&SocketAddr::from((own_loopback(64), 0)).into())?;
            }
            // Small segments make a small buffer at the other end. Where they cannot be had, more waits there.
            #[cfg(unix)]
            let _ = socket.set_tcp_mss(536);
            socket.connect_timeout(&addr.into(), self.0.patience.wait())?;
            Ok(socket.into())
        };
        self.connected("peer", addr, narrow())
    }

    fn connected(&self, name: &str, addr: SocketAddr, stream: io::Result<TcpStream>) -> TcpPeer {
        match stream {
            Ok(stream) => {
                let from = stream
                    .local_addr()
                    .map(|a| a.to_string())
                    .unwrap_or_default();
                self.0
                    .story
                    .arrow(name, YOU, "connects", format!("{from} → :{}", addr.port()));
                TcpPeer::new(self, name, stream)
            }
            Err(error) => {
                self.0
                    .story
                    .fails(name, format!("cannot connect to {addr}"));
                let cause = causes::of_error(&format!("{error:?}"));
                self.stop_because(
                    "a listener that lets a client in",
                    &format!("{error} at {addr}"),
                    cause.unwrap_or_default(),
                )
            }
        }
    }

    /// A server for the student's client, on a port of 127.0.0.1 that the system chooses.
    pub fn tcp_server(&self, name: &str) -> TcpServer {
        self.tcp_server_at(name, Ipv4Addr::LOCALHOST.into())
            .expect("bind a port of loopback")
    }

    /// The same at another address, which not every machine has: `::1`.
    pub fn tcp_server_at(&self, name: &str, ip: IpAddr) -> io::Result<TcpServer> {
        let server = TcpServer {
            lab: self.clone(),
            name: name.to_owned(),
            listener: TcpListener::bind((ip, 0))?,
        };
        self.0
            .story
            .act(name, format!("listens at {}", server.addr()), "");
        Ok(server)
    }
}

impl TcpServer {
    pub fn addr(&self) -> SocketAddr {
        self.listener
            .local_addr()
            .expect("a bound socket has an address")
    }

    /// The socket itself, for what no method here does.
    pub fn listener(&self) -> &TcpListener {
        &self.listener
    }

    /// Waits for the student's client.
    pub fn accepts(&self) -> TcpPeer {
        let lab = &self.lab;
        self.listener
            .set_nonblocking(true)
            .expect("non-blocking mode");
        let accepted = lab.0.await_some(|| match self.listener.accept() {
            Ok((stream, from)) => Some((stream, from)),
            Err(_) => {
                thread::sleep(Duration::from_millis(1));
                None
            }
        });
        let Some((stream, from)) = accepted else {
            let waited = in_words(self.lab.0.patience.wait());
            lab.0
                .story
                .fails(&self.name, format!("waits {waited} for a connection"));
            let expected = format!("a connection to the {}", self.name);
            lab.stuck(&expected, &format!("none after {waited}"), None);
        };
        // Linux gives the accepted socket its own mode; other systems copy the listener's.
        stream.set_nonblocking(false).expect("blocking mode");
        lab.0.story.arrow(
            YOU,
            &self.name,
            "connects",
            format!("{from} → :{}", self.addr().port()),
        );
        TcpPeer::new(lab, &self.name, stream)
    }

    /// Demands that no further connection waits to be accepted.
    pub fn expects_nobody_else(&self) {
        self.listener
            .set_nonblocking(true)
            .expect("non-blocking mode");
        if let Ok((_, from)) = self.listener.accept() {
            let expected = format!("no further connection to the {}", self.name);
            self.lab.stop(&expected, &format!("one more, from {from}"));
        }
    }
}

impl TcpPeer {
    fn new(lab: &Lab, name: &str, stream: TcpStream) -> TcpPeer {
        // Each write is a segment of its own, as the scene says.
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream
            .set_read_timeout(Some(GLANCE))
            .expect("a read time-out");
        stream
            .set_write_timeout(Some(lab.0.patience.wait()))
            .expect("a write time-out");
        TcpPeer {
            lab: lab.clone(),
            name: name.to_owned(),
            stream,
        }
    }

    /// The peer's own address and port.
    pub fn local(&self) -> SocketAddr {
        self.stream
            .local_addr()
            .expect("a connected socket has an address")
    }

    /// The student's address and port, as the peer sees them.
    pub fn remote(&self) -> SocketAddr {
        self.stream
            .peer_addr()
            .expect("a connected socket has a peer")
    }

    /// The socket itself, for what no method here does.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub fn sends(&self, bytes: &[u8]) {
        self.tell_sending(&hex::count(bytes.len()), bytes);
        self.write(bytes);
    }

    /// Sends with a label of its own on the ladder's arrow.
    pub fn sends_labelled(&self, label: &str, bytes: &[u8]) {
        self.tell_sending(label, bytes);
        self.write(bytes);
    }

    /// Sends one byte a segment.
    pub fn dribbles(&self, bytes: &[u8]) {
        self.tell_sending(
            &format!("{}, one at a time", hex::count(bytes.len())),
            bytes,
        );
        for byte in bytes {
            self.write(std::slice::from_ref(byte));
        }
    }

    /// Sends on a thread, for more bytes than the buffers between two programs hold.
    pub fn starts_sending(&self, bytes: Vec<u8>) -> Running<()> {
        self.tell_sending(
            &format!("{}, while reading", hex::count(bytes.len())),
            &bytes,
        );
        let twin = self.twin();
        let what = format!("{} sends {}", self.name, hex::count(bytes.len()));
        self.lab.meanwhile(&what, move || twin.write(&bytes))
    }

    /// Sends this byte every `pause`, in the background, until the student's end is gone.
    pub fn drips(self, byte: u8, pause: Duration) -> Running<()> {
        let label = format!("a byte every {}", in_words(pause));
        self.tell_sending(&label, &[byte]);
        let what = format!("{} sends {label}", self.name);
        let lab = self.lab.clone();
        lab.meanwhile(&what, move || {
            while (&self.stream).write_all(&[byte]).is_ok() {
                thread::sleep(pause);
            }
        })
    }

    /// Reads exactly as many bytes as expected, and compares them.
    pub fn expects(&self, want: &[u8]) {
        let got = self.expects_exactly(want.len());
        self.lab
            .same_bytes(&format!("{} reads", self.name), &got, want);
    }

    /// Reads exactly `n` bytes.
    pub fn expects_exactly(&self, n: usize) -> Vec<u8> {
        let (got, end) = self.read(n);
        match end {
            End::Enough => {
                self.tell_received(&got);
                got
            }
            other => self.disappointed(&hex::count(n), &got, other),
        }
    }

    /// Reads what is there of what the test calls `wanted`: a byte at least, or nothing at the end of the stream.
    pub fn reads_some(&self, wanted: &str) -> Vec<u8> {
        let mut buffer = vec![0; 64 * 1024];
        let piece = self
            .lab
            .0
            .await_some(|| match (&self.stream).read(&mut buffer) {
                Err(error) if is_pause(&error) => None,
                done => Some(done),
            });
        match piece {
            Some(Ok(0)) => {
                self.lab
                    .0
                    .story
                    .arrow(YOU, &self.name, "end of file (FIN)", "");
                Vec::new()
            }
            Some(Ok(n)) => {
                buffer.truncate(n);
                self.tell_received(&buffer);
                buffer
            }
            Some(Err(error)) => self.disappointed(wanted, &[], End::Error(error)),
            None => self.disappointed(wanted, &[], End::Deadline),
        }
    }

    /// Demands that the stream ends here, without another byte.
    pub fn expects_eof(&self) {
        let (got, end) = self.read(1);
        match end {
            End::Eof => self
                .lab
                .0
                .story
                .arrow(YOU, &self.name, "end of file (FIN)", ""),
            End::Enough => {
                self.lab.0.story.fails(&self.name, "reads on");
                self.lab.stop(
                    "end of file",
                    &format!("one more byte at least: {}", hex::short(&got)),
                );
            }
            other => self.disappointed("end of file", &got, other),
        }
    }

    /// Waits for the student's FIN or RST without reading anything.
    pub fn sees_fin(&self) {
        let mut byte = [0];
        let seen = self.lab.0.await_some(|| match self.stream.peek(&mut byte) {
            Ok(0) => Some(()),
            // There are bytes to read first; the FIN comes after them.
            Ok(_) => None,
            Err(error) if is_pause(&error) => None,
            Err(_) => Some(()),
        });
        match seen {
            Some(()) => self
                .lab
                .0
                .story
                .arrow(YOU, &self.name, "end of file (FIN)", ""),
            None => self.disappointed("your end to close", &[], End::Deadline),
        }
    }

    /// Sends FIN: nothing more will come from here, but this end still reads.
    pub fn half_closes(&self) {
        self.lab
            .0
            .story
            .arrow(&self.name, YOU, "half close (FIN)", "");
        // The student's end may be gone already; then there is nobody to tell.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sends RST: the connection is gone at once, unread bytes and all.
    pub fn resets(self) {
        self.lab.0.story.arrow(&self.name, YOU, "reset (RST)", "");
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .expect("SO_LINGER");
    }

    pub fn closes(self) {
        self.lab.0.story.arrow(&self.name, YOU, "closes (FIN)", "");
    }

    fn twin(&self) -> TcpPeer {
        let stream = self
            .stream
            .try_clone()
            .expect("another handle of the socket");
        TcpPeer {
            lab: self.lab.clone(),
            name: self.name.clone(),
            stream,
        }
    }

    fn write(&self, bytes: &[u8]) {
        if let Err(error) = (&self.stream).write_all(bytes) {
            self.lab.0.story.fails(&self.name, "cannot send");
            let expected = format!("your end to take {}", hex::count(bytes.len()));
            if is_pause(&error) {
                let waited = in_words(self.lab.0.patience.wait());
                let got = format!("nobody read them for {waited}");
                self.lab.stuck(&expected, &got, None);
            }
            self.broken_off(&expected, &error.to_string(), &error);
        }
    }

    /// Reads up to `n` bytes.
    fn read(&self, n: usize) -> (Vec<u8>, End) {
        let mut got = Vec::new();
        let mut buffer = [0; 16 * 1024];
        while got.len() < n {
            let room = buffer.len().min(n - got.len());
            let piece = self
                .lab
                .0
                .await_some(|| match (&self.stream).read(&mut buffer[..room]) {
                    Err(error) if is_pause(&error) => None,
                    done => Some(done),
                });
            match piece {
                Some(Ok(0)) => return (got, End::Eof),
                Some(Ok(n)) => got.extend_from_slice(&buffer[..n]),
                Some(Err(error)) => return (got, End::Error(error)),
                None => return (got, End::Deadline),
            }
        }
        (got, End::Enough)
    }

    fn disappointed(&self, wanted: &str, got: &[u8], end: End) -> ! {
        if !got.is_empty() {
            self.tell_received(got);
        }
        self.lab
            .0
            .story
            .fails(&self.name, format!("waits for {wanted}"));
        let expected = format!("{} reads {wanted}", self.name);
        let before = match got.len() {
            0 => String::new(),
            n => format!("{}, then ", hex::count(n)),
        };
        match end {
            End::Enough => self.lab.stop(&expected, &format!("{before}more bytes")),
            End::Eof => self.lab.stop(&expected, &format!("{before}end of file")),
            End::Error(error) => {
                let how = match error.kind() {
                    ErrorKind::ConnectionReset => "connection reset".to_owned(),
                    _ => error.to_string(),
                };
                self.broken_off(&expected, &format!("{before}{how}"), &error)
            }
            End::Deadline => {
                let waited = in_words(self.lab.0.patience.wait());
                let got = format!("{before}nothing more for {waited}");
                self.lab.stuck(&expected, &got, None)
            }
        }
    }

    /// The connection has failed at the student's end.
    fn broken_off(&self, expected: &str, got: &str, error: &io::Error) -> ! {
        // A test about resets explains them better.
        let is_known = self.lab.0.reason().contains("RST");
        if error.kind() == ErrorKind::ConnectionReset && !is_known {
            self.lab.stop_because(expected, got, causes::RESET_BY_YOU);
        }
        self.lab.stop(expected, got)
    }

    fn tell_sending(&self, label: &str, bytes: &[u8]) {
        self.lab.0.story.carries(&self.name, YOU, label, bytes);
    }

    fn tell_received(&self, bytes: &[u8]) {
        self.lab
            .0
            .story
            .carries(YOU, &self.name, hex::count(bytes.len()), bytes);
    }
}

/// A wait that came to nothing, or a signal: not the connection's fault. Linux says `WouldBlock`
/// for a time-out, Windows `TimedOut`.
pub(crate) fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
