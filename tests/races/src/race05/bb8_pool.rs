//! bb8, configured as its documentation says: connections are tested when they are lent, which is its
//! default, and looked at when they come back; the last one that came back is lent first.

use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::thread;

use bb8::{ManageConnection, PooledConnection, QueueStrategy};
use tokio::runtime::Handle;

use super::pool::{Lease, Pool, Setup, Tasks};
use super::source::{self, Source};

pub struct Adapter<S>(Arc<S>);

impl<S: Source> ManageConnection for Adapter<S> {
    type Connection = S::Conn;
    type Error = io::Error;

    async fn connect(&self) -> io::Result<S::Conn> {
        source::connect_async(&*self.0).await
    }

    async fn is_valid(&self, conn: &mut S::Conn) -> io::Result<()> {
        match source::is_good_async(&*self.0, conn).await {
            true => Ok(()),
            false => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    fn has_broken(&self, _: &mut S::Conn) -> bool {
        thread::panicking()
    }
}

/// To be called inside a runtime.
pub fn pool<S: Source>(source: Arc<S>, setup: Setup) -> bb8::Pool<Adapter<S>> {
    bb8::Pool::builder()
        .max_size(setup.max as u32)
        .connection_timeout(setup.wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .queue_strategy(QueueStrategy::Lifo)
        .build_unchecked(Adapter(source))
}

struct Blocking<S: Source>(bb8::Pool<Adapter<S>>, Handle);

pub fn make<S: Source>(source: Arc<S>, setup: Setup) -> Result<Arc<dyn Pool<S::Conn>>, String> {
    let runtime = super::runtime(super::cores());
    let _inside = runtime.enter();
    Ok(Arc::new(Blocking(pool(source, setup), runtime.clone())))
}

impl<S: Source> Pool<S::Conn> for Blocking<S> {
    fn get(&self) -> Result<Lease<S::Conn>, String> {
        match self.1.block_on(self.0.get_owned()) {
            Ok(lease) => Ok(Box::new(Inside(Some(lease), self.1.clone()))),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A connection that comes back may have to be replaced, by a task: the runtime must be there.
struct Inside<S: Source>(Option<PooledConnection<'static, Adapter<S>>>, Handle);

impl<S: Source> Drop for Inside<S> {
    fn drop(&mut self) {
        let _inside = self.1.enter();
        self.0 = None;
    }
}

impl<S: Source> Deref for Inside<S> {
    type Target = S::Conn;

    fn deref(&self) -> &S::Conn {
        self.0.as_ref().expect("not dropped yet")
    }
}

impl<S: Source> DerefMut for Inside<S> {
    fn deref_mut(&mut self) -> &mut S::Conn {
        self.0.as_mut().expect("not dropped yet")
    }
}

impl<S: Source> Tasks for bb8::Pool<Adapter<S>> {
    async fn visit(&self, inside: impl Future<Output = ()> + Send) -> Result<(), String> {
        let lease = self.get().await.map_err(|error| error.to_string())?;
        inside.await;
        drop(lease);
        Ok(())
    }
}
