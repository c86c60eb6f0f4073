package import FleetModel
package import PostgresClient
internal import Store
internal import Synchronization

/// The seat on a Postgres: one session of its own, the advisory lock, and the rows `leadership`, `elections` and
/// `instances` (docs/leadership.md).
///
/// The session must not lead through a pooler in transaction mode. `PostgresSeat+Statements.swift` has the statements,
/// `TermTaking.swift` the taking of a term.
package final class PostgresSeat: ElectionSeat {
    package struct Settings: Sendable {
        package var dsn: PostgresDSN
        /// The holder of this process' terms: new for each process.
        package var instance: String
        package var version: String
        package var startedAt: WallTime
        package var timing: ElectionTiming
        /// 1 is the loop.
        package var role: Int

        package init(
            dsn: PostgresDSN, instance: String, version: String, startedAt: WallTime, timing: ElectionTiming,
            role: Int = 1
        ) {
            self.dsn = dsn
            self.instance = instance
            self.version = version
            self.startedAt = startedAt
            self.timing = timing
            self.role = role
        }
    }

    let settings: Settings
    private let state = Mutex(State())

    private struct State {
        /// Raised with each `connect` and `disconnect`: who comes back to another number has been overtaken.
        var generation = 0
        var session: Session?
    }

    struct Session: Sendable {
        var connection: PostgresConnection
        /// Stays the same for the session's life.
        var identity: PostgresIdentity
        /// Once taken it is never asked for again: locks stack.
        var hasLock = false
        var reportedAt: BootTime
    }

    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// What every session of an instance calls itself: by it a successor ends them all, and a person tells them apart.
    /// Postgres keeps 63 bytes; the end of the id is what differs between processes.
    package static func applicationName(_ instance: String) -> String { "muster:" + instance.suffix(40) }

    // MARK: - The session

    package func connect() async throws(SeatError) -> AsyncStream<SeatSignal> {
        let (mine, old) = replace()
        await old?.connection.close()
        let connection: PostgresConnection
        do throws(PostgresError) {
            connection = try await PostgresConnection.connect(
                settings.dsn, applicationName: PostgresSeat.applicationName(settings.instance),
                timeout: settings.timing.connectTimeout)
        } catch { throw SeatError(error) }
        let now = BootTime.system()
        let identity: PostgresIdentity
        do throws(SeatError) {
            identity = try await PostgresSeat.run(on: connection, timeout: settings.timing.connectTimeout) {
                [settings] session in
                try session.batch(Statements.opening(settings))
                return try session.identity()
            }
        } catch {
            await connection.close()
            throw error
        }
        let isWanted = state.withLock { state in
            guard state.generation == mine else { return false }
            state.session = Session(connection: connection, identity: identity, reportedAt: now)
            return true
        }
        guard isWanted else {
            await connection.close()
            throw .unreachable("the session was given up while it was made")
        }
        return signals(of: connection)
    }

    package func disconnect() async { await replace().old?.connection.close() }

    private func replace() -> (generation: Int, old: Session?) {
        state.withLock { state in
            state.generation += 1
            defer { state.session = nil }
            return (state.generation, state.session)
        }
    }

    /// Ends with the session.
    private func signals(of connection: PostgresConnection) -> AsyncStream<SeatSignal> {
        let (signals, sink) = AsyncStream.makeStream(of: SeatSignal.self, bufferingPolicy: .bufferingNewest(16))
        let others = "\(StoreNotice.leader.rawValue):"
        let own = others + settings.instance
        Task {
            for await notification in connection.notifications
            where notification.payload.hasPrefix(others) && notification.payload != own {
                sink.yield(.leadershipMoved)
            }
            sink.yield(.broken("\(await connection.ended())"))
            sink.finish()
        }
        return signals
    }

    // MARK: - Exchanges

    package func campaign(_ campaign: Campaign) async throws(SeatError) -> CampaignOutcome {
        let present = try session()
        let isReportDue = BootTime.system() - present.reportedAt >= settings.timing.refreshPeriod
        let hadLock = present.hasLock
        let answer = try await exchange(present) { [settings] session in
            let look = try PostgresSeat.look(
                session, settings, hasLock: hadLock, reports: isReportDue)
            guard look.hasLock else { return (look, CampaignOutcome.lost(try look.lost(session, settings))) }
            let taking = TermTaking(settings: settings, identity: present.identity, campaign: campaign)
            return (look, try taking.take(session))
        }
        state.withLock { state in
            // Of the session that the exchange was on; another one knows nothing of it.
            guard state.session?.connection === present.connection else { return }
            if answer.0.hasLock { state.session?.hasLock = true }
            if isReportDue { state.session?.reportedAt = .system() }
        }
        return answer.1
    }

    package func beat(_ term: Term) async throws(SeatError) -> BeatOutcome {
        let present = try session()
        return try await exchange(present) { [settings] session in
            let values: [PostgresValue] = [
                .text(settings.instance), .bigint(term.epoch), .text(present.identity.systemIdentifier),
                .bigint(present.identity.timeline), .bigint(Int(present.connection.backendPID)),
            ]
            let written = try session.query(Statements.beat(settings.role), values)
            if written.changedCount == 1 { return .kept }
            return .lost(try PostgresSeat.whyBeatLost(session, settings, present))
        }
    }

    package func overthrow(_ blocker: Blocker) async throws(SeatError) -> OverthrowOutcome {
        guard let statement = Statements.ending(blocker, settings.role) else { return .ended(0) }
        return try await exchange(try session()) { session in
            do {
                return .ended(try session.query(statement.sql, statement.values).count { $0.bool("ended") == true })
            } catch PostgresError.server(let refusal) where refusal.sqlState == "42501" {
                return .notPermitted(refusal.message)
            }
        }
    }

    package func resign(_ term: Term?) async throws(SeatError) {
        let statements = Statements.resignation(of: term, settings)
        _ = try await exchange(try session()) { session in try session.batch(statements).count }
    }

    private func session() throws(SeatError) -> Session {
        guard let session = state.withLock({ $0.session }) else { throw .unreachable("there is no session") }
        return session
    }

    private func exchange<Value: Sendable>(
        _ session: Session, _ body: @escaping @Sendable (PostgresSession) throws -> Value
    ) async throws(SeatError) -> Value {
        try await PostgresSeat.run(on: session.connection, timeout: settings.timing.exchangeTimeout, body)
    }

    private static func run<Value: Sendable>(
        on connection: PostgresConnection, timeout: Duration,
        _ body: @escaping @Sendable (PostgresSession) throws -> Value
    ) async throws(SeatError) -> Value {
        do {
            return try await connection.run(timeout: timeout, body)
        } catch let error as PostgresError {
            throw SeatError(error)
        } catch {
            throw error as? SeatError ?? .refused("\(error)")
        }
    }
}

extension SeatError {
    init(_ error: PostgresError) {
        if case .server(let refusal) = error {
            // 42P01: no such table. Whoever opens the store first makes them.
            self = .refused(
                refusal.sqlState == "42P01" ? "the store's tables are not in the database yet" : "\(refusal)")
        } else {
            self = .unreachable("\(error)")
        }
    }
}
