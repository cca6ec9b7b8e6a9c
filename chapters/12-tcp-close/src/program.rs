//! Given: the program. Your host downloads a page from Linux, or Linux one from your host, through a TUN device in a network
//! namespace of their own. Where that is not allowed, a host of yours stands at the other end of a simulated link.

use netlab::sim::Net;

use crate::Site;
use crate::lines;
use crate::task::{THEM, Task, WE, client, server};
use crate::web::Get;

const USAGE: &str = "\
get [http://10.0.0.1/PATH] [--loss PERCENT] [--pcap FILE] [-- SERVER…]
serve [--loss PERCENT] [--pcap FILE] [-- CLIENT…]
host ADDR SECRET [NAME=NUMBER…]

get: your host, 10.0.0.2, downloads a page from Linux, 10.0.0.1.
serve: Linux downloads a page from your host.
host: your host alone, played from lines on standard input (src/lines.rs).
A program behind -- is Linux's end: nginx, or curl http://10.0.0.2/";

/// Runs the program, and gives its exit code.
pub fn run(args: &[String]) -> u8 {
    if let Some((role, args)) = args.split_first()
        && role == "host"
        && let Some(code) = lines::run(args)
    {
        return code;
    }
    let Some(task) = parse(args) else {
        eprintln!("{USAGE}");
        return 2;
    };
    #[cfg(target_os = "linux")]
    if let Some(code) = crate::tun::run(args, &task) {
        return code;
    }
    println!(
        "Over the simulated network: there is no TUN device in a namespace of one's own here."
    );
    simulated(&task)
}

fn parse(args: &[String]) -> Option<Task> {
    let mut task = Task {
        path: None,
        loss: 0.0,
        pcap: None,
        command: Vec::new(),
    };
    let (role, mut rest) = args.split_first()?;
    match role.as_str() {
        "get" => task.path = Some("/".into()),
        "serve" => {}
        _ => return None,
    }
    while let Some((word, behind)) = rest.split_first() {
        rest = behind;
        match word.as_str() {
            "--" => {
                task.command = rest.to_vec();
                break;
            }
            "--loss" => task.loss = value(&mut rest)?.parse().ok()?,
            "--pcap" => task.pcap = Some(value(&mut rest)?.clone()),
            url if task.path.is_some() => {
                let path = url.strip_prefix("http://10.0.0.1")?;
                task.path = Some(if path.is_empty() { "/" } else { path }.to_owned());
            }
            _ => return None,
        }
    }
    Some(task)
}

fn value<'a>(rest: &mut &'a [String]) -> Option<&'a String> {
    let (value, behind) = rest.split_first()?;
    *rest = behind;
    Some(value)
}

fn simulated(task: &Task) -> u8 {
    let mut net = Net::new(1);
    let you = task.you(&mut net);
    let them = match task.path {
        Some(_) => net.add("peer", server(THEM)),
        None => net.add("peer", client(THEM, WE, "/")),
    };
    net.join(you, them, task.link());
    task.starts(&mut net, you);
    if task.path.is_none() {
        net.with(them, Site::<Get>::start);
    }
    if let Err(restless) = net.run() {
        println!("{}", restless.summary);
    }
    task.reports(&net, you)
}
