internal import CLibPQ
internal import Glibc

/// One session with the server, on the thread of its connection: what a body given to `PostgresConnection.run` uses.
///
/// Every exchange is a pipeline (libpq, Pipeline Mode): all statements go out at once, each prepared once per session,
/// and one round trip brings all answers. The socket never blocks; poll(2) waits for it, for the mailbox and for the
/// deadline. When the deadline passes the session is broken off and of no more use.
///
/// Must not leave the body it was given to.
package final class PostgresSession {
    let link: Link
    /// When the body under way must have ended.
    private var deadline: ContinuousClock.Instant = .now
    private var allowance: Duration = .zero
    /// Statements that go out in front of the next exchange.
    private var deferred: [PostgresStatement] = []
    /// Names of prepared statements, by text and parameter types.
    private var prepared: [PreparedKey: String] = [:]
    private var hasBegun = false
    /// What `identity` found, once it was asked.
    var knownIdentity: PostgresIdentity?

    private struct PreparedKey: Hashable {
        var sql: String
        var types: [UInt32]
    }

    /// Beyond so many a text is sent unprepared: texts are a closed list, so this is a guard, not a cache policy.
    private static let preparedLimit = 500

    init(_ link: Link) {
        self.link = link
    }

    // MARK: - One statement, and many

    /// One statement and its rows, after what was deferred; one round trip.
    @discardableResult
    package func query(_ sql: String, _ values: [PostgresValue] = []) throws(PostgresError) -> PostgresRows {
        let answers = try batch([PostgresStatement(sql, values)])
        return answers[0]
    }

    /// Several statements in order and the rows of each, in one round trip. The first that fails ends the batch.
    @discardableResult
    package func batch(_ statements: [PostgresStatement]) throws(PostgresError) -> [PostgresRows] {
        try exchange(statements, endsTransaction: false)
    }

    /// Has a statement go out in front of the next exchange, whose error its failure is. Only within a transaction.
    package func later(_ sql: String, _ values: [PostgresValue] = []) {
        precondition(hasBegun, "nothing is deferred outside a transaction")
        deferred.append(PostgresStatement(sql, values))
    }

    /// Statements without parameters, `;` between: for migrations. Not within a pipeline, so several may be in a text.
    package func script(_ sql: String) throws(PostgresError) {
        try flushDeferred()
        try link.script(sql, until: deadline, allowance: allowance)
    }

    // MARK: - Transactions

    package enum Isolation: String, Sendable {
        /// Each statement sees what was committed before it: for writes that lock what they look at.
        case readCommitted = "BEGIN ISOLATION LEVEL READ COMMITTED"
        /// All statements see one state: for reads.
        case snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    }

    /// Commits when `body` returns, and rolls back when it throws. A loss under the commit itself says that it may
    /// have happened; one before does not, since a session that ends takes its open transaction with it.
    package func transaction<T>(_ isolation: Isolation, _ body: () throws -> T) throws -> T {
        precondition(!hasBegun, "transactions do not nest")
        hasBegun = true
        defer { hasBegun = false }
        deferred = [PostgresStatement(isolation.rawValue)]
        do {
            let value = try body()
            _ = try exchange([PostgresStatement("COMMIT")], endsTransaction: true)
            return value
        } catch {
            deferred = []
            if !link.isBroken, link.isInTransaction { _ = try exchange([PostgresStatement("ROLLBACK")]) }
            throw error
        }
    }

    private func flushDeferred() throws(PostgresError) {
        if !deferred.isEmpty { _ = try exchange([]) }
    }

    private func exchange(
        _ statements: [PostgresStatement], endsTransaction: Bool = false
    ) throws(PostgresError) -> [PostgresRows] {
        let leading = deferred
        deferred = []
        let all = leading + statements
        guard !all.isEmpty else { return [] }
        var commands: [Link.Command] = []
        var fresh: [PreparedKey: String] = [:]
        for statement in all {
            let key = PreparedKey(sql: statement.sql, types: statement.values.map(\.typeID))
            var name = prepared[key] ?? fresh[key]
            if name == nil, prepared.count + fresh.count < PostgresSession.preparedLimit {
                let made = "muster_\(prepared.count + fresh.count)"
                fresh[key] = made
                name = made
                commands.append(.prepare(name: made, sql: statement.sql, types: key.types))
            }
            commands.append(.execute(name: name, statement))
        }
        let isOpen = hasBegun && !endsTransaction
        let answer = link.pipeline(commands, until: deadline, allowance: allowance, mayHaveHappened: !isOpen)
        // A failure ends the pipeline, so those prepared are the first ones, and the numbers after them are free again.
        for (key, name) in fresh where answer.prepared.contains(name) { prepared[key] = name }
        return Array(try answer.rows.get().dropFirst(leading.count))
    }

    // MARK: - From the connection

    /// Runs a body under a deadline and leaves no transaction open behind it.
    func perform<T>(_ timeout: Duration, _ body: (PostgresSession) throws -> T) -> Result<T, any Error> {
        allowance = timeout
        deadline = .now + timeout
        let result = Result { try body(self) }
        if !link.isBroken, link.isInTransaction { link.abandon("a body left a transaction open") }
        return result
    }
}
