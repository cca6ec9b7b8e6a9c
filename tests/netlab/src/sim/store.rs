//! Where a trace keeps its packets: all bytes one behind the other, without an allocation a packet.
//!
//! Most of what a copied packet costs is memory that is touched for the first time, which the kernel has
//! to map and to clear. So the memory of a trace that is gone serves the next one.

use std::sync::{Mutex, PoisonError};

use super::record::{Place, Record};

const PIECE: usize = 256 * 1024;

/// What is kept of a trace that is gone, and of how many.
const MOST_PIECES: usize = 64;
const MOST_SPARES: usize = 4;

static SPARES: Mutex<Vec<Store>> = Mutex::new(Vec::new());

#[derive(Debug, Default)]
pub(super) struct Store {
    pub records: Vec<Record>,
    /// Filled one after the other, so that a long trace is never copied. Those behind the present one are
    /// empty.
    pieces: Vec<Vec<u8>>,
    present: usize,
}

impl Store {
    /// An empty one, in used memory where there is some.
    pub fn new() -> Store {
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        spares.pop().unwrap_or_default()
    }

    /// Leaves its memory to the next one.
    pub fn leave(mut self) {
        self.records.clear();
        self.pieces.truncate(MOST_PIECES);
        self.pieces.iter_mut().for_each(Vec::clear);
        self.present = 0;
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < MOST_SPARES {
            spares.push(self);
        }
    }

    pub fn add(&mut self, packet: &[u8]) -> Place {
        loop {
            match self.pieces.get_mut(self.present) {
                None => self
                    .pieces
                    .push(Vec::with_capacity(PIECE.max(packet.len()))),
                Some(piece) if piece.capacity() - piece.len() < packet.len() => self.present += 1,
                Some(piece) => {
                    let begins = piece.len();
                    piece.extend_from_slice(packet);
                    return Place {
                        piece: self.present as u32,
                        begins: begins as u32,
                        length: packet.len() as u32,
                    };
                }
            }
        }
    }

    pub fn bytes(&self, place: Place) -> &[u8] {
        let begins = place.begins as usize;
        &self.pieces[place.piece as usize][begins..begins + place.length as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_is_found_again_also_in_used_memory() {
        let packet = |n: usize| vec![n as u8; n * 997 % 100_000];
        for _ in 0..3 {
            let mut store = Store::new();
            let places: Vec<Place> = (0..200).map(|n| store.add(&packet(n))).collect();
            for (n, place) in places.iter().enumerate() {
                assert_eq!(store.bytes(*place), packet(n));
            }
            store.add(&vec![7; PIECE + 1]);
            store.leave();
        }
    }
}
