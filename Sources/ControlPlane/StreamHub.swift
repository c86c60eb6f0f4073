internal import Synchronization

/// Hands every event to every reader of `GET /api/fleet/stream`. A slow reader loses its oldest events.
package final class StreamHub: Sendable {
    private struct State {
        var nextID = 0
        var readers: [Int: AsyncStream<StreamEvent>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func publish(_ event: StreamEvent) {
        let readers = state.withLock { Array($0.readers.values) }
        for reader in readers { reader.yield(event) }
    }

    package func subscribe() -> AsyncStream<StreamEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: StreamEvent.self, bufferingPolicy: .bufferingNewest(256))
        let id = state.withLock { state in
            state.nextID += 1
            state.readers[state.nextID] = continuation
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.readers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Ends every stream: the process is shutting down.
    package func finish() {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }
}
