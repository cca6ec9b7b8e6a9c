//! The programs of two hosts: one sends all of its data, the other one counts what comes.

use std::net::SocketAddrV4;
use std::time::Duration;

use tcp_close_solution::{ConnId, Host, Received};

pub struct Upload {
    to: SocketAddrV4,
    data: Vec<u8>,
    sent: usize,
    id: Option<ConnId>,
}

impl Upload {
    pub fn new(to: SocketAddrV4, data: Vec<u8>) -> Upload {
        Upload {
            to,
            data,
            sent: 0,
            id: None,
        }
    }

    pub fn step(host: &mut Host, now: Duration, it: &mut Upload) -> bool {
        let Some(id) = it.id else {
            it.id = host.connect(now, it.to).ok();
            return true;
        };
        let sent = host.send(id, &it.data[it.sent..]);
        it.sent += sent;
        sent > 0
    }
}

pub struct Download {
    port: u16,
    pub got: usize,
    id: Option<ConnId>,
}

impl Download {
    /// From the first client of this port, at which the host listens.
    pub fn new(port: u16) -> Download {
        Download {
            port,
            got: 0,
            id: None,
        }
    }

    pub fn step(host: &mut Host, _now: Duration, it: &mut Download) -> bool {
        it.id = it.id.or_else(|| host.accept(it.port));
        let Some(id) = it.id else {
            return false;
        };
        match host.recv(id, 1 << 16) {
            Received::Data(data) => it.got += data.len(),
            _ => return false,
        }
        true
    }
}
