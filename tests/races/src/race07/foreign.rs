//! smoltcp, as a host: what a raw socket of its gets has been put together.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpProtocol, IpVersion};

use super::storms::{HOST, Joins, PROTOCOL, payload_of};

pub struct Smoltcp {
    cable: Cable,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
}

impl Joins for Smoltcp {
    fn new() -> Smoltcp {
        let mut cable = Cable::default();
        let config = Config::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut cable, Instant::ZERO);
        let [a, b, c, d] = HOST;
        interface.update_ip_addrs(|addresses| {
            let own = IpCidr::new(IpAddress::v4(a, b, c, d), 24);
            addresses.push(own).expect("there is room for one");
        });
        let buffer = |packets, bytes| {
            raw::PacketBuffer::new(vec![raw::PacketMetadata::EMPTY; packets], vec![0; bytes])
        };
        let protocol = IpProtocol::from(PROTOCOL);
        let socket = raw::Socket::new(IpVersion::Ipv4, protocol, buffer(4, 1 << 17), buffer(1, 1));
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Smoltcp {
            cable,
            interface,
            sockets,
            socket,
        }
    }

    fn push(&mut self, piece: &[u8]) -> Vec<Vec<u8>> {
        self.cable.0.push_back(piece.to_vec());
        self.interface
            .poll(Instant::ZERO, &mut self.cable, &mut self.sockets);
        let socket = self.sockets.get_mut::<raw::Socket>(self.socket);
        let mut wholes = Vec::new();
        while let Ok(whole) = socket.recv() {
            wholes.push(payload_of(whole).to_vec());
        }
        wholes
    }
}

/// A link on which pieces come, and to which nothing goes.
#[derive(Default)]
struct Cable(VecDeque<Vec<u8>>);

impl Device for Cable {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Nothing;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }

    fn receive(&mut self, _now: Instant) -> Option<(Arrived, Nothing)> {
        Some((Arrived(self.0.pop_front()?), Nothing))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Nothing> {
        None
    }
}

struct Arrived(Vec<u8>);

impl phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

struct Nothing;

impl phy::TxToken for Nothing {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        f(&mut vec![0; length])
    }
}
