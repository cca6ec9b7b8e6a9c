//! What the grader tells its own binary on a command line: which jail to build, and around what.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::isolation::Isolation;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub cell: Cell,
    pub level: Isolation,
    /// Whom the program runs as; none for whoever runs the grader.
    pub user: Option<u32>,
    /// Folders in which a program may leave files. None of them may reach the next program.
    pub scratch: Vec<PathBuf>,
}

impl Order {
    pub fn written(&self) -> String {
        serde_json::to_string(self).expect("paths of the course are UTF-8")
    }

    pub fn read(text: &str) -> Result<Order, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}
