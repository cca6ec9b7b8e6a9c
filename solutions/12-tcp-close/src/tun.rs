//! Given: Linux at the other end, through a TUN device in a network namespace of its own. This
//! works without root, if the system allows such namespaces.

use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use netlab::sim::{Device, Net};
use tappers::{Interface, Tun};

use crate::task::{THEM, Task, WE, page};
use crate::web::Serve;

const INSIDE: &str = "LOOPBACK_INSIDE";
/// There is no device. `unshare` itself ends with 1 where it may not do what it does.
const NO_DEVICE: u8 = 4;
const LIMIT: Duration = Duration::from_secs(120);

/// Runs the task, and gives the exit code. `None`: it cannot be done here.
pub fn run(args: &[String], task: &Task) -> Option<u8> {
    if std::env::var_os(INSIDE).is_some() {
        return Some(inside(task));
    }
    let us = std::env::current_exe().ok()?;
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(us)
        .args(args)
        .env(INSIDE, "1")
        .status();
    let code = run.ok()?.code()?;
    let code = u8::try_from(code).ok()?;
    (code != 1 && code != NO_DEVICE).then_some(code)
}

fn inside(task: &Task) -> u8 {
    let Some((tun, given)) = device() else {
        return NO_DEVICE;
    };
    println!("Over TUN: the other end is Linux, {THEM}; your host is {WE}.");
    let mut net = Net::new(1);
    let you = task.you(&mut net);
    let linux = net.add("Linux", Device::default());
    net.join(you, linux, task.link());
    let mut program = other_end(task);
    task.starts(&mut net, you);
    let take = |packet: &[u8]| {
        // A device that is full loses the packet, as any network may.
        let _ = tun.send(packet);
    };
    let mut ended = None;
    let is_done = |net: &Net| {
        // The last segments are still on their way.
        if ended.is_none() && task.end(net, you).is_some() {
            ended = Some(Instant::now());
        }
        let is_over = match (&mut program, ended) {
            (Some(program), Some(_)) if task.path.is_none() => {
                !matches!(program.try_wait(), Ok(None))
            }
            (_, ended) => ended.is_some(),
        };
        is_over && ended.is_some_and(|at| at.elapsed() > Duration::from_millis(300))
    };
    let run = net.run_beside(linux, &given, take, is_done, LIMIT);
    if let Some(mut program) = program {
        let _ = program.kill();
        let _ = program.wait();
    }
    if let Err(restless) = run {
        println!("{}", restless.summary);
    }
    task.reports(&net, you)
}

/// Linux's end of the download: the program that the task names, or a few lines with the kernel's sockets.
fn other_end(task: &Task) -> Option<Child> {
    if let [program, args @ ..] = &task.command[..] {
        let child = Command::new(program).args(args).spawn();
        let child = child.unwrap_or_else(|error| panic!("{program}: {error}"));
        if task.path.is_some() {
            waits_for_a_listener();
        }
        return Some(child);
    }
    match task.path {
        Some(_) => {
            let listener = TcpListener::bind(SocketAddrV4::new(THEM, Serve::PORT));
            let listener = listener.expect("this user is root here");
            thread::spawn(move || listener.incoming().flatten().for_each(serves));
        }
        None => drop(thread::spawn(downloads)),
    }
    None
}

fn waits_for_a_listener() {
    let listens = format!(":{:04X} 00000000:0000 0A", Serve::PORT);
    for _ in 0..100 {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        if table.contains(&listens) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn serves(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    let page = page();
    let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", page.len());
    let _ = stream.write_all(&[head.as_bytes(), &page].concat());
}

fn downloads() {
    let read = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect(SocketAddrV4::new(WE, Serve::PORT))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new())
    };
    match read() {
        Ok(count) => println!("Linux has downloaded {count} bytes."),
        Err(error) => println!("Linux: {error}"),
    }
}

/// A TUN device whose other end is the kernel, and what it gives.
fn device() -> Option<(Arc<Tun>, Receiver<Vec<u8>>)> {
    let tun = Arc::new(Tun::new_named(Interface::new("tun0").ok()?).ok()?);
    for command in [
        format!("addr add {THEM}/24 dev tun0"),
        "link set tun0 up".into(),
        "link set lo up".into(),
    ] {
        let run = Command::new("ip").args(command.split(' ')).status();
        run.ok().filter(|status| status.success())?;
    }
    let (send, given) = mpsc::channel();
    let reader = tun.clone();
    thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(length) = reader.recv(&mut buffer) {
            // The kernel also looks for IPv6 routers.
            if buffer[0] >> 4 == 4 && send.send(buffer[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    Some((tun, given))
}
