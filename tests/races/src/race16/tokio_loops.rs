//! tokio: the same task for each client as in race 03, on a loop for each core, or on one.

use std::io;

use tokio::runtime::Builder;

use super::PATIENCE;
use crate::race03::tokio_frames;

pub fn many() -> io::Result<()> {
    tokio_frames::run(Builder::new_multi_thread(), PATIENCE)
}

pub fn one() -> io::Result<()> {
    tokio_frames::run(Builder::new_current_thread(), PATIENCE)
}
