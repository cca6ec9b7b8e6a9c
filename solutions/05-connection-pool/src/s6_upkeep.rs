//! Step 6: sweeping, and closing time.

use crate::{Manager, Pool};

impl<M: Manager> Pool<M> {
    /// Closes the idle connections that have reached a limit, and returns how many. To be called
    /// from time to time by whoever owns the pool. Connections in use are left alone.
    ///
    /// At no time do more than `max` connections exist, not even while one is being closed. When
    /// every permit is in use, nothing can be idle, and there is nothing to do.
    pub fn reap(&self) -> usize {
        // To close is to use: without a permit, somebody could connect in the place of a
        // connection that is off the shelf and not yet closed.
        let Some(_permit) = self.0.permits.try_acquire() else {
            return 0;
        };
        let (limits, now) = (self.0.config.limits, self.0.clock.now());
        let mut closed = 0;
        while let Some(loan) = self.0.shelf.take_where(|it| limits.expired(it, now)) {
            loan.discard();
            closed += 1;
        }
        closed
    }

    /// Ends the pool. Idle connections are closed now, those in use when their leases end. Who
    /// waits for a turn, and whoever comes later, gets [`PoolError::Closed`](crate::PoolError).
    ///
    /// A call that is in the middle of connecting still gets its connection.
    pub fn close(&self) {
        self.0.permits.close();
        self.0.shelf.close();
    }
}
