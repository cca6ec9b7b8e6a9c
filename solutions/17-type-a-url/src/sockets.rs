//! Given, not an exercise: the network of this machine, through its sockets.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use concurrent_server::{Clock, SystemClock};
use mio::{Events, Interest, Poll, Token};
use rustls::ClientConfig;
use tls::Tcp;
use udp_dns_lookup::{Answer, LookupError, Patience, lookup_ip};

use crate::{Connection, Network, Secured, tls_over};

/// Real sockets. Several connects run at a time on one thread: [`mio`] tells which one has succeeded or failed.
pub struct Sockets {
    dns: SocketAddr,
    patience: Patience,
    config: Arc<ClientConfig>,
    clock: Arc<SystemClock>,
    poll: Poll,
    attempts: Vec<Attempt>,
    begun: usize,
    /// Results that were not returned yet.
    results: VecDeque<(SocketAddr, io::Result<Connection>)>,
}

struct Attempt {
    token: Token,
    to: SocketAddr,
    socket: mio::net::TcpStream,
}

impl Sockets {
    /// DNS queries go to `dns`, as often and for as long as `patience` says. `config` has the authorities to trust, and keeps
    /// the tickets by which TLS sessions are resumed.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(
        dns: SocketAddr,
        patience: Patience,
        config: Arc<ClientConfig>,
    ) -> io::Result<Sockets> {
        Ok(Sockets {
            dns,
            patience,
            config,
            clock: Arc::new(SystemClock::new()),
            poll: Poll::new()?,
            attempts: Vec::new(),
            begun: 0,
            results: VecDeque::new(),
        })
    }

    fn try_begin(&mut self, to: SocketAddr) -> io::Result<()> {
        let mut socket = mio::net::TcpStream::connect(to)?;
        let token = Token(self.begun);
        self.begun += 1;
        self.poll
            .registry()
            .register(&mut socket, token, Interest::WRITABLE)?;
        self.attempts.push(Attempt { token, to, socket });
        Ok(())
    }

    /// Looks whether this attempt has succeeded or failed.
    fn turn(&mut self, token: Token) {
        let Some(at) = self.attempts.iter().position(|it| it.token == token) else {
            return;
        };
        let socket = &self.attempts[at].socket;
        let failed = socket.take_error().unwrap_or_else(Some);
        let is_open = socket.peer_addr().is_ok();
        if failed.is_none() && !is_open {
            return;
        }
        let mut attempt = self.attempts.remove(at);
        let _ = self.poll.registry().deregister(&mut attempt.socket);
        let result = match failed {
            Some(error) => Err(error),
            None => blocking(attempt.socket),
        };
        self.results.push_back((attempt.to, result));
    }
}

/// A blocking socket without Nagle's algorithm.
fn blocking(socket: mio::net::TcpStream) -> io::Result<Connection> {
    let socket = TcpStream::from(socket);
    socket.set_nonblocking(false)?;
    socket.set_nodelay(true)?;
    Ok(Connection::new(Tcp(socket)))
}

impl Network for Sockets {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn lookup(&mut self, host: &str) -> Result<Answer, LookupError> {
        lookup_ip(self.dns, host, self.patience)
    }

    fn begin(&mut self, to: SocketAddr) {
        if let Err(error) = self.try_begin(to) {
            self.results.push_back((to, Err(error)));
        }
    }

    fn connected(&mut self, until: Duration) -> Option<(SocketAddr, io::Result<Connection>)> {
        let mut events = Events::with_capacity(16);
        loop {
            if let Some(result) = self.results.pop_front() {
                return Some(result);
            }
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return None;
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    let to = self.attempts.pop()?.to;
                    return Some((to, Err(error)));
                }
                _ => {}
            }
            for event in &events {
                self.turn(event.token());
            }
        }
    }

    fn give_up(&mut self) {
        self.attempts.clear();
        self.results.clear();
    }

    fn secure(
        &mut self,
        connection: Connection,
        host: &str,
        limit: Duration,
    ) -> io::Result<Secured> {
        tls_over(&self.config, connection, host, limit, self.clock.clone())
    }
}
