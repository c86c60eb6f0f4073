/// Every span of the protocol, each a fixed part of the lease (docs/leadership.md, Spans).
package struct ElectionTiming: Sendable, Equatable {
    /// How long after its last heartbeat a leader may be believed to be acting still.
    package var lease: Duration
    /// The leader's heartbeats follow each other at this distance, measured from start to start.
    package var beatPeriod: Duration
    /// The leader stops trusting itself so long before its lease ends: for what lies between its last look at the
    /// clock and the start of a process, and for clocks that do not run equally fast.
    package var margin: Duration
    /// A follower looks whether it may lead after this, and up to a quarter more.
    package var pollPeriod: Duration
    /// A follower writes its own heartbeat at most this often: only operators read it.
    package var refreshPeriod: Duration
    /// Between two attempts while a session that was ended still holds the lock.
    package var retryPeriod: Duration
    /// What one exchange with the database is given. Below the margin, so that a heartbeat that hangs is given up
    /// while the trust from the one before still holds.
    package var exchangeTimeout: Duration
    package var connectTimeout: Duration
    /// Waits between two attempts to connect double from the first to the second.
    package var backoff: ClosedRange<Duration>

    package init(lease: Duration) {
        self.lease = lease
        beatPeriod = lease / 5
        margin = lease / 4
        pollPeriod = max(.milliseconds(100), lease / 12)
        refreshPeriod = lease / 3
        retryPeriod = min(.milliseconds(50), lease / 40)
        exchangeTimeout = lease / 5
        connectTimeout = min(.seconds(5), max(.seconds(1), lease / 3))
        backoff = .milliseconds(100)...(.seconds(2))
    }
}
