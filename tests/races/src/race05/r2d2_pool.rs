//! r2d2, configured as its documentation says: connections are tested when they are lent, which is its
//! default, and looked at when they come back.

use std::io;
use std::sync::Arc;
use std::thread;

use r2d2::{ManageConnection, NopErrorHandler, PooledConnection};

use super::pool::{Lease, Pool, Setup, Threads};
use super::source::{self, Source};

pub struct Adapter<S>(Arc<S>);

impl<S: Source> ManageConnection for Adapter<S> {
    type Connection = S::Conn;
    type Error = io::Error;

    fn connect(&self) -> io::Result<S::Conn> {
        source::connect(&*self.0)
    }

    fn is_valid(&self, conn: &mut S::Conn) -> io::Result<()> {
        match source::is_good(&*self.0, conn) {
            true => Ok(()),
            false => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// As Diesel does it: a panicking user may have been in the middle of something.
    fn has_broken(&self, _: &mut S::Conn) -> bool {
        thread::panicking()
    }
}

/// It makes connections when they are needed, as the others do, and not all of them beforehand.
pub fn pool<S: Source>(source: Arc<S>, setup: Setup) -> Result<r2d2::Pool<Adapter<S>>, String> {
    r2d2::Pool::builder()
        .max_size(setup.max as u32)
        .min_idle(Some(0))
        .connection_timeout(setup.wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .error_handler(Box::new(NopErrorHandler)) // the default one logs
        .build(Adapter(source))
        .map_err(|error| error.to_string())
}

pub fn make<S: Source>(source: Arc<S>, setup: Setup) -> Result<Arc<dyn Pool<S::Conn>>, String> {
    Ok(Arc::new(pool(source, setup)?))
}

impl<S: Source> Pool<S::Conn> for r2d2::Pool<Adapter<S>> {
    fn get(&self) -> Result<Lease<S::Conn>, String> {
        let lease: PooledConnection<_> =
            r2d2::Pool::get(self).map_err(|error| error.to_string())?;
        Ok(Box::new(lease))
    }
}

impl<S: Source> Threads for r2d2::Pool<Adapter<S>> {
    fn visit(&self, inside: impl FnOnce()) -> Result<(), String> {
        let lease = r2d2::Pool::get(self).map_err(|error| error.to_string())?;
        inside();
        drop(lease);
        Ok(())
    }
}
