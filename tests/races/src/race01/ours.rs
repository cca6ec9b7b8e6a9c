//! Chapter 01's answer as a contestant. Included twice: the module around it says whose it is.

use std::net::SocketAddr;

use super::udp_dns_lookup::{
    Answer, CLASS_IN, LookupError, Name, Patience, Question, RData, TYPE_A, build_query, lookup_ip,
    parse_message,
};

use crate::race01::codec::Codec;
use crate::race01::servers::{HOST, Outcome, Tries};

pub fn ask(server: SocketAddr, tries: Tries) -> Outcome {
    outcome(lookup_ip(server, HOST, patience(tries)))
}

pub fn patience(tries: Tries) -> Patience {
    Patience {
        timeout: tries.timeout,
        attempts: tries.count,
    }
}

/// In the race's words.
pub fn outcome(outcome: Result<Answer, LookupError>) -> Outcome {
    match outcome {
        Ok(Answer::Addresses(addresses)) => Outcome::Addresses(addresses),
        Ok(Answer::NoSuchName) => Outcome::NoSuchName,
        Ok(Answer::NoData) => Outcome::NoData,
        Err(LookupError::TimedOut) => Outcome::TimedOut,
        Err(LookupError::Rcode(rcode)) => Outcome::Rcode(rcode),
        Err(LookupError::Io(error)) => Outcome::Error(error.to_string()),
        Err(LookupError::BadReply(_)) => Outcome::Error("not a reply".to_owned()),
        Err(LookupError::Referral) => Outcome::Error("a referral".to_owned()),
        Err(LookupError::CnameChain) => Outcome::Error("endless chain".to_owned()),
        Err(LookupError::BadName(_)) => Outcome::Error("not a name".to_owned()),
    }
}

pub fn codec() -> Result<Codec, String> {
    let question = Question {
        name: Name::from_text(HOST).map_err(|error| format!("{HOST}: {error:?}"))?,
        qtype: TYPE_A,
        qclass: CLASS_IN,
    };
    Ok(Codec {
        query: Box::new(move |id| build_query(id, &question)),
        addresses: |message| {
            let message = parse_message(message).ok()?;
            let of_addresses = |record: &&_| matches!(record, RData::A(_));
            let data = message.answers.iter().map(|record| &record.data);
            Some(data.filter(of_addresses).count())
        },
    })
}
