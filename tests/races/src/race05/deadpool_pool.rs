//! deadpool, configured as its documentation says: `recycle` looks at a connection before it is lent
//! again; the last one that came back is lent first, as the others do it.

use std::io;
use std::sync::Arc;

use deadpool::Runtime;
use deadpool::managed::{self, Manager, Metrics, QueueMode, RecycleError, RecycleResult};
use tokio::runtime::Handle;

use super::pool::{Lease, Pool, Setup, Tasks};
use super::source::{self, Source};

pub struct Adapter<S>(Arc<S>);

impl<S: Source> Manager for Adapter<S> {
    type Type = S::Conn;
    type Error = io::Error;

    async fn create(&self) -> io::Result<S::Conn> {
        source::connect_async(&*self.0).await
    }

    async fn recycle(&self, conn: &mut S::Conn, _: &Metrics) -> RecycleResult<io::Error> {
        match source::is_good_async(&*self.0, conn).await {
            true => Ok(()),
            false => Err(RecycleError::message("not good any more")),
        }
    }
}

pub fn pool<S: Source>(source: Arc<S>, setup: Setup) -> Result<managed::Pool<Adapter<S>>, String> {
    managed::Pool::builder(Adapter(source))
        .max_size(setup.max)
        .wait_timeout(Some(setup.wait))
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| error.to_string())
}

struct Blocking<S: Source>(managed::Pool<Adapter<S>>, Handle);

pub fn make<S: Source>(source: Arc<S>, setup: Setup) -> Result<Arc<dyn Pool<S::Conn>>, String> {
    let runtime = super::runtime(super::cores());
    Ok(Arc::new(Blocking(pool(source, setup)?, runtime)))
}

impl<S: Source> Pool<S::Conn> for Blocking<S> {
    fn get(&self) -> Result<Lease<S::Conn>, String> {
        match self.1.block_on(self.0.get()) {
            Ok(lease) => Ok(Box::new(lease)),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl<S: Source> Tasks for managed::Pool<Adapter<S>> {
    async fn visit(&self, inside: impl Future<Output = ()> + Send) -> Result<(), String> {
        let lease = self.get().await.map_err(|error| error.to_string())?;
        inside.await;
        drop(lease);
        Ok(())
    }
}
