//! Given: the two ends of a download, as programs of a [`crate::Site`]. Chapter 13 tells what HTTP is.

use std::net::SocketAddrV4;
use std::time::Duration;

use tcp_open::Notice;

use crate::{ConnId, Host, Received};

/// A download.
pub struct Get {
    pub server: SocketAddrV4,
    pub path: String,
    id: Option<ConnId>,
    /// What has come.
    pub got: Vec<u8>,
    /// How it has ended.
    pub end: Option<String>,
}

impl Get {
    pub fn new(server: SocketAddrV4, path: &str) -> Get {
        Get {
            server,
            path: path.to_owned(),
            id: None,
            got: Vec::new(),
            end: None,
        }
    }

    /// The program: connects, asks, and reads to the end.
    pub fn works(host: &mut Host, now: Duration, get: &mut Get) -> bool {
        if get.end.is_some() {
            return false;
        }
        let Some(id) = get.id else {
            get.id = host.connect(now, get.server).ok();
            return get.id.is_some();
        };
        for notice in host.take_notices(id) {
            match notice {
                Notice::Established => {
                    let server = get.server.ip();
                    let request = format!("GET {} HTTP/1.0\r\nHost: {server}\r\n\r\n", get.path);
                    host.send(id, request.as_bytes());
                }
                trouble => get.end = Some(format!("{trouble:?}")),
            }
        }
        match host.recv(id, 1 << 16) {
            Received::Data(data) => get.got.extend(data),
            Received::Nothing => return false,
            Received::End => {
                get.end.get_or_insert("complete".into());
                host.close(now, id);
            }
        }
        true
    }
}

/// A server of one page.
pub struct Serve {
    pub page: Vec<u8>,
    open: Vec<Client>,
    /// How many have got it.
    pub served: usize,
}

struct Client {
    id: ConnId,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Serve {
    pub const PORT: u16 = 80;

    pub fn new(page: &[u8]) -> Serve {
        Serve {
            page: page.to_vec(),
            open: Vec::new(),
            served: 0,
        }
    }

    /// The program: reads each request to its empty line, and answers with the page.
    pub fn works(host: &mut Host, now: Duration, serve: &mut Serve) -> bool {
        let mut acts = false;
        while let Some(id) = host.accept(Serve::PORT) {
            serve.open.push(Client {
                id,
                request: Vec::new(),
                answer: Vec::new(),
            });
        }
        let (page, served) = (&serve.page, &mut serve.served);
        serve.open.retain_mut(|client| {
            if !client.answer.is_empty() {
                let sent = host.send(client.id, &client.answer);
                client.answer.drain(..sent);
                acts |= sent > 0;
                if client.answer.is_empty() {
                    host.close(now, client.id);
                    *served += 1;
                    return false;
                }
                return true;
            }
            match host.recv(client.id, 1 << 16) {
                Received::Data(data) => {
                    acts = true;
                    client.request.extend(data);
                    if client.request.windows(4).any(|end| end == b"\r\n\r\n") {
                        let head = format!(
                            "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                            page.len()
                        );
                        client.answer = [head.as_bytes(), page].concat();
                    }
                    true
                }
                Received::Nothing => true,
                Received::End => {
                    host.close(now, client.id);
                    acts = true;
                    false
                }
            }
        });
        acts
    }
}
