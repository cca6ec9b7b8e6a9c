//! Paths that the reader's probes go.

use std::collections::VecDeque;
use std::time::Duration;

use delivery::Path;
use netlab::Lab;
use netlab::sim::{Inbox, Net, NodeId};

/// A path through a simulated network, as the host sees it that stands at its beginning. It waits a second for an
/// answer.
pub struct Through<'a> {
    pub net: &'a mut Net,
    pub host: NodeId,
    pub seen: usize,
}

const WAIT: Duration = Duration::from_secs(1);

impl Path for Through<'_> {
    fn send(&mut self, datagram: Vec<u8>) {
        self.net.send(self.host, datagram);
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        let end = self.net.now() + WAIT;
        loop {
            let packets = self.net.node::<Inbox>(self.host).packets();
            if let Some(packet) = packets.get(self.seen) {
                self.seen += 1;
                return Some(packet.to_vec());
            }
            let next = self.net.next_time().filter(|time| *time <= end);
            // A network that is not at rest at the end of a wait goes on in the next.
            self.net.run_until(next.unwrap_or(end)).ok()?;
            next?;
        }
    }
}

/// A path on which `answers` says what comes for each datagram sent, and nothing else.
pub struct Scripted<F> {
    lab: Lab,
    pub answers: F,
    pub sent: Vec<Vec<u8>>,
    /// The last that came for each datagram sent; nothing where nothing came.
    pub answered: Vec<Vec<u8>>,
    /// How many datagrams had been sent when something was to be received for the first time.
    pub sent_at_first: Option<usize>,
    coming: VecDeque<Vec<u8>>,
    /// Nothing more comes before the next datagram is sent.
    is_over: bool,
}

impl<F: FnMut(usize, &[u8]) -> Vec<Vec<u8>>> Scripted<F> {
    /// `answers` gets the number of the datagram, from 0, and its bytes.
    pub fn new(lab: &Lab, answers: F) -> Scripted<F> {
        Scripted {
            lab: lab.clone(),
            answers,
            sent: Vec::new(),
            answered: Vec::new(),
            sent_at_first: None,
            coming: VecDeque::new(),
            is_over: true,
        }
    }
}

impl<F: FnMut(usize, &[u8]) -> Vec<Vec<u8>>> Path for Scripted<F> {
    fn send(&mut self, datagram: Vec<u8>) {
        if self.sent.len() == 2000 {
            self.lab
                .because("Each answer must leave less to try, or the search never ends.")
                .fails("an end of the search", "two thousand datagrams");
        }
        let answers = (self.answers)(self.sent.len(), &datagram);
        self.answered
            .push(answers.last().cloned().unwrap_or_default());
        self.coming.extend(answers);
        self.is_over = false;
        self.sent.push(datagram);
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        self.sent_at_first.get_or_insert(self.sent.len());
        if self.is_over {
            self.lab
                .because(
                    "None says that the time to wait is over: no more answers will come to anything that was sent. On a real network each further call \
                     waits as long again.",
                )
                .fails(
                    "receive() is called after a send(), and after a None not before the next one",
                    "another receive()",
                );
        }
        let came = self.coming.pop_front();
        self.is_over = came.is_none();
        came
    }
}
