//! Pools, as their users see them.

use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

/// A pool under test. Async ones are waited for by the calling thread.
pub trait Pool<C>: Send + Sync {
    fn get(&self) -> Result<Lease<C>, String>;
}

/// Goes back to its pool when it is dropped.
pub type Lease<C> = Box<dyn DerefMut<Target = C>>;

#[derive(Clone, Copy)]
pub struct Setup {
    pub max: usize,
    pub wait: Duration,
}

/// Makes a pool of what the source gives.
pub type Make<S, C> = fn(Arc<S>, Setup) -> Result<Arc<dyn Pool<C>>, String>;

/// A pool whose users are threads.
pub trait Threads: Send + Sync + 'static {
    /// Takes a connection, does this with it in hand, and gives it back.
    fn visit(&self, inside: impl FnOnce()) -> Result<(), String>;
}

/// A pool whose users are tasks.
pub trait Tasks: Send + Sync + 'static {
    /// The same.
    fn visit(
        &self,
        inside: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<(), String>> + Send;
}
