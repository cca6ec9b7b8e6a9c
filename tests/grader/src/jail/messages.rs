//! What the grader and its supervisor in the jail say to each other, over a socket that no program of a
//! submission has.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cell::Ending;

/// A run of the cell's program. The descriptors for its standard output and error come along.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub args: Vec<String>,
    /// All of its environment.
    pub env: Vec<(String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Everything is in force.
    Ready,
    /// There is no jail, or it could not start the program: why.
    Failed(String),
    Ended {
        ending: Ending,
        /// Its number, as the jail counts.
        process: u32,
        /// The program has left nothing behind: no process and no file.
        is_clean: bool,
    },
}

/// A message is an environment and a few words.
const MOST: usize = 128 * 1024;

/// How many descriptors come along at most: standard output and error.
const DESCRIPTORS: usize = 2;

pub fn send(
    socket: BorrowedFd,
    message: &impl Serialize,
    along: &[BorrowedFd],
) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !along.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(along));
    }
    // Whoever has gone must not end us with a signal.
    sendmsg(
        socket,
        &[IoSlice::new(&bytes)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// The next message, and what came along; none when the other side has gone.
pub fn receive<T: DeserializeOwned>(
    socket: BorrowedFd,
) -> std::io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; MOST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let length = loop {
        let mut slices = [IoSliceMut::new(&mut bytes)];
        match recvmsg(
            socket.as_fd(),
            &mut slices,
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        ) {
            Ok(received) => break received.bytes,
            Err(Errno::INTR) => {}
            Err(Errno::CONNRESET) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    };
    if length == 0 {
        return Ok(None);
    }
    let mut along = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            along.extend(descriptors);
        }
    }
    Ok(Some((serde_json::from_slice(&bytes[..length])?, along)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::io::{Read, Write};

    #[test]
    fn a_message_arrives_whole_with_what_comes_along() {
        let (one, other) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let request = Request {
            args: vec!["x".repeat(50_000)],
            env: Vec::new(),
        };
        send(one.as_fd(), &request, &[writer.as_fd()]).unwrap();
        drop(writer);
        let (got, along) = receive::<Request>(other.as_fd()).unwrap().unwrap();
        assert_eq!(got.args, request.args);
        let [end] = along.try_into().unwrap();
        let mut end = std::io::PipeWriter::from(end);
        end.write_all(b"y").unwrap();
        drop(end);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "y");
        drop(one);
        assert!(receive::<Request>(other.as_fd()).unwrap().is_none());
    }
}
