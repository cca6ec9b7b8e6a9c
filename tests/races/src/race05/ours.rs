//! Chapter 05's answer as a contestant. Included twice: the module around it says whose it is.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use super::connection_pool::{self, Config, Limits, Manager};
use crate::race05::pool::{Lease, Pool, Setup, Threads};
use crate::race05::source::{self, Source};

pub struct Adapter<S>(Arc<S>);

impl<S: Source> Manager for Adapter<S> {
    type Conn = S::Conn;
    type Error = io::Error;

    fn connect(&self) -> io::Result<S::Conn> {
        source::connect(&*self.0)
    }

    fn is_reusable(&self, conn: &mut S::Conn) -> bool {
        source::is_good(&*self.0, conn)
    }
}

/// No limits on age, as the others have none in these disciplines.
pub fn pool<S: Source>(source: Arc<S>, setup: Setup) -> connection_pool::Pool<Adapter<S>> {
    let config = Config {
        max: setup.max,
        wait: setup.wait,
        limits: Limits::default(),
    };
    connection_pool::Pool::new(Adapter(source), config)
}

pub fn make<S: Source>(source: Arc<S>, setup: Setup) -> Result<Arc<dyn Pool<S::Conn>>, String> {
    Ok(Arc::new(pool(source, setup)))
}

impl<S: Source> Pool<S::Conn> for connection_pool::Pool<Adapter<S>> {
    fn get(&self) -> Result<Lease<S::Conn>, String> {
        match connection_pool::Pool::get(self) {
            Ok(lease) => Ok(Box::new(lease)),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl<S: Source> Threads for connection_pool::Pool<Adapter<S>> {
    fn visit(&self, inside: impl FnOnce()) -> Result<(), String> {
        let lease = connection_pool::Pool::get(self).map_err(|error| error.to_string())?;
        inside();
        drop(lease);
        Ok(())
    }
}

/// The chapter's own look at an idle connection.
pub fn look(stream: &TcpStream) -> io::Result<bool> {
    connection_pool::tcp_is_reusable(stream)
}
