//! Step 1: the way to the end.

use netlab::{Lab, lab};
use tcp_close::{Sign, after};
use tcp_open::State::{self, *};

const ALL: [State; 11] = [
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
];

fn leads(lab: &Lab, from: State, signs: &[Sign], to: State) {
    let got = lab.you(&format!("after({from}, {signs:?})"), || {
        signs.iter().fold(from, |state, sign| after(state, *sign))
    });
    lab.same("the state", got.to_string(), to.to_string());
}

#[test]
fn s1_who_closes_first_goes_by_the_fin_waits() {
    lab(|lab| {
        lab.why("Our FIN says that we write no more. The peer acknowledges it, and may go on writing: FIN-WAIT-2 waits for its FIN.");
        leads(lab, Established, &[Sign::WeClose], FinWait1);
        leads(lab, FinWait1, &[Sign::FinAcked], FinWait2);
        leads(lab, FinWait2, &[Sign::TheirFin], TimeWait);
    });
}

#[test]
fn s1_who_closes_second_does_not_wait() {
    lab(|lab| {
        lab.why("When the second closer's FIN is acknowledged, it knows that both sides have seen everything: no TIME-WAIT.");
        leads(lab, Established, &[Sign::TheirFin], CloseWait);
        leads(lab, CloseWait, &[Sign::WeClose], LastAck);
        leads(lab, LastAck, &[Sign::FinAcked], Closed);
    });
}

#[test]
fn s1_both_close_at_once() {
    lab(|lab| {
        lab.why("The FINs cross (RFC 9293, figure 13). Each side has sent a first one, so each must still see its own acknowledged, and then \
                 waits.");
        leads(lab, FinWait1, &[Sign::TheirFin], Closing);
        leads(lab, Closing, &[Sign::FinAcked], TimeWait);
    });
}

#[test]
fn s1_a_fin_that_acknowledges_ours_leads_straight_to_time_wait() {
    lab(|lab| {
        lab.why("One segment is two signs: its ACK first, then its FIN (figure 5, note 2). It is the usual close of a server with nothing more to send.");
        leads(lab, FinWait1, &[Sign::FinAcked, Sign::TheirFin], TimeWait);
        leads(
            lab,
            Established,
            &[Sign::WeClose, Sign::FinAcked, Sign::TheirFin],
            TimeWait,
        );
    });
}

#[test]
fn s1_a_sign_that_means_nothing_changes_nothing() {
    lab(|lab| {
        lab.why("A second close of the program, a repeated FIN, a repeated ACK: a sign that the state already knows changes nothing. Before ESTABLISHED there is nothing to close.");
        for state in [FinWait1, FinWait2, Closing, LastAck, TimeWait] {
            leads(lab, state, &[Sign::WeClose], state);
        }
        for state in [Established, FinWait2, CloseWait, TimeWait] {
            leads(lab, state, &[Sign::FinAcked], state);
        }
        for state in [CloseWait, Closing, LastAck, TimeWait] {
            leads(lab, state, &[Sign::TheirFin], state);
        }
        for state in [Closed, Listen, SynSent, SynReceived] {
            for sign in [Sign::WeClose, Sign::FinAcked, Sign::TheirFin] {
                leads(lab, state, &[sign], state);
            }
        }
    });
}

#[test]
fn s1_no_path_is_longer_than_three_signs() {
    lab(|lab| {
        lab.why("From ESTABLISHED, each of the three signs comes once, in any order in which a FIN is sent before it is acknowledged. Then \
                 it is in TIME-WAIT, or in CLOSED if the peer's FIN came first.");
        let (we, acked, they) = (Sign::WeClose, Sign::FinAcked, Sign::TheirFin);
        leads(lab, Established, &[we, acked, they], TimeWait);
        leads(lab, Established, &[we, they, acked], TimeWait);
        leads(lab, Established, &[they, we, acked], Closed);
        for state in ALL {
            leads(lab, state, &[], state);
        }
    });
}
