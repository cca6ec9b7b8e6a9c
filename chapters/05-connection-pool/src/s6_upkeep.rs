//! Step 6: sweeping, and closing time.

use crate::{Manager, Pool};

impl<M: Manager> Pool<M> {
    /// Closes the idle connections that have reached a limit, and returns how many. To be called
    /// from time to time by whoever owns the pool. Connections in use are left alone.
    ///
    /// At no time do more than `max` connections exist, not even while one is being closed. When
    /// every permit is in use, nothing can be idle, and there is nothing to do.
    pub fn reap(&self) -> usize {
        let limits = self.0.config.limits;
        todo!("5.6 reap() with {limits:?}: close idle connections that are expired, and count them")
    }

    /// Ends the pool. Idle connections are closed now, those in use when their leases end. Who
    /// waits for a turn, and whoever comes later, gets [`PoolError::Closed`](crate::PoolError).
    ///
    /// A call that is in the middle of connecting still gets its connection.
    pub fn close(&self) {
        todo!(
            "5.6 close() of {:?}: the permits and the shelf",
            self.state()
        )
    }
}
