internal import Logging
internal import PostgresClient
internal import Store
internal import Synchronization

/// Hears what other instances commit, over a session of its own that LISTENs from the first subscription on.
///
/// A notice carries no facts, and one that is lost costs only the time until the next poll. After each (new) session
/// `change` is told once, since what was committed before it was not heard.
final class Notifier: Sendable {
    static let channel = "muster"

    private struct State {
        var listening: Task<Void, Never>?
        var isClosed = false
    }

    private let dsn: PostgresDSN
    private let applicationName: String
    private let instance: String
    private let logger: Logger
    private let hub = NoticeHub()
    private let state = Mutex(State())

    init(dsn: PostgresDSN, applicationName: String, instance: String, logger: Logger) {
        self.dsn = dsn
        self.applicationName = applicationName
        self.instance = instance
        self.logger = logger
    }

    static func payload(_ notice: StoreNotice, instance: String) -> String { "\(notice.rawValue):\(instance)" }

    func subscribe() -> AsyncStream<StoreNotice> {
        let stream = hub.subscribe()
        state.withLock { state in
            guard state.listening == nil, !state.isClosed else { return }
            state.listening = Task { await self.listen() }
        }
        return stream
    }

    func close() async {
        let listening = state.withLock { state in
            state.isClosed = true
            return state.listening
        }
        hub.end()
        listening?.cancel()
        await listening?.value
    }

    private func listen() async {
        var failures = 0
        while !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.connect(dsn, applicationName: applicationName)
                do {
                    try await connection.query("LISTEN \(Notifier.channel)")
                    failures = 0
                    hub.send(.change)
                    for await notification in connection.notifications { hear(notification.payload) }
                } catch {
                    await connection.close()
                    throw error
                }
                await connection.close()
            } catch {
                failures += 1
                logger.debug("no session to hear notices on", metadata: ["why": "\(error)"])
            }
            // A session that just ended is made anew soon; a database that is away is asked every 5 s at most.
            let step = min(5000, 100 << min(failures, 6))
            try? await Task.sleep(for: .milliseconds(Int.random(in: step / 2...step)))
        }
    }

    private func hear(_ payload: String) {
        let parts = payload.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] != instance, let notice = StoreNotice(rawValue: String(parts[0])) else {
            return
        }
        hub.send(notice)
    }
}

/// Hands each notice to every subscriber; of those that a subscriber has not taken yet it keeps one a kind.
final class NoticeHub: Sendable {
    private struct Subscriber {
        /// In the order of their last arrival.
        var pending: [StoreNotice] = []
        var reader: CheckedContinuation<StoreNotice?, Never>?
    }

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var last = 0
        var isEnded = false
    }

    /// Ends the subscription when the stream that holds it goes.
    private final class Subscription: Sendable {
        let id: Int
        private let hub: NoticeHub

        init(id: Int, hub: NoticeHub) {
            self.id = id
            self.hub = hub
        }

        deinit {
            hub.remove(id)
        }
    }

    private let state = Mutex(State())

    func subscribe() -> AsyncStream<StoreNotice> {
        let id = state.withLock { state in
            state.last += 1
            if !state.isEnded { state.subscribers[state.last] = Subscriber() }
            return state.last
        }
        let subscription = Subscription(id: id, hub: self)
        return AsyncStream {
            await self.next(subscription.id)
        } onCancel: {
            self.remove(id)
        }
    }

    func send(_ notice: StoreNotice) {
        let readers = state.withLock { state in
            state.subscribers.keys.compactMap { id -> CheckedContinuation<StoreNotice?, Never>? in
                if let reader = state.subscribers[id]?.reader.take() { return reader }
                state.subscribers[id]?.pending.removeAll { $0 == notice }
                state.subscribers[id]?.pending.append(notice)
                return nil
            }
        }
        for reader in readers { reader.resume(returning: notice) }
    }

    func end() {
        let readers = state.withLock { state in
            state.isEnded = true
            defer { state.subscribers = [:] }
            return state.subscribers.values.compactMap(\.reader)
        }
        for reader in readers { reader.resume(returning: nil) }
    }

    private func next(_ id: Int) async -> StoreNotice? {
        await withCheckedContinuation { continuation in
            let notice: StoreNotice?? = state.withLock { state in
                guard var subscriber = state.subscribers[id], subscriber.reader == nil else { return .some(nil) }
                defer { state.subscribers[id] = subscriber }
                if !subscriber.pending.isEmpty { return subscriber.pending.removeFirst() }
                subscriber.reader = continuation
                return .none
            }
            if let notice { continuation.resume(returning: notice) }
        }
    }

    private func remove(_ id: Int) {
        let reader = state.withLock { $0.subscribers.removeValue(forKey: id)?.reader }
        reader?.resume(returning: nil)
    }
}
