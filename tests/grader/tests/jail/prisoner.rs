//! What the tests of the jail lock up: it tries one thing and says what came of it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let said = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["read", path] => tried(fs::read(path)),
        ["list", path] => tried(fs::read_dir(path)),
        ["write", path] => tried(fs::write(path, "x")),
        ["open-for-writing", path] => tried(fs::OpenOptions::new().write(true).open(path)),
        ["connect", addr] => {
            let addr: SocketAddr = addr.parse().expect("an address");
            tried(TcpStream::connect_timeout(&addr, Duration::from_secs(2)))
        }
        ["sends-a-datagram", addr] => {
            let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
            tried(socket.send_to(b"x", addr))
        }
        ["talks-to-itself"] => tried(talk()),
        ["runs", program, ref args @ ..] => {
            let status = Command::new(program).args(args).status();
            match status {
                Ok(status) if status.success() => "done".into(),
                Ok(status) => format!("refused: {status}"),
                Err(error) => format!("refused: {error}"),
            }
        }
        ["pids"] => {
            let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
            let names = pids.filter_map(|entry| entry.file_name().into_string().ok());
            let pids: Vec<String> = names.filter(|name| name.parse::<u32>().is_ok()).collect();
            format!("{}", pids.len())
        }
        ["threads", most] => {
            let most: usize = most.parse().expect("a number");
            let mut threads = Vec::new();
            while threads.len() < most {
                let thread = std::thread::Builder::new().spawn(std::thread::park);
                match thread {
                    Ok(thread) => threads.push(thread),
                    Err(_) => break,
                }
            }
            format!("{}", threads.len())
        }
        ["processes", most] => {
            let most: usize = most.parse().expect("a number");
            let mut children = Vec::new();
            while children.len() < most {
                match Command::new("/usr/bin/sleep").arg("1000").spawn() {
                    Ok(child) => children.push(child),
                    Err(_) => break,
                }
            }
            format!("{}", children.len())
        }
        ["memory", mib] => {
            let mib: usize = mib.parse().expect("a number");
            let mut all = Vec::new();
            for _ in 0..mib {
                all.push(vec![1_u8; 1 << 20]);
            }
            format!("{}", all.len())
        }
        ["fills", path, mib] => tried(fill(path, mib.parse().expect("a number"))),
        ["opens", most] => {
            let most: usize = most.parse().expect("a number");
            let files: Vec<_> = (0..most)
                .map_while(|_| fs::File::open("/dev/null").ok())
                .collect();
            format!("{}", files.len())
        }
        ["floods", mib] => {
            let line = [b'x'; 1 << 20];
            let mut out = std::io::stdout().lock();
            for _ in 0..mib.parse().expect("a number") {
                let _ = out.write_all(&line);
            }
            String::new()
        }
        ["leaves-a-daemon", mark] => {
            let daemon = Command::new("/usr/bin/setsid")
                .args(["/usr/bin/sleep", mark])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            // A grandchild as well, whose parent is gone.
            let script = format!("/usr/bin/setsid /usr/bin/sleep {mark} & exit 0");
            let shell = Command::new("/bin/sh").args(["-c", &script]).status();
            tried(daemon.and(shell))
        }
        ["never-ends", mark] => {
            let script = format!("/usr/bin/setsid /usr/bin/sleep {mark} & wait");
            let _ = Command::new("/bin/sh").args(["-c", &script]).spawn();
            loop {
                std::hint::spin_loop();
            }
        }
        ["environment"] => {
            let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            names.join(" ")
        }
        ["exits", code] => std::process::exit(code.parse().expect("a number")),
        ["aborts"] => std::process::abort(),
        ref other => panic!("what is {other:?}?"),
    };
    println!("{said}");
}

fn tried<T>(result: std::io::Result<T>) -> String {
    match result {
        Ok(_) => "done".into(),
        Err(error) => format!("refused: {error}"),
    }
}

fn talk() -> std::io::Result<()> {
    for addr in ["127.0.0.1:0", "127.3.2.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(addr)?;
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        let (mut server, _) = listener.accept()?;
        client.write_all(b"x")?;
        server.read_exact(&mut [0])?;
    }
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(())
}

fn fill(path: &str, mib: usize) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    let piece = vec![1; 1 << 20];
    for _ in 0..mib {
        file.write_all(&piece)?;
    }
    Ok(())
}
