internal import Synchronization

/// A few sessions that many tasks take turns with.
///
/// Sessions are made when they are first wanted. While the database is away every request is refused at once with what
/// the last attempt met, and one task tries again, after 0.1 s at first, then twice as long each time up to 5 s, each
/// shortened by up to half at random so that many instances do not come back in step. A request that finds all
/// sessions busy waits for one, in the order of arrival; both the number that wait and how long are bounded.
///
/// A session that ended under a request is not used again, nor are those made before it: what broke one has most
/// likely broken all, and each would have to be found out by a deadline.
package final class PostgresPool: Sendable {
    package struct Settings: Sendable {
        package var dsn: PostgresDSN
        package var applicationName: String
        package var size: Int
        /// For one attempt at a session, all hosts together.
        package var connectTimeout: Duration = .seconds(10)
        /// How long a request waits for a session.
        package var patience: Duration = .seconds(10)
        package var maximumWaiting = 1000

        package init(dsn: PostgresDSN, applicationName: String, size: Int) {
            self.dsn = dsn
            self.applicationName = applicationName
            self.size = max(1, size)
        }
    }

    /// Told once for each change, not for each attempt or request.
    package enum Event: Sendable {
        case away(String)
        case back
    }

    private struct Waiter {
        var id: Int
        var resume: @Sendable (Result<PostgresConnection, any Error>) -> Void
    }

    private struct State {
        var idle: [Member] = []
        var inUse: [ObjectIdentifier: Member] = [:]
        var connecting = 0
        var waiting: [Waiter] = []
        var lastWaiter = 0
        /// Raised when a session ended; those of an older one are dropped.
        var generation = 0
        /// What the last attempt met, while no session is there and the next attempt is due.
        var away: (any Error)?
        var failures = 0
        var isClosed = false
        var onEmpty: [@Sendable () -> Void] = []

        var count: Int { idle.count + inUse.count + connecting }
    }

    private struct Member {
        var connection: PostgresConnection
        var generation: Int
    }

    private let settings: Settings
    private let prepare: @Sendable (PostgresSession) throws -> Void
    private let onEvent: @Sendable (Event) -> Void
    private let state = Mutex(State())

    /// `prepare` runs first on each new session, for up to a minute; what it throws refuses the session, and is what
    /// requests are then refused with.
    package init(
        _ settings: Settings, prepare: @escaping @Sendable (PostgresSession) throws -> Void,
        onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.settings = settings
        self.prepare = prepare
        self.onEvent = onEvent
    }

    /// Runs `body` on a session of the pool; `timeout` is for `body` alone. Throws what `body` throws, `PostgresError`,
    /// or what `prepare` threw. Not cancelled with the task.
    package func run<T: Sendable>(
        timeout: Duration = .seconds(10), _ body: @escaping @Sendable (PostgresSession) throws -> T
    ) async throws -> T {
        let connection = try await take()
        do {
            let value = try await connection.run(timeout: timeout, body)
            release(connection, isBroken: false)
            return value
        } catch {
            release(connection, isBroken: (error as? PostgresError)?.endsSession == true)
            throw error
        }
    }

    /// Refuses further requests and those that wait, gives what is under way 3 s to end, then breaks it off.
    package func close() async {
        let (idle, waiting) = state.withLock { state in
            state.isClosed = true
            defer { (state.idle, state.waiting) = ([], []) }
            return (state.idle, state.waiting)
        }
        for waiter in waiting { waiter.resume(.failure(PostgresError.closed)) }
        for member in idle { await member.connection.close() }
        let breaking = Task {
            try? await Task.sleep(for: .seconds(3))
            guard !Task.isCancelled else { return }
            for member in state.withLock({ Array($0.inUse.values) }) { await member.connection.close() }
        }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.inUse.isEmpty { return true }
                state.onEmpty.append { continuation.resume() }
                return false
            }
            if isEmpty { continuation.resume() }
        }
        breaking.cancel()
    }

    // MARK: - Taking

    private func take() async throws -> PostgresConnection {
        let result: Result<PostgresConnection, any Error> = await withCheckedContinuation { continuation in
            ask { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    private enum Asked {
        case answered(Result<PostgresConnection, any Error>)
        case waits(id: Int, mustConnect: Bool)
    }

    private func ask(_ resume: @escaping @Sendable (Result<PostgresConnection, any Error>) -> Void) {
        let asked = state.withLock { state -> Asked in
            if state.isClosed { return .answered(.failure(PostgresError.closed)) }
            while let member = state.idle.popLast() {
                guard member.connection.end == nil, member.generation == state.generation else { continue }
                state.inUse[ObjectIdentifier(member.connection)] = member
                return .answered(.success(member.connection))
            }
            if let away = state.away { return .answered(.failure(away)) }
            guard state.waiting.count < settings.maximumWaiting else {
                return .answered(.failure(busy("\(state.waiting.count) requests wait already")))
            }
            state.lastWaiter += 1
            state.waiting.append(Waiter(id: state.lastWaiter, resume: resume))
            return .waits(id: state.lastWaiter, mustConnect: mustConnect(&state))
        }
        switch asked {
        case .answered(let result): resume(result)
        case .waits(let id, let mustConnect):
            if mustConnect { Task { await connect() } }
            Task {
                try? await Task.sleep(for: settings.patience)
                giveUp(id)
            }
        }
    }

    /// Whether another session is to be made for those that wait; counts it as under way.
    private func mustConnect(_ state: inout State) -> Bool {
        guard state.connecting < state.waiting.count, state.count < settings.size, !state.isClosed,
            // After a failure one attempt at a time.
            state.failures == 0 || state.connecting == 0
        else { return false }
        state.connecting += 1
        return true
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        waiter?.resume(.failure(busy("all \(settings.size) sessions were busy for \(settings.patience)")))
    }

    private func busy(_ why: String) -> PostgresError { .notConnected(why) }

    // MARK: - Giving back

    private func release(_ connection: PostgresConnection, isBroken: Bool) {
        let next = state.withLock { state -> (Waiter?, Bool, [@Sendable () -> Void]) in
            guard let member = state.inUse.removeValue(forKey: ObjectIdentifier(connection)) else {
                return (nil, false, [])
            }
            if isBroken, member.generation == state.generation { state.generation += 1 }
            let isUsable = !isBroken && member.generation == state.generation && !state.isClosed
            var waiter: Waiter?
            if isUsable {
                if state.waiting.isEmpty {
                    state.idle.append(member)
                } else {
                    waiter = state.waiting.removeFirst()
                    state.inUse[ObjectIdentifier(connection)] = member
                }
            }
            var ready: [@Sendable () -> Void] = []
            if state.isClosed, state.inUse.isEmpty { swap(&ready, &state.onEmpty) }
            return (waiter, mustConnect(&state), ready)
        }
        next.0?.resume(.success(connection))
        if next.1 { Task { await connect() } }
        for ready in next.2 { ready() }
    }

    // MARK: - Making

    /// One attempt, counted in `connecting` by the caller.
    private func connect() async {
        let generation = state.withLock { $0.generation }
        do {
            let connection = try await PostgresConnection.connect(
                settings.dsn, applicationName: settings.applicationName, timeout: settings.connectTimeout)
            do {
                try await connection.run(timeout: .seconds(60), prepare)
            } catch {
                await connection.close()
                throw error
            }
            await joined(Member(connection: connection, generation: generation))
        } catch {
            failed(error)
        }
    }

    private func joined(_ member: Member) async {
        let (waiter, isUsable, wasAway, more) = state.withLock { state -> (Waiter?, Bool, Bool, Bool) in
            state.connecting -= 1
            let isUsable = !state.isClosed && member.generation == state.generation
            let wasAway = state.away != nil
            if isUsable { (state.away, state.failures) = (nil, 0) }
            var waiter: Waiter?
            if isUsable, !state.waiting.isEmpty {
                waiter = state.waiting.removeFirst()
                state.inUse[ObjectIdentifier(member.connection)] = member
            } else if isUsable {
                state.idle.append(member)
            }
            return (waiter, isUsable, isUsable && wasAway, mustConnect(&state))
        }
        waiter?.resume(.success(member.connection))
        if more { Task { await connect() } }
        if wasAway { onEvent(.back) }
        if !isUsable { await member.connection.close() }
    }

    private func failed(_ error: any Error) {
        let (refused, delay, isNew) = state.withLock { state -> ([Waiter], Duration?, Bool) in
            state.connecting -= 1
            state.failures += 1
            guard !state.isClosed else { return ([], nil, false) }
            // Sessions in use will come back: those that wait are better off waiting for them.
            var refused: [Waiter] = []
            let isNew = state.away == nil
            if state.inUse.isEmpty, state.idle.isEmpty {
                swap(&refused, &state.waiting)
                state.away = error
            }
            // One attempt is under way or due at any time while there is anyone to come back for.
            guard state.connecting == 0 else { return (refused, nil, isNew && state.away != nil) }
            state.connecting += 1
            let step = min(5000, 100 << min(state.failures - 1, 6))
            return (refused, .milliseconds(Int.random(in: step / 2...step)), isNew && state.away != nil)
        }
        for waiter in refused { waiter.resume(.failure(error)) }
        if isNew { onEvent(.away("\(error)")) }
        guard let delay else { return }
        Task {
            try? await Task.sleep(for: delay)
            if state.withLock({ $0.isClosed }) { return }
            await connect()
        }
    }
}
