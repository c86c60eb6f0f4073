/// Why an exchange with Postgres did not give an answer. No case ever bears a password: libpq's messages have none,
/// and what it quotes of a connection string that it cannot read is left out.
package enum PostgresError: Error, Equatable, Sendable {
    /// The connection string makes no sense: give up and say so.
    case badDSN(String)
    /// No session could be had; the text is the server's or libpq's, one part per host. Retry later.
    case notConnected(String)
    /// The session ended under the exchange. Retry; first look whether it took effect where `mayHaveHappened` says so.
    case lost(String, mayHaveHappened: Bool)
    /// The exchange's deadline passed and the session was broken off, a cancel tried. Retry as with `lost`.
    case timedOut(String, mayHaveHappened: Bool)
    /// The server refused a statement. The session lives on, and the transaction is rolled back.
    case server(PostgresServerError)
    /// The session was closed by this process before or under the exchange: give up.
    case closed

    /// Whether the same may work later without anyone changing anything.
    package var isWorthRetrying: Bool {
        switch self {
        case .notConnected, .lost, .timedOut: true
        case .server(let error): error.isWorthRetrying
        case .badDSN, .closed: false
        }
    }

    /// Whether the session can be used no more.
    package var endsSession: Bool {
        switch self {
        case .server, .badDSN: false
        case .notConnected, .lost, .timedOut, .closed: true
        }
    }
}

/// What a server says of a statement that it refused.
package struct PostgresServerError: Error, Equatable, Sendable {
    /// Five characters (appendix A of the manual).
    package var sqlState: String
    package var message: String
    /// The constraint or unique index that was violated, if that is what happened.
    package var constraint: String?

    package init(sqlState: String, message: String, constraint: String? = nil) {
        self.sqlState = sqlState
        self.message = message
        self.constraint = constraint
    }

    /// Insufficient resources, locks not had, operator intervention, read-only and system errors; deadlocks and
    /// serialization failures.
    package var isWorthRetrying: Bool {
        ["40", "53", "55", "57", "58"].contains { sqlState.hasPrefix($0) } || sqlState == "25006"
    }

    /// The whole transaction was rolled back only because of another one at the same time.
    package var isTransactionConflict: Bool { sqlState == "40001" || sqlState == "40P01" }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badDSN(let problem): "the connection string cannot be used: \(problem)"
        case .notConnected(let message): "no connection to Postgres: \(message)"
        case .lost(let message, let mayHaveHappened):
            "the connection to Postgres was lost: \(message)\(PostgresError.doubt(mayHaveHappened))"
        case .timedOut(let message, let mayHaveHappened):
            "Postgres did not answer in time: \(message)\(PostgresError.doubt(mayHaveHappened))"
        case .server(let error): error.description
        case .closed: "the connection to Postgres is closed"
        }
    }

    private static func doubt(_ mayHaveHappened: Bool) -> String {
        mayHaveHappened ? "; whether it took effect is not known" : ""
    }
}

extension PostgresServerError: CustomStringConvertible {
    package var description: String { "\(message) (SQLSTATE \(sqlState))" }
}
