//! What a listener is like: before and after a call that leaves it as it is, and beside another one.

use std::net::TcpListener;

use netlab::Lab;
use socket2::SockRef;

/// What a listener is like: its options, its mode, and how many handles of it this process has.
pub struct State(Vec<(&'static str, String)>);

impl State {
    pub fn of(listener: &TcpListener) -> State {
        let socket = SockRef::from(listener);
        #[allow(unused_mut, reason = "elsewhere less is known of a socket")]
        let mut state = vec![
            ("read time-out", format!("{:?}", socket.read_timeout())),
            ("write time-out", format!("{:?}", socket.write_timeout())),
            ("SO_LINGER", format!("{:?}", socket.linger())),
            ("TCP_NODELAY", format!("{:?}", socket.tcp_nodelay())),
            ("SO_KEEPALIVE", format!("{:?}", socket.keepalive())),
            ("receive buffer", format!("{:?}", socket.recv_buffer_size())),
            ("send buffer", format!("{:?}", socket.send_buffer_size())),
        ];
        #[cfg(unix)]
        state.push(("non-blocking mode", format!("{:?}", socket.nonblocking())));
        // What is not of the socket's family is the same error each time.
        #[cfg(target_os = "linux")]
        state.extend([
            ("number of handles", format!("{:?}", handles(listener))),
            ("SO_REUSEPORT", format!("{:?}", socket.reuse_port())),
            (
                "TCP_USER_TIMEOUT",
                format!("{:?}", socket.tcp_user_timeout()),
            ),
            ("IP_TTL", format!("{:?}", socket.ttl_v4())),
            ("IP_TOS", format!("{:?}", socket.tos_v4())),
            ("IP_FREEBIND", format!("{:?}", socket.freebind_v4())),
            ("IPV6_FREEBIND", format!("{:?}", socket.freebind_v6())),
            ("IPV6_V6ONLY", format!("{:?}", socket.only_v6())),
        ]);
        State(state)
    }

    /// Demands that the listener is what it was.
    pub fn is_still_that_of(&self, lab: &Lab, listener: &TcpListener) {
        self.is_that_of(lab, listener, "as before");
    }

    /// Demands that a listener is like this one.
    pub fn is_that_of(&self, lab: &Lab, listener: &TcpListener, how: &str) {
        let now = State::of(listener);
        for ((what, wanted), (_, got)) in self.0.iter().zip(now.0) {
            lab.holds(
                *wanted == got,
                format!("the listener's {what} {how}: {wanted}"),
                got,
            );
        }
    }
}

/// How many descriptors of this process are this socket.
#[cfg(target_os = "linux")]
fn handles(listener: &TcpListener) -> usize {
    use std::fs::{read_dir, read_link};
    use std::os::fd::AsRawFd;

    let of = |path: &std::path::Path| read_link(path).ok();
    let this = format!("/proc/self/fd/{}", listener.as_raw_fd());
    let this = of(this.as_ref()).expect("a descriptor of this process");
    let all = read_dir("/proc/self/fd").expect("the descriptors of this process");
    all.flatten()
        .filter(|descriptor| of(&descriptor.path()).as_ref() == Some(&this))
        .count()
}
