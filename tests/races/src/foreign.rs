//! A foreign stack on the simulated network: smoltcp as a node.
//!
//! The stack is a machine like every node: a packet comes or its time does, and it says what it sends
//! and when it wants to be polled. What an application does with its sockets is a function, called
//! whenever something may have changed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use netlab::sim::{Event, Node, Outbox, Time};
use smoltcp::iface::{Config, Interface, PollResult, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{self, CongestionControl};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

/// What runs on a host: it uses the sockets, and says whether it has done something.
pub type App = Box<dyn FnMut(&mut Interface, &mut SocketSet<'static>) -> bool>;

/// Connects, sends the data, and closes.
pub fn uploads(to: (IpAddress, u16), data: Vec<u8>) -> App {
    Made::default().uploads(to, data)
}

/// Takes one connection, keeps what comes, and closes when that has come to its end.
pub fn keeps(port: u16, got: Rc<RefCell<Vec<u8>>>) -> App {
    Made::default().keeps(port, got)
}

/// How a socket is made.
#[derive(Clone, Copy)]
pub struct Made {
    pub sends: usize,
    pub receives: usize,
    pub control: CongestionControl,
}

impl Default for Made {
    fn default() -> Made {
        Made {
            // What is in flight never fills the window: smoltcp 0.12 does not probe a closed one, and stands still
            // when the packet that opens it is lost.
            sends: 32_768,
            receives: 65_535,
            control: CongestionControl::None,
        }
    }
}

impl Made {
    /// [`uploads`], with such a socket.
    pub fn uploads(self, to: (IpAddress, u16), data: Vec<u8>) -> App {
        let mut handle = None;
        let mut sent = 0;
        Box::new(move |interface, sockets| {
            let is_new = handle.is_none();
            let handle = *handle.get_or_insert_with(|| sockets.add(self.socket()));
            let socket = sockets.get_mut::<tcp::Socket>(handle);
            if is_new {
                let connected = socket.connect(interface.context(), to, 49_152);
                connected.expect("the socket is new");
                return true;
            }
            let before = sent;
            while socket.can_send() && sent < data.len() {
                sent += socket.send_slice(&data[sent..]).expect("it can send");
            }
            if sent == data.len() && socket.may_send() {
                socket.close();
                return true;
            }
            sent > before
        })
    }

    /// [`keeps`], with such a socket.
    pub fn keeps(self, port: u16, got: Rc<RefCell<Vec<u8>>>) -> App {
        let mut handle = None;
        Box::new(move |_, sockets| {
            let is_new = handle.is_none();
            let handle = *handle.get_or_insert_with(|| sockets.add(self.socket()));
            let socket = sockets.get_mut::<tcp::Socket>(handle);
            if is_new {
                socket.listen(port).expect("the socket is new");
                return true;
            }
            let mut has_acted = false;
            while socket.can_recv() {
                let mut got = got.borrow_mut();
                let taken = socket.recv(|bytes| (bytes.len(), got.extend_from_slice(bytes)));
                taken.expect("it can receive");
                has_acted = true;
            }
            if socket.state() == tcp::State::CloseWait {
                socket.close();
                has_acted = true;
            }
            has_acted
        })
    }

    fn socket(self) -> tcp::Socket<'static> {
        let buffer = |size| tcp::SocketBuffer::new(vec![0; size]);
        let mut socket = tcp::Socket::new(buffer(self.receives), buffer(self.sends));
        socket.set_congestion_control(self.control);
        socket
    }
}

/// A host with one interface, for IP packets.
pub struct Host {
    device: Cable,
    interface: Interface,
    sockets: SocketSet<'static>,
    app: App,
}

impl Host {
    /// The application gets an empty set of sockets the first time. Wake the host to start it.
    pub fn new(address: IpCidr, app: App) -> Host {
        let mut device = Cable::default();
        let config = Config::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut device, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(address).expect("there is room for one");
        });
        Host {
            device,
            interface,
            sockets: SocketSet::new(Vec::new()),
            app,
        }
    }

    /// Starts the application: for [`netlab::sim::Net::with`].
    pub fn start(&mut self, now: Time, out: &mut Outbox) {
        self.works(now, out);
    }

    fn works(&mut self, now: Time, out: &mut Outbox) {
        let instant = Instant::from_micros(now.as_micros() as i64);
        loop {
            let polled = (self.interface).poll(instant, &mut self.device, &mut self.sockets);
            let has_acted = (self.app)(&mut self.interface, &mut self.sockets);
            if polled == PollResult::None && !has_acted {
                break;
            }
        }
        for packet in self.device.sent.drain(..) {
            out.send(0, packet);
        }
        match self.interface.poll_at(instant, &self.sockets) {
            // At once means: not before something has changed.
            Some(at) => {
                let at = Time::from_micros(at.total_micros() as u64);
                out.wake_at(at.max(now + Duration::from_micros(1)));
            }
            None => out.do_not_wake(),
        }
    }
}

impl Node for Host {
    fn step(&mut self, now: Time, event: Event, out: &mut Outbox) {
        if let Event::Arrives { packet, .. } = event {
            self.device.arrived.push_back(packet);
        }
        self.works(now, out);
    }
}

/// The interface's end of the link.
#[derive(Default)]
struct Cable {
    arrived: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
}

impl Device for Cable {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Sends<'a>;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }

    fn receive(&mut self, _now: Instant) -> Option<(Arrived, Sends<'_>)> {
        let packet = self.arrived.pop_front()?;
        Some((Arrived(packet), Sends(&mut self.sent)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sends<'_>> {
        Some(Sends(&mut self.sent))
    }
}

struct Arrived(Vec<u8>);

impl phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

struct Sends<'a>(&'a mut Vec<Vec<u8>>);

impl phy::TxToken for Sends<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut packet = vec![0; length];
        let result = f(&mut packet);
        self.0.push(packet);
        result
    }
}
