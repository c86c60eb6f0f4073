internal import Dispatch
package import FleetModel
internal import GRDB
internal import Glibc
package import Store
internal import Synchronization

/// The store of one machine: `muster.sqlite` in the data directory, owned by one process (`OwnerLock`).
///
/// One connection writes, in immediate transactions with `synchronous=FULL`; a few read beside it. Writes and reads
/// run on GRDB's queues, never on the cooperative pool, and are not cancelled with the task that asked: what an
/// action came to must be recorded also while the process drains. Its extensions implement one protocol each.
package final class SQLiteStore: FleetStore {
    private struct State {
        var revision: UInt64 = 1
        var isClosed = false
        /// Valid while its revision is the present one; this process is the only writer.
        var workingSet: WorkingSet?
    }

    private let pool: DatabasePool
    private let state = Mutex(State())
    private let lock: OwnerLock

    /// Opens or makes the store in `directory`, blocking; `now` is what the lock file states.
    ///
    /// The directory is made with mode 0700 and the database file has 0600. Throws `locked` when another process has
    /// it, `newerSchema` for a file of a newer Muster, `corrupt` for one that is no database.
    package init(directory: String, now: WallTime) throws(StoreError) {
        try SQLiteStore.makeDirectory(directory)
        lock = try OwnerLock(path: directory + "/muster.lock", now: now)
        let path = directory + "/muster.sqlite"
        try SQLiteStore.makePrivateFile(path)
        pool = try StoreError.result { try SQLiteStore.openPool(path) }.get()
    }

    private static func openPool(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "muster.sqlite"
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = 4
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // GRDB sets NORMAL with WAL, under which a power cut takes back commits that were answered already.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // A checkpoint syncs the database file: every 16 MB instead of 4 keeps that out of most commits.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
        }
        try Schema.migrate(pool)
        return pool
    }

    private static func makeDirectory(_ directory: String) throws(StoreError) {
        var path = directory.hasPrefix("/") ? "/" : ""
        for part in directory.split(separator: "/") {
            path += part
            if mkdir(path, 0o700) != 0, errno != EEXIST, access(path, F_OK) != 0 {
                throw StoreError.system("make the directory", path: path, code: errno)
            }
            path += "/"
        }
    }

    /// SQLite gives the WAL and its index the mode of the database file.
    private static func makePrivateFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError.system("open", path: path, code: errno) }
        defer { Glibc.close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { throw StoreError.system("make private", path: path, code: errno) }
    }

    // MARK: - Whole store

    package func revision() async throws(StoreError) -> UInt64 {
        try state.withLock { state throws(StoreError) in
            guard !state.isClosed else { throw StoreError.closed }
            return state.revision
        }
    }

    package func acquireTerm(holder: String, at now: WallTime) async throws(StoreError) -> Term {
        try await write { db in
            try db.run("UPDATE meta SET epoch = epoch + 1, holder = ?", [holder])
            return Term(holder: holder, epoch: try Meta(db).epoch)
        }
    }

    package func workingSet() async throws(StoreError) -> WorkingSet {
        // The revision is read first: contents newer than it only mean that they are read once more than needed.
        let (revision, kept) = state.withLock { ($0.revision, $0.workingSet) }
        if let kept, kept.revision == revision, !isClosed { return kept }
        let fresh = try await read { db in try WorkingSet(db, revision: revision) }
        state.withLock { $0.workingSet = fresh }
        return fresh
    }

    /// The names of the migrations applied to the file, oldest first.
    package func schema() async throws(StoreError) -> [String] {
        try await read { db in try Schema.applied(db) }
    }

    /// The settings that durability rests on, as the writing connection has them: pragma to value.
    package func durability() async throws(StoreError) -> [String: String] {
        try await write { db in
            var settings: [String: String] = [:]
            for pragma in ["journal_mode", "synchronous", "busy_timeout", "foreign_keys"] {
                settings[pragma] = try String.fetchOne(db, sql: "PRAGMA \(pragma)")
            }
            return settings
        }
    }

    package func close() async {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed else { return }
        await withCheckedContinuation { continuation in
            // Waits for the accesses under way; must not do so on the cooperative pool.
            DispatchQueue.global().async { [pool, lock] in
                // Where closing fails the connections and so the lock stay until the process ends, which loses nothing:
                // everything answered is durable.
                if case .success = StoreError.result({ try pool.close() }) { lock.release() }
                continuation.resume()
            }
        }
    }
}

// MARK: - Transactions

extension SQLiteStore {
    /// One read transaction: one consistent state of the store.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(StoreError) -> T {
        guard !isClosed else { throw StoreError.closed }
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            pool.asyncRead { access in
                continuation.resume(returning: StoreError.result { try body(access.get()) })
            }
        }
        return try result.get()
    }

    /// One write transaction: durable when it returns, rolled back when `body` throws. `raisesRevision` is false only
    /// for what no working set holds.
    func write<T: Sendable>(
        raisesRevision: Bool = true, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(StoreError) -> T {
        guard !isClosed else { throw StoreError.closed }
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                let changesBefore = db.totalChangesCount
                let result = StoreError.result {
                    var value: T?
                    try db.inTransaction(.immediate) {
                        value = try body(db)
                        return .commit
                    }
                    guard let value else { throw StoreError.unavailable("the transaction did not run") }
                    return value
                }
                // Also after a failure: a commit that could not be confirmed may have happened.
                if raisesRevision, db.totalChangesCount != changesBefore { self.state.withLock { $0.revision += 1 } }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }
}

extension Database {
    /// Runs one statement, prepared once per connection.
    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        try Row.fetchAll(cachedStatement(sql: sql), arguments: arguments)
    }

    func row(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
        try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments)
    }
}
