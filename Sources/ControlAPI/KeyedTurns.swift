/// Lets one task at a time work under a key; others with the same key wait their turn, in order.
///
/// It keeps two concurrent requests with one `Idempotency-Key` from both running. An actor because waiters are
/// suspended tasks; bounded, so that a flood of one key is refused instead of kept.
actor KeyedTurns {
    private let maximumWaiting: Int
    private var waiting = 0
    private var queues: [String: [CheckedContinuation<Void, Never>]] = [:]

    init(maximumWaiting: Int) {
        self.maximumWaiting = maximumWaiting
    }

    /// Runs `operation` alone under `key`; nil, without running it, when too many wait already.
    func take<Value: Sendable>(
        _ key: String, _ operation: @Sendable () async throws(APIError) -> Value
    ) async throws(APIError) -> Value? {
        guard await enter(key) else { return nil }
        defer { leave(key) }
        return try await operation()
    }

    private func enter(_ key: String) async -> Bool {
        guard queues[key] != nil else {
            queues[key] = []
            return true
        }
        guard waiting < maximumWaiting else { return false }
        waiting += 1
        await withCheckedContinuation { queues[key]?.append($0) }
        waiting -= 1
        return true
    }

    /// Hands the key to the next in line, or forgets it.
    private func leave(_ key: String) {
        guard var queue = queues[key], !queue.isEmpty else {
            queues[key] = nil
            return
        }
        let next = queue.removeFirst()
        queues[key] = queue
        next.resume()
    }
}
