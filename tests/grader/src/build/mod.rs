//! Where submissions are compiled, and how.
//!
//! Belongs here: the scratch folder and its locks, a worker's folder with the form of the course, what is compiled
//! with the tests, and rustc's command lines.

pub mod names;
pub mod rustc;
pub mod scratch;
pub mod workdir;
pub mod worker_lock;
