internal import CLibPQ
internal import Glibc
internal import Synchronization

/// What other threads tell the thread of one connection: work, and that it is to end. An eventfd(2) wakes it from
/// poll(2), also in the middle of an exchange.
final class Mailbox: Sendable {
    struct Job: Sendable {
        var run: @Sendable (PostgresSession) -> Void
        /// Called instead of `run` when the session ends before the job's turn.
        var fail: @Sendable (PostgresError) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var isClosing = false
        /// Why the thread has ended; nil while it runs.
        var end: PostgresError?
        var waiters: [@Sendable (PostgresError) -> Void] = []
    }

    /// Closed under the same lock that guards each write to it, so that no write reaches a number used anew.
    let descriptor: Int32
    private let state = Mutex(State())

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw PostgresError.notConnected("eventfd: \(String(cString: strerror(errno)))")
        }
    }

    // MARK: - From any thread

    func post(_ job: Job) {
        let end: PostgresError? = state.withLock { state in
            if state.end == nil, !state.isClosing {
                state.jobs.append(job)
                wake()
                return nil
            }
            return state.end ?? .closed
        }
        if let end { job.fail(end) }
    }

    /// Has the thread break off what it does and end.
    func close() {
        state.withLock { state in
            guard state.end == nil else { return }
            state.isClosing = true
            wake()
        }
    }

    /// Calls back once the thread has ended, at once when it has.
    func whenEnded(_ body: @escaping @Sendable (PostgresError) -> Void) {
        let end = state.withLock { state in
            if state.end == nil { state.waiters.append(body) }
            return state.end
        }
        if let end { body(end) }
    }

    var end: PostgresError? { state.withLock { $0.end } }

    private func wake() {
        var one: UInt64 = 1
        // The only failure is a counter that is full, which wakes as well.
        _ = write(descriptor, &one, 8)
    }

    // MARK: - From the connection's thread

    var isClosing: Bool { state.withLock { $0.isClosing } }

    func next() -> Job? { state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() } }

    /// Takes back the wakes so far: what they were for is looked at afterwards.
    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    /// The thread's last word: what still waits fails with it.
    func finish(_ error: PostgresError) {
        let (jobs, waiters) = state.withLock { state in
            state.end = error
            Glibc.close(descriptor)
            defer { (state.jobs, state.waiters) = ([], []) }
            return (state.jobs, state.waiters)
        }
        for job in jobs { job.fail(error) }
        for waiter in waiters { waiter(error) }
    }
}
