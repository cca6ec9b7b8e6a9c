//! A server in the shape that tutorials on threads end with: a pool of workers that fetch closures
//! from a channel, and a handler that expects every client to say something sensible.
//!
//! Written anew, to show what the shape leaves out: no deadline, and a panic is the end of a worker.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use super::FOUR;
use crate::server;

type Job = Box<dyn FnOnce() + Send>;

pub fn serve() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    server::listening(listener.local_addr()?);
    let pool = pool(FOUR);
    for stream in listener.incoming() {
        let stream = stream?;
        pool.send(Box::new(|| handle(stream))).unwrap();
    }
    Ok(())
}

fn pool(workers: usize) -> Sender<Job> {
    let (send, jobs) = mpsc::channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..workers {
        let jobs = Arc::clone(&jobs);
        thread::spawn(move || {
            loop {
                let job = jobs.lock().unwrap().recv().unwrap();
                job();
            }
        });
    }
    send
}

fn handle(mut stream: TcpStream) {
    let request = BufReader::new(&stream).lines().next().unwrap().unwrap();
    let status = match request.as_str() {
        "GET / HTTP/1.1" => "200 OK",
        _ => "404 NOT FOUND",
    };
    let response = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
    stream.write_all(response.as_bytes()).unwrap();
}
