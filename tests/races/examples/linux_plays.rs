//! Plays scripts to the Linux kernel: the judge of the judge.
//!
//! ```text
//! NETLAB_SCRIPTS=$PWD/target/scripts cargo test -p sol09
//! cargo run -p races --example linux_plays -- target/scripts 09 10 12
//! cargo run -p races --example linux_plays -- tests/11-tcp-send/author/linux all
//! ```
//!
//! The scripts of the chapters that are named (`all`: every script) say where Linux differs, and must come true; of others
//! it is only told.
//!
//! A script (`netlab::script`) is played over a TUN device, in a network namespace of its own and in real time:
//! the kernel's sockets are the machine. What a script says to `linux` counts, what it says to `ours` does not.
//! Numbers are translated, since the kernel chooses its own; windows and variables are its own business. A script that
//! needs more than 10 seconds, what a socket cannot do, or is `with linux=no`, is left out, with a word.

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("left out: this is not Linux");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet, VecDeque};
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::{Ipv4Addr, Shutdown, SocketAddrV4};
    use std::path::Path;
    use std::process::{Command, ExitCode};
    use std::sync::mpsc::{self, Receiver};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    use netlab::script::{Call, Gives, Item, Line, Pattern, Script, Segment, What, Whom, stream};
    use packets_solution::{
        Datagram, Flags, Ipv4Header, TcpHeader, TcpOptions, Transport, dissect_ip, encapsulate_ip,
        protocol,
    };
    use socket2::{Domain, Socket, Type};
    use tappers::{Interface, Tun};

    const KERNEL: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
    const WE: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
    /// Longer scripts are left out.
    const LONGEST: Duration = Duration::from_secs(10);
    /// How late the kernel may be, and how early its coarse timers.
    const LATE: Duration = Duration::from_millis(400);
    const EARLY: Duration = Duration::from_millis(20);
    /// In this time the kernel has answered what it answers at once.
    const AT_ONCE: Duration = Duration::from_millis(5);
    /// So long nothing may leave behind the last line.
    const SILENCE: Duration = Duration::from_millis(100);
    const FIRST_PORT: u16 = 10_000;
    const INSIDE: &str = "inside";
    /// So many are played at a time: more would be late.
    const AT_A_TIME: usize = 12;

    pub fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        match &arguments[..] {
            [folder, ..] if folder != INSIDE => in_a_namespace(&arguments),
            [_, folder, rest @ ..] => plays_all(Path::new(folder), rest),
            _ => {
                eprintln!("usage: linux_plays FOLDER [CHAPTER…]");
                ExitCode::FAILURE
            }
        }
    }

    /// This program again, where this user is root of a network of its own.
    fn in_a_namespace(arguments: &[String]) -> ExitCode {
        let us = std::env::current_exe().expect("this program");
        let run = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net"])
            .arg(us)
            .arg(INSIDE)
            .args(arguments)
            .status();
        match run {
            Ok(status) if status.success() => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    enum Verdict {
        Passed,
        LeftOut(String),
        Failed { row: usize, what: String },
    }

    fn plays_all(folder: &Path, chapters: &[String]) -> ExitCode {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|file| file.expect("a file").path())
            .collect();
        files.sort();
        let (tun, given) = device(files.len());
        let jobs = (0..).zip(files.iter().zip(given));
        let jobs = Arc::new(Mutex::new(
            jobs.map(|(n, (file, given))| (n, file.clone(), given))
                .collect::<VecDeque<_>>(),
        ));
        let players: Vec<_> = (0..AT_A_TIME)
            .map(|_| {
                let (jobs, tun) = (jobs.clone(), tun.clone());
                thread::spawn(move || {
                    let mut verdicts = Vec::new();
                    loop {
                        let Some((n, file, given)) = jobs.lock().expect("whole").pop_front() else {
                            return verdicts;
                        };
                        let name = file
                            .file_stem()
                            .unwrap_or_default()
                            .to_string_lossy()
                            .into_owned();
                        let text = std::fs::read_to_string(&file).expect("a text");
                        let script = Script::parse(&whole(&name, &text));
                        let script = script.unwrap_or_else(|mistake| panic!("{name}: {mistake}"));
                        // A busy machine is late: once more, and once more again.
                        let play = |attempt| {
                            Player::new(tun.clone(), &given, n, attempt, &script).plays(&script)
                        };
                        let mut verdicts_of = (0..3).map(play);
                        let first = verdicts_of.next().expect("three");
                        let verdict = match first {
                            Verdict::Failed { .. } => {
                                let is_ok = |verdict: &Verdict| matches!(verdict, Verdict::Passed);
                                verdicts_of.find(is_ok).unwrap_or(first)
                            }
                            first => first,
                        };
                        verdicts.push((name, script, verdict));
                    }
                })
            })
            .collect();
        let verdicts = players
            .into_iter()
            .map(|player| player.join().expect("its verdicts"));
        let mut verdicts: Vec<_> = verdicts.flatten().collect();
        verdicts.sort_by(|a, b| a.0.cmp(&b.0));
        let (mut passed, mut left_out, mut differ, mut failed) = (0, 0, 0, 0);
        for (name, script, verdict) in &verdicts {
            match verdict {
                Verdict::Passed => {
                    passed += 1;
                    println!("ok        {name}");
                }
                Verdict::LeftOut(why) => {
                    left_out += 1;
                    println!("left out  {name}: {why}");
                }
                Verdict::Failed { row, what } => {
                    let is_named = |chapter: &String| chapter == "all" || name.starts_with(chapter);
                    let must = chapters.iter().any(is_named);
                    differ += 1;
                    failed += usize::from(must);
                    println!(
                        "{}   {name}: {what}",
                        if must { "FAILED " } else { "differs" }
                    );
                    for (number, text) in script.rows().iter().enumerate().filter(|_| must) {
                        println!("  {} {text}", if number == *row { "✗" } else { " " });
                    }
                }
            }
        }
        println!(
            "{passed} passed, {differ} differ, {failed} of these must not, {left_out} left out"
        );
        match failed {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    type Given = Receiver<(Instant, Vec<u8>)>;

    /// The scripts of chapters 10 and 11 are for one half of an open connection: for a socket, a handshake stands before
    /// them.
    fn whole(name: &str, text: &str) -> String {
        let setting = |name: &str, default: u32| {
            let words = text.lines().filter(|line| line.trim().starts_with("with"));
            let mut words = words.flat_map(str::split_whitespace);
            let value = words.find_map(|word| word.strip_prefix(&format!("{name}=")));
            value.and_then(number).unwrap_or(default)
        };
        let (iss, irs, words) = match &name[..2] {
            "10" => (299, setting("irs", 1000), "mss 1000".to_owned()),
            "11" => {
                let (mss, win) = (setting("mss", 1000), setting("win", 65_535));
                (100, 300, format!("mss {mss} win {win}"))
            }
            _ => return text.to_owned(),
        };
        let is_setting = |line: &&str| line.trim().starts_with("with");
        let settings: Vec<&str> = text.lines().filter(is_setting).collect();
        let lines: Vec<&str> = text.lines().filter(|line| !is_setting(line)).collect();
        let (snd_nxt, rcv_nxt) = (iss + 1, irs.wrapping_add(1));
        format!(
            "{}\nconnect()\n--> SYN seq {iss}\n<-- SYN,ACK seq {irs} ack {snd_nxt} {words}\n\
             --> ACK seq {snd_nxt} ack {rcv_nxt}\nestablished\n{}",
            settings.join("\n"),
            lines.join("\n")
        )
    }

    fn number(text: &str) -> Option<u32> {
        match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }

    /// A TUN device whose other end is the kernel, and what it gives to each of the players, whom it knows by the kernel's
    /// port.
    fn device(players: usize) -> (Arc<Tun>, Vec<Given>) {
        let name = Interface::new("tun0").expect("a name");
        let tun = Arc::new(Tun::new_named(name).expect("a TUN device"));
        for command in ["addr add 10.9.0.1/24 dev tun0", "link set tun0 up"] {
            let run = Command::new("ip").args(command.split(' ')).status();
            assert!(run.expect("ip").success(), "ip {command}");
        }
        // No options but the MSS, the RFC's back-off of SYNs, and an answer to each wrong segment.
        for (name, value) in [
            ("tcp_timestamps", "0"),
            ("tcp_sack", "0"),
            ("tcp_window_scaling", "0"),
            ("tcp_ecn", "0"),
            ("tcp_syn_linear_timeouts", "0"),
            ("tcp_invalid_ratelimit", "0"),
        ] {
            // Older kernels lack some.
            let _ = std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value);
        }
        let (send, given): (Vec<_>, Vec<_>) = (0..players).map(|_| mpsc::channel()).unzip();
        let reader = tun.clone();
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(length) = reader.recv(&mut buffer) {
                let packet = buffer[..length].to_vec();
                // The kernel also looks for IPv6 routers.
                if let (0x45, Some([high, low])) = (packet[0], packet.get(20..22)) {
                    let port = u16::from_be_bytes([*high, *low]);
                    let player = send.get(usize::from(port.wrapping_sub(FIRST_PORT)));
                    player.map(|player| player.send((Instant::now(), packet)));
                }
            }
        });
        (tun, given)
    }

    struct Player<'a> {
        tun: Arc<Tun>,
        given: &'a Given,
        mss: Option<u32>,
        /// It has a listener from the beginning.
        listens: bool,
        /// The kernel's port of this script; the peers have the ports that follow the first one.
        local: SocketAddrV4,
        first_peer: u16,
        peers: Vec<String>,
        /// What is to be added to the script's numbers, so that they are the kernel's.
        shifts: BTreeMap<String, u32>,
        /// The script's number of the last SYN to each peer.
        syns: BTreeMap<String, u32>,
        began: Instant,
        listener: Option<Socket>,
        connections: BTreeMap<String, Socket>,
        /// Accepted by a call, and not yet told.
        accepted: BTreeSet<String>,
        /// Connecting, and nothing is known yet.
        connecting: bool,
        /// What has left and is in no line yet.
        left: Vec<(Duration, Segment)>,
        sent: BTreeMap<String, usize>,
        /// The row that is played.
        row: usize,
    }

    type Played = Result<(), String>;

    impl<'a> Player<'a> {
        fn new(
            tun: Arc<Tun>,
            given: &'a Given,
            n: u16,
            attempt: u16,
            script: &Script,
        ) -> Player<'a> {
            Player {
                tun,
                given,
                mss: script.setting("mss").and_then(|mss| mss.parse().ok()),
                listens: has_call(script, "accept") && !has_call(script, "listen"),
                local: SocketAddrV4::new(KERNEL, FIRST_PORT + n),
                first_peer: 20_000 + n * 30 + attempt * 10,
                accepted: BTreeSet::new(),
                peers: Vec::new(),
                shifts: BTreeMap::new(),
                syns: BTreeMap::new(),
                began: Instant::now(),
                listener: None,
                connections: BTreeMap::new(),
                connecting: false,
                left: Vec::new(),
                sent: BTreeMap::new(),
                row: 0,
            }
        }

        fn plays(mut self, script: &Script) -> Verdict {
            if let Some(why) = beyond_a_socket(script) {
                return Verdict::LeftOut(why);
            }
            self.began = Instant::now();
            let listened = match self.listens {
                true => self.listen(script.number("waiting", 8) as i32),
                false => Ok(()),
            };
            let played = listened.and_then(|()| self.lines(script.lines()));
            match played {
                Ok(()) => Verdict::Passed,
                Err(what) => Verdict::Failed {
                    row: self.row,
                    what,
                },
            }
        }

        fn listen(&mut self, backlog: i32) -> Played {
            let socket = self.socket()?;
            socket.listen(backlog).map_err(in_words)?;
            self.listener = Some(socket);
            Ok(())
        }

        fn lines(&mut self, lines: &[Line]) -> Played {
            // The script's time at which the kernel's clock stands, which may run behind it.
            let mut now = Duration::ZERO;
            for line in &lines[..silence_begins(lines)] {
                self.row = line.number;
                let mut when = line.at.map(|at| (at.earliest, at.latest));
                for item in line.items.iter().filter(|item| item.whom != Whom::Ours) {
                    let (earliest, latest) = when.take().unwrap_or((now, now));
                    now = self.item(item, earliest, latest.max(now))?.max(now);
                }
            }
            self.row = usize::MAX;
            self.waits(SILENCE);
            self.nothing_has_left()
        }

        /// Plays an item, and gives the script's time at which it has happened.
        fn item(
            &mut self,
            item: &Item,
            earliest: Duration,
            latest: Duration,
        ) -> Result<Duration, String> {
            match &item.what {
                What::Arrives(segment) => {
                    self.goes_on_until(earliest)?;
                    self.puts(&item.peer, segment);
                }
                What::Call(call) => {
                    self.goes_on_until(earliest)?;
                    self.calls(call)?;
                }
                What::Nothing => self.goes_on_until(latest)?,
                What::Leaves(pattern) => {
                    let is_linux = item.whom == Whom::Linux;
                    return self.leaves(&item.peer, pattern, is_linux, earliest, latest);
                }
                What::Told(word) => self.told(&item.peer, word, latest)?,
                What::State(state) => self.is_in(&item.peer, state, latest)?,
                What::Var { .. } => {}
            }
            Ok(earliest)
        }

        fn goes_on_until(&mut self, until: Duration) -> Played {
            let rest = until.saturating_sub(self.began.elapsed());
            self.waits(rest.max(AT_ONCE));
            self.nothing_has_left()?;
            // A busy machine is late: the script's clock waits for it.
            let late = self.began.elapsed().saturating_sub(until);
            self.began += late;
            Ok(())
        }

        fn nothing_has_left(&mut self) -> Played {
            match self.left.first() {
                Some((at, segment)) => Err(format!(
                    "nothing was due, and at {} ms --> {segment}",
                    at.as_millis()
                )),
                None => Ok(()),
            }
        }

        /// Collects what leaves for so long.
        fn waits(&mut self, span: Duration) {
            let end = Instant::now() + span;
            while let Ok((at, packet)) = self
                .given
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                self.takes(at, &packet);
            }
        }

        fn takes(&mut self, at: Instant, packet: &[u8]) {
            let datagram = dissect_ip(packet).expect("the kernel's datagram");
            let Transport::Tcp(header, payload) = &datagram.transport else {
                return;
            };

            let peer = usize::from(header.dst.wrapping_sub(self.first_peer));
            let Some(peer) = self.peers.get(peer).cloned() else {
                return;
            };
            let is = |flag| header.flags.contains(flag);
            let segment = Segment {
                peer,
                seq: header.seq,
                ack: is(Flags::ACK).then_some(header.ack),
                syn: is(Flags::SYN),
                fin: is(Flags::FIN),
                rst: is(Flags::RST),
                psh: is(Flags::PSH),
                window: header.window,
                mss: header.options.mss,
                payload: payload.to_vec(),
            };
            self.left
                .push((at.saturating_duration_since(self.began), segment));
        }

        fn leaves(
            &mut self,
            peer: &str,
            pattern: &Pattern,
            is_linux: bool,
            earliest: Duration,
            latest: Duration,
        ) -> Result<Duration, String> {
            self.port_of(peer);
            let rest = (latest + LATE).saturating_sub(self.began.elapsed());
            if self.left.is_empty()
                && let Ok((at, packet)) = self.given.recv_timeout(rest)
            {
                self.takes(at, &packet);
            }
            if self.left.is_empty() {
                return Err(format!("--> {pattern}: nothing leaves"));
            }
            let (at, mut segment) = self.left.remove(0);
            if let (true, Some(seq)) = (segment.syn, pattern.seq)
                && self.syns.insert(peer.to_owned(), seq) != Some(seq)
            {
                self.shifts
                    .insert(peer.to_owned(), segment.seq.wrapping_sub(seq));
            }
            segment.seq = segment.seq.wrapping_sub(self.shift(peer));
            let mut pattern = pattern.clone();
            if !is_linux {
                pattern.window = None;
            }
            let wrong = pattern.differences(&segment);
            if !wrong.is_empty() || segment.peer != peer {
                return Err(format!("--> {segment}: {}", wrong.join(", ")));
            }
            if at + EARLY < earliest || at > latest + LATE {
                return Err(format!("it leaves at {} ms", at.as_millis()));
            }
            Ok(at.clamp(earliest, latest))
        }

        fn shift(&self, peer: &str) -> u32 {
            self.shifts.get(peer).copied().unwrap_or(0)
        }

        fn port_of(&mut self, peer: &str) -> u16 {
            let known = self.peers.iter().position(|other| other == peer);
            let index = known.unwrap_or_else(|| {
                self.peers.push(peer.to_owned());
                self.peers.len() - 1
            });
            self.first_peer + index as u16
        }

        fn puts(&mut self, peer: &str, segment: &Segment) {
            let shift = self.shift(peer);
            let flags = [
                (segment.syn, Flags::SYN),
                (segment.fin, Flags::FIN),
                (segment.rst, Flags::RST),
                (segment.psh, Flags::PSH),
                (segment.ack.is_some(), Flags::ACK),
            ];
            let flags = flags.iter().filter(|(is, _)| *is);
            let header = TcpHeader {
                src: self.port_of(peer),
                dst: self.local.port(),
                seq: segment.seq,
                ack: segment.ack.map_or(0, |ack| ack.wrapping_add(shift)),
                flags: flags.fold(Flags::NONE, |all, (_, flag)| all | *flag),
                window: segment.window,
                urgent: 0,
                options: TcpOptions {
                    mss: segment.mss,
                    ..TcpOptions::default()
                },
            };
            let datagram = encapsulate_ip(&Datagram {
                ip: Ipv4Header::new(protocol::TCP, WE, KERNEL),
                transport: Transport::Tcp(header, &segment.payload),
            });
            self.tun
                .send(&datagram.expect("it fits"))
                .expect("the device is up");
        }

        fn calls(&mut self, call: &Call) -> Played {
            let peer = call.peer();
            let remote = SocketAddrV4::new(WE, self.port_of(&peer));
            let gives = match call.name.as_str() {
                "connect" if self.connections.contains_key(&peer) => None,
                "listen" if self.listener.is_some() => None,
                "connect" => {
                    let socket = self.socket()?;
                    match socket.connect(&remote.into()) {
                        Ok(()) => {}
                        Err(error) if error.raw_os_error() == Some(115) => {} // EINPROGRESS
                        Err(error) => return Err(format!("connect: {error}")),
                    }
                    self.connecting = true;
                    self.connections.insert(peer, socket);
                    None
                }
                "listen" => {
                    self.listen(call.number(0).unwrap_or(8) as i32)?;
                    None
                }
                "accept" => {
                    let peer = self.accepts()?;
                    self.accepted.insert(peer.clone());
                    Some(Gives::Word(peer))
                }
                "send" => {
                    let at = self.sent.get(&peer).copied().unwrap_or(0);
                    let length = call.arguments.last().and_then(|last| last.parse().ok());
                    let data = match call.data.is_empty() {
                        true => stream(at as u32, length.unwrap_or(0)),
                        false => call.data.clone(),
                    };
                    let count = self.connection(&peer)?.write(&data).map_err(in_words)?;
                    *self.sent.entry(peer).or_default() += count;
                    Some(Gives::Word(count.to_string()))
                }
                "recv" => {
                    let is_number = |text: &String| text.parse().ok();
                    let most = call.arguments.last().and_then(is_number).unwrap_or(1 << 16);
                    let mut data = vec![0; most];
                    match self.connection(&peer)?.read(&mut data) {
                        Ok(0) => Some(Gives::Word("end".into())),
                        Ok(count) => Some(Gives::Bytes(data[..count].to_vec())),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            Some(Gives::Bytes(Vec::new()))
                        }
                        Err(error) => return Err(format!("recv: {error}")),
                    }
                }
                "shutdown" => {
                    let done = self.connection(&peer)?.shutdown(Shutdown::Write);
                    done.map(|()| None).map_err(in_words)?
                }
                "close" => {
                    self.connection(&peer).map(|_| ())?;
                    self.connections.remove(&peer);
                    None
                }
                "abort" => {
                    let socket = self.connection(&peer)?;
                    socket.set_linger(Some(Duration::ZERO)).map_err(in_words)?;
                    self.connections.remove(&peer);
                    None
                }
                other => return Err(format!("no such call: {other}")),
            };
            let got = match (&call.gives, gives) {
                (None, _) => return Ok(()),
                (Some(Gives::Word(_)), Some(Gives::Bytes(bytes))) => {
                    Some(Gives::Word(bytes.len().to_string()))
                }
                (_, gives) => gives,
            };
            match got == call.gives {
                true => Ok(()),
                false => Err(format!("{} gives {got:?}", call.text())),
            }
        }

        fn socket(&self) -> Result<Socket, String> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(in_words)?;
            socket.set_nonblocking(true).map_err(in_words)?;
            socket.set_reuse_address(true).map_err(in_words)?;
            if let Some(mss) = self.mss {
                socket.set_tcp_mss(mss).map_err(in_words)?;
            }
            socket.bind(&self.local.into()).map_err(in_words)?;
            Ok(socket)
        }

        /// The connection with this peer, which may still wait to be accepted.
        fn connection(&mut self, peer: &str) -> Result<&mut Socket, String> {
            if !self.connections.contains_key(peer) && self.listener.is_some() {
                self.accepts()?;
            }
            let known = self.connections.get_mut(peer);
            known.ok_or_else(|| format!("no connection with `{peer}`"))
        }

        /// Who has been accepted.
        fn accepts(&mut self) -> Result<String, String> {
            let listener = self.listener.as_ref().ok_or("no listener")?;
            let (socket, from) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok("nobody".into()),
                Err(error) => return Err(in_words(error)),
            };
            socket.set_nonblocking(true).map_err(in_words)?;
            let port = from.as_socket_ipv4().map_or(0, |from| from.port());
            let peer = self
                .peers
                .get(usize::from(port.wrapping_sub(self.first_peer)));
            let peer = peer.cloned().ok_or("a stranger is connected")?;
            self.connections.insert(peer.clone(), socket);
            Ok(peer)
        }

        /// The socket says it, by then.
        fn told(&mut self, peer: &str, word: &str, latest: Duration) -> Played {
            loop {
                let said = self.says(peer)?;
                if said.as_deref() == Some(word) {
                    self.connecting = false;
                    return Ok(());
                }
                if said.is_some() || self.began.elapsed() > latest + LATE {
                    return Err(format!("the socket says {said:?}"));
                }
                self.waits(Duration::from_millis(3));
            }
        }

        fn says(&mut self, peer: &str) -> Result<Option<String>, String> {
            if self.accepted.remove(peer) {
                return Ok(Some("established".into()));
            }
            if !self.connections.contains_key(peer) && self.listener.is_some() {
                let accepted = self.accepts()? == peer;
                return Ok(accepted.then(|| "established".into()));
            }
            let (connecting, row) = (self.connecting, state_of(self.local));
            let socket = self.connections.get(peer).ok_or("no socket")?;
            let error = socket.take_error().map_err(in_words)?;
            Ok(match error.as_ref().map(io::Error::kind) {
                Some(ErrorKind::ConnectionRefused) => Some("refused".into()),
                Some(ErrorKind::ConnectionReset) => Some("reset".into()),
                Some(ErrorKind::TimedOut) => Some("timed-out".into()),
                Some(other) => Some(other.to_string()),
                None if connecting && row.iter().any(|(_, state)| state == "ESTABLISHED") => {
                    Some("established".into())
                }
                None => None,
            })
        }

        fn is_in(&mut self, peer: &str, want: &str, latest: Duration) -> Played {
            let port = self.port_of(peer);
            loop {
                let rows = state_of(self.local);
                let own = rows.iter().find(|(other, _)| *other == port);
                let any = match self.connections.contains_key(peer) {
                    true => own,
                    false => own.or(rows.iter().find(|(other, _)| *other == 0)),
                };
                let got = any.map_or("CLOSED", |(_, state)| state.as_str());
                if got == want {
                    return Ok(());
                }
                if self.began.elapsed() > latest + LATE {
                    return Err(format!("it is in {got}"));
                }
                self.waits(Duration::from_millis(3));
            }
        }
    }

    /// The sockets with this local address: the peer's port, and the state by the RFC's name.
    fn state_of(local: SocketAddrV4) -> Vec<(u16, String)> {
        const STATES: [&str; 12] = [
            "",
            "ESTABLISHED",
            "SYN-SENT",
            "SYN-RECEIVED",
            "FIN-WAIT-1",
            "FIN-WAIT-2",
            "TIME-WAIT",
            "CLOSED",
            "CLOSE-WAIT",
            "LAST-ACK",
            "LISTEN",
            "CLOSING",
        ];
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        let hex = |text: &str| usize::from_str_radix(text, 16).ok();
        let port = |field: &str| hex(field.split_once(':')?.1);
        let rows = table.lines().skip(1).filter_map(|row| {
            let fields: Vec<&str> = row.split_whitespace().collect();
            let ours = port(fields.get(1)?)? == usize::from(local.port());
            let state = match hex(fields.get(3)?)? {
                12 => "SYN-RECEIVED", // NEW_SYN_RECV
                state => *STATES.get(state)?,
            };
            ours.then(|| Some((port(fields[2])? as u16, state.to_owned())))?
        });
        rows.collect()
    }

    /// Where the silence begins with which a script ends: the kernel is given less time to break it.
    fn silence_begins(lines: &[Line]) -> usize {
        let is_silent = |line: &Line| line.items.iter().all(|item| item.what == What::Nothing);
        lines
            .iter()
            .rposition(|line| !is_silent(line))
            .map_or(0, |last| last + 1)
    }

    fn has_call(script: &Script, name: &str) -> bool {
        let mut items = script.lines().iter().flat_map(|line| &line.items);
        items.any(|item| matches!(&item.what, What::Call(call) if call.name == name))
    }

    /// Why no socket can play it.
    fn beyond_a_socket(script: &Script) -> Option<String> {
        const CALLS: [&str; 8] = [
            "connect", "listen", "accept", "send", "recv", "shutdown", "close", "abort",
        ];
        if script.setting("linux") == Some("no") {
            return Some("Linux does otherwise".into());
        }
        if let Some(name) = ["rtt", "floor", "buffer", "nodelay", "peer_mss", "give_up"]
            .into_iter()
            .find(|name| script.setting(name).is_some())
        {
            return Some(format!("no socket is made with {name}="));
        }
        let lines = &script.lines()[..silence_begins(script.lines())];
        let end = lines
            .iter()
            .filter_map(|line| line.at)
            .map(|at| at.latest)
            .max();
        if end.is_some_and(|end| end > LONGEST) {
            return Some("it takes too long".into());
        }
        let mut items = lines.iter().flat_map(|line| &line.items);
        items.find_map(|item| match &item.what {
            What::Call(call) if item.whom != Whom::Ours && !CALLS.contains(&&*call.name) => {
                Some(format!("a socket has no {}", call.text()))
            }
            _ => None,
        })
    }

    fn in_words(error: io::Error) -> String {
        error.to_string()
    }
}
