package import FleetModel
package import Logging
package import PostgresClient
package import Store
internal import Synchronization

/// The store that several processes share: one Postgres database, reached through a pool of sessions.
///
/// It needs no database to be made: sessions are opened when they are wanted, and until one can be had every call is
/// refused with `unavailable` and what the last attempt met. The first session migrates the tables. A write is one
/// transaction on one session's thread; where the connection is lost under the COMMIT itself, the refusal says that
/// whether it was committed is not known. Its extensions implement one protocol each; docs/store.md has the rest.
package final class PostgresStore: FleetStore {
    private let pool: PostgresPool
    private let notifier: Notifier
    /// How long one transaction may take before its session is broken off, and a request wait for a session.
    private let allowance: Duration
    private let kept = Mutex<WorkingSet?>(nil)
    private let isClosed = Mutex(false)
    /// Who this process is to the others: the `holder` of its terms.
    let instance: String

    /// Never touches the network. Throws `badDSN` alone.
    ///
    /// `onIdentityChange` is told when a session finds another server than the first one did (from, to): the database
    /// was promoted, restored or replaced. Terms taken on the old one are refused from then on. `allowance` bounds one
    /// transaction, and separately the wait for a session to run it on.
    package init(
        dsn: String, poolSize: Int = 8, instance: String, logger: Logger, allowance: Duration = .seconds(10),
        onIdentityChange: @escaping @Sendable (PostgresIdentity, PostgresIdentity) -> Void = { _, _ in }
    ) throws(PostgresError) {
        let parsed = try PostgresDSN(dsn)
        let name = PostgresStore.applicationName(instance: instance)
        let watch = Watch(logger: logger, onChange: onIdentityChange)
        self.instance = instance
        self.allowance = allowance
        notifier = Notifier(dsn: parsed, applicationName: name, instance: instance, logger: logger)
        var settings = PostgresPool.Settings(dsn: parsed, applicationName: name, size: poolSize)
        settings.patience = allowance
        pool = PostgresPool(settings) { session in
            try watch.prepare(session)
        } onEvent: { event in
            switch event {
            case .away(let why): logger.warning("the database is away", metadata: ["why": "\(why)"])
            case .back: logger.notice("the database is back")
            }
        }
    }

    /// What every session of an instance is called in pg_stat_activity, so that a successor can end all of them.
    package static func applicationName(instance: String) -> String { "muster:" + String(instance.suffix(40)) }

    // MARK: - Whole store

    package func revision() async throws(StoreError) -> UInt64 {
        try await read { db in try Revision.fetch(db) }
    }

    package func acquireTerm(holder: String, at now: WallTime) async throws(StoreError) -> Term {
        try await write { db in
            let term = try Leadership.take(holder: holder, db)
            db.finish(.leader, by: self.instance)
            return term
        }
    }

    package func workingSet() async throws(StoreError) -> WorkingSet {
        let kept = kept.withLock { $0 }
        let fresh = try await read { db in
            if let kept, kept.revision == (try Revision.fetch(db)) { return kept }
            // The revision is read in the same snapshot as the rows.
            return try db.transaction(.snapshot) {
                let revision = try Revision.fetch(db)
                let answers = try db.batch(WorkingSetRows<Record>.queries.map { PostgresStatement($0) })
                return try WorkingSet(WorkingSetRows(answers.map { $0.map(Record.init) }), revision: revision)
            }
        }
        self.kept.withLock { $0 = fresh }
        return fresh
    }

    /// Which server this is, as a session of the pool sees it.
    package func identity() async throws(StoreError) -> PostgresIdentity {
        try await read { db in try db.identity() }
    }

    /// The names of the migrations applied, oldest first.
    package func schema() async throws(StoreError) -> [String] {
        try await read { db in try Migrations.applied(db) }
    }

    package func notices() -> AsyncStream<StoreNotice> { notifier.subscribe() }

    package func close() async {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        await notifier.close()
        await pool.close()
    }

    // MARK: - Transactions

    /// One or more reads. What must be of one state is read in one statement or within `transaction(.snapshot)`.
    func read<T: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> T) async throws(StoreError) -> T {
        do {
            return try await pool.run(timeout: allowance, body)
        } catch {
            throw StoreError(error)
        }
    }

    /// One transaction: durable when it returns, rolled back when `body` throws. Run again when it was rolled back
    /// only because of another one at the same time, so `body` has no effect but through the session.
    func write<T: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws -> T) async throws(StoreError) -> T {
        try await read { db in
            for _ in 0..<3 {
                do {
                    return try db.transaction(.readCommitted) { try body(db) }
                } catch PostgresError.server(let refusal) where refusal.isTransactionConflict { continue }
            }
            return try db.transaction(.readCommitted) { try body(db) }
        }
    }
}

/// The number that says whether anything changed.
enum Revision {
    static let statement = PostgresStatement("SELECT value FROM revision")

    static func fetch(_ db: PostgresSession) throws -> UInt64 {
        guard let value = try db.query(statement.sql).first?.integer(0) else {
            throw StoreError.corrupt("table `revision` has lost its row")
        }
        return UInt64(value)
    }
}

extension PostgresSession {
    /// Ends a transaction that changed something: the others are told when it commits, and the revision is raised. The
    /// row is locked from here to the end, so revisions are committed in their order; last, so that it is not for long.
    func finish(_ notice: StoreNotice, by instance: String) {
        later("SELECT pg_notify('\(Notifier.channel)', $1)", [.text(Notifier.payload(notice, instance: instance))])
        later("UPDATE revision SET value = value + 1")
    }
}
