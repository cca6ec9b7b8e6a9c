//! Step 6: sweeping, and closing time.

use crate::{Manager, Pool};

impl<M: Manager> Pool<M> {
    /// Closes the idle connections that have reached a limit, and returns how many. The owner of the
    /// pool calls it from time to time. Connections in use are not touched. Idle ones within the
    /// limits stay as they are: they stay on the shelf all the time, in their order, and their idle
    /// time goes on. The manager is not asked.
    ///
    /// At no time do more than `max` connections exist, not even while one is being closed. When
    /// every permit is in use, it does nothing and returns 0 at once.
    pub fn reap(&self) -> usize {
        let limits = self.0.config.limits;
        todo!("5.6 reap() with {limits:?}: close idle connections that are expired, and count them")
    }

    /// Ends the pool. Idle connections are closed now, and those in use when their leases end. A
    /// thread that waits for its turn, or calls later, gets
    /// [`PoolError::Closed`](crate::PoolError). So does a thread that calls while the idle
    /// connections are being closed.
    ///
    /// A call that already has its turn still gets its connection: it may be connecting, checking a
    /// connection, or closing one to make room.
    pub fn close(&self) {
        todo!(
            "5.6 close() of {:?}: the permits and the shelf",
            self.state()
        )
    }
}
