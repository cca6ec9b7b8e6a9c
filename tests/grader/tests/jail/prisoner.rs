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
        ["namespace"] => {
            let pid = fs::read_link("/proc/self/ns/pid").expect("Linux has it");
            format!("{} {}", pid.display(), std::process::id())
        }
        ["writes-and-removes", path] => {
            tried(fs::write(path, "x").and_then(|()| fs::remove_file(path)))
        }
        ["deep", folder, depth] => {
            std::env::set_current_dir(folder).expect("a folder");
            for _ in 0..depth.parse().expect("a number") {
                fs::create_dir("d").expect("a folder");
                std::env::set_current_dir("d").expect("a folder");
            }
            "done".into()
        }
        ["leaves-in-tmp"] => {
            let path = std::env::temp_dir().join("loopback-left");
            fs::write(&path, "x").expect("a folder of its own");
            path.display().to_string()
        }
        ["tmp-is-empty"] => {
            let names = fs::read_dir(std::env::temp_dir()).expect("a folder").flatten();
            let names = names.map(|entry| entry.file_name());
            // What the jail shows there was there before.
            match names.filter(|name| name.to_string_lossy().contains("left")).count() {
                0 => "done".into(),
                count => format!("{count} files"),
            }
        }
        ["leaves-a-listener", addr, mark] => {
            let own = std::env::current_exe().expect("Linux has it");
            let mut child = Command::new(own)
                .args(["listens", addr, mark])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("a process");
            let mut ready = [0; 5];
            let stdout = child.stdout.as_mut().expect("it is piped");
            tried(stdout.read_exact(&mut ready))
        }
        ["listens", addr, mark] => {
            use std::os::linux::net::SocketAddrExt;
            use std::os::unix::net::{SocketAddr, UnixListener};
            let name = SocketAddr::from_abstract_name(mark).expect("a short name");
            let _both = (
                TcpListener::bind(addr).expect("a free port"),
                UnixListener::bind_addr(&name).expect("a free name"),
            );
            println!("ready");
            loop {
                std::thread::park();
            }
        }
        ["connect-abstract", mark] => {
            use std::os::linux::net::SocketAddrExt;
            use std::os::unix::net::{SocketAddr, UnixStream};
            let name = SocketAddr::from_abstract_name(mark).expect("a short name");
            tried(UnixStream::connect_addr(&name))
        }
        ["opens-of-parent", file] => {
            let parent = std::os::unix::process::parent_id();
            let path = format!("/proc/{parent}/{file}");
            let mut options = fs::OpenOptions::new();
            tried(fs::File::open(&path).or_else(|_| options.write(true).open(&path)))
        }
        ["finds-a-socket"] => {
            let fds = fs::read_dir("/proc/self/fd").expect("Linux has it").flatten();
            let mut targets = fds.filter_map(|fd| fs::read_link(fd.path()).ok());
            match targets.find(|to| to.to_string_lossy().starts_with("socket:")) {
                Some(_) => "done".into(),
                None => "refused: it has none".into(),
            }
        }
        ["kills-its-parent"] => {
            let parent = std::os::unix::process::parent_id().to_string();
            let script = format!("kill -STOP {parent}; kill -KILL {parent}");
            let shell = Command::new("/bin/sh").args(["-c", &script]).output();
            let _ = shell.expect("a shell");
            "done".into()
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
