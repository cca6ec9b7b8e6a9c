//! What a scene can make happen.

use std::io::Read;
use std::net::TcpListener;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use netlab::hostile::CLIENTS;
use netlab::{lab, trial};

#[test]
fn a_settled_thread_has_done_what_it_could() {
    lab(|lab| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (told, (open, gate)) = (log.clone(), mpsc::channel::<()>());
        let running = lab.student("waits()", move || {
            told.lock().unwrap().push("before");
            let _ = gate.recv();
            told.lock().unwrap().push("after");
        });
        running.settles();
        assert_eq!(*log.lock().unwrap(), ["before"]);
        drop(open);
        running.returns();
        assert_eq!(*log.lock().unwrap(), ["before", "after"]);

        // One that has ended is settled too.
        let running = lab.student("ends()", || 7);
        running.settles();
        running.settles();
        assert_eq!(running.returns(), 7);
    });
}

#[test]
fn a_todo_is_told_before_the_sockets_close() {
    for _ in 0..20 {
        let report = trial(0.1, |lab| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap();
            lab.student("serve(listener)", move || -> () {
                let (stream, _) = listener.accept().unwrap();
                stream.peek(&mut [0]).unwrap();
                todo!("2.3 serve({listener:?}, {stream:?})")
            });
            let peer = lab.connect(addr);
            peer.sends(b"unread, so that closing resets");
            peer.expects(b"never comes");
        })
        .expect_err("the trial must fail");
        assert!(report.contains("  to do     2.3 serve("), "{report}");
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "needs Unix, whose signals a test can send")]
fn ctrl_c_reaches_the_program() {
    lab(|lab| {
        let program = lab.program("/bin/cat", &[]);
        program.is_interrupted();
        assert_eq!(program.exits().code, None);
    });
}

#[test]
#[cfg_attr(
    not(unix),
    ignore = "needs Unix, where a shell limits a program's descriptors"
)]
fn a_program_with_few_descriptors() {
    lab(|lab| {
        let end = lab
            .program_after("ulimit -n 24", "/bin/sh", &["-c", "ulimit -n"])
            .exits();
        assert_eq!((end.code, end.stdout.as_str()), (Some(0), "24\n"));
    });
}

#[test]
fn hostile_clients_do_what_they_are_called() {
    let begins: [(&str, &[u8]); 8] = [
        ("connects and leaves", b""),
        ("resets the connection", b"\0\0\0\x05he"),
        ("announces 4 GiB", b"\xff\xff\xff\xff"),
        ("ends its stream inside a frame", b"\0\0\0\x05he"),
        ("says nothing", b""),
        ("stops inside a frame", b"\0\0\0\x05he"),
        ("sends a byte now and then", b"\0\0\xea\x60\0\0"),
        ("sends and never reads", b"\0\0\xc3\x50xxxx"),
    ];
    lab(move |lab| {
        for (client, (name, bytes)) in CLIENTS.iter().zip(begins) {
            assert_eq!(client.name, name);
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let present = client.comes(lab, listener.local_addr().unwrap());
            let (mut stream, _) = listener.accept().unwrap();
            let mut got = vec![0; bytes.len()];
            // A reset may take the bytes before it along.
            if name != "resets the connection" {
                stream.read_exact(&mut got).unwrap();
                assert_eq!(got, bytes, "{name}");
            }
            drop(present);
        }
    });
}
