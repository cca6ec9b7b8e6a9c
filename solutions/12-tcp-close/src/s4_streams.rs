//! Step 4: both directions of a connection.

use std::time::Duration;

use tcp_open::{Segment, Seq, State};
use tcp_receive::{AckPlan, Receiver};
use tcp_send::{Heard, Sender};

use crate::Connection;
use crate::connection::Streams;

impl Connection {
    /// The segment that came at `now` has made the connection ESTABLISHED. Both streams begin: a [`tcp_send::Sender`] and a
    /// [`tcp_receive::Receiver`], with the variables of the opening machine and the configuration.
    ///
    /// - The receiver's MSS is the one in our SYN: `config.open.mss`.
    /// - The sender's first round trip is the time from `asked` to `now`; there is none if `asked`
    ///   is `None`.
    /// - The segment can also have data or a FIN. Then the receiver gets it, without its SYN, if it
    ///   has one, and with the number of its first byte.
    /// - If the program has already closed (`closes_early`), [`Connection::shutdown`] is called now.
    pub(crate) fn begins(&mut self, now: Duration, segment: &Segment) {
        let vars = self.opening.vars();
        let round_trip = self.asked.map(|asked| now.saturating_sub(asked));
        let mut receiver = Receiver::new(vars.irs, self.config.receive, self.config.open.mss);
        if segment.fin || !segment.payload.is_empty() {
            let data = Segment {
                seq: segment.seq + u32::from(segment.syn),
                syn: false,
                ..segment.clone()
            };
            receiver.on_segment(now, &data);
        }
        self.streams = Some(Streams {
            sender: Sender::new(self.config.send, &vars, round_trip),
            receiver,
        });
        if std::mem::take(&mut self.closes_early) {
            self.shutdown(now);
        }
    }

    /// The connection takes a segment: the sender first, then the receiver. But if the sender says
    /// that it acknowledges unsent numbers, the receiver does not get it, and it is answered
    /// ([`Connection::answers`]).
    pub(crate) fn takes(&mut self, now: Duration, segment: &Segment) {
        let Some(Streams { sender, receiver }) = &mut self.streams else {
            return;
        };
        match sender.on_segment(now, segment) {
            Heard::Beyond => self.answers(now, segment),
            _ => receiver.on_segment(now, segment),
        }
    }

    /// A segment that does not count is answered, if
    /// [`Challenges::answers`](crate::Challenges::answers) says so: with an ACK that has the number
    /// SND.NXT, no data, and the receiver's stamp. It goes to `out`. If it is not answered, do not
    /// call the receiver's stamp: the receiver would believe that an owed ACK has left.
    pub(crate) fn answers(&mut self, now: Duration, segment: &Segment) {
        if let Some(Streams { sender, receiver }) = &mut self.streams
            && self.challenges.answers(now, segment)
        {
            let ack = bare(sender.nxt(), receiver);
            self.out.push(ack);
        }
    }

    /// Puts into `out` the segments that the streams send at `now`: all segments of the sender,
    /// stamped by the receiver; then, if the receiver still needs it now, an ACK like that of
    /// [`Connection::answers`].
    pub(crate) fn sends(&mut self, now: Duration) {
        let Some(Streams { sender, receiver }) = &mut self.streams else {
            return;
        };
        for mut segment in sender.poll(now) {
            receiver.stamp(&mut segment);
            self.out.push(segment);
        }
        if receiver.plan(now) == AckPlan::Now {
            let ack = bare(sender.nxt(), receiver);
            self.out.push(ack);
        }
    }

    /// The program sends: returns how many bytes were taken, as many as the sender has room for. 0
    /// unless the state is ESTABLISHED or CLOSE-WAIT.
    pub fn send(&mut self, data: &[u8]) -> usize {
        match (self.state, &mut self.streams) {
            (State::Established | State::CloseWait, Some(streams)) => streams.sender.write(data),
            _ => 0,
        }
    }

    /// The program reads: returns at most `max` bytes that have come, in any state. No bytes if
    /// there are none; [`Connection::is_over`] says whether more can come.
    pub fn recv(&mut self, max: usize) -> Vec<u8> {
        let streams = self.streams.as_mut();
        streams.map_or(Vec::new(), |streams| streams.receiver.read(max))
    }
}

fn bare(seq: Seq, receiver: &mut Receiver) -> Segment {
    let mut ack = Segment {
        seq,
        ..Segment::default()
    };
    receiver.stamp(&mut ack);
    ack
}
