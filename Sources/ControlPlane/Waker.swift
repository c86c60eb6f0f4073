/// Why the loop looks again. A wake carries no facts: what happened is read anew.
package enum WakeCause: String, Sendable, CaseIterable {
    case start
    case interval
    case dockerEvent = "docker_event"
    case probe
    case vote
    case proposal
    case file
    case hold
    case policy
    case action
    case retry
    case leadership
    /// Another instance wrote to the store: found by asking, where its notice was missed.
    case store
}

/// One coalescing wake-up for all causes: however many arrive during a tick, exactly one more tick follows.
package struct Waker: Sendable {
    private let continuation: AsyncStream<WakeCause>.Continuation
    /// For the loop alone: one value for each run of wakes.
    package let wakes: AsyncStream<WakeCause>

    package init() {
        (wakes, continuation) = AsyncStream.makeStream(of: WakeCause.self, bufferingPolicy: .bufferingNewest(1))
    }

    package func wake(_ cause: WakeCause) {
        continuation.yield(cause)
    }

    package func finish() {
        continuation.finish()
    }
}
