internal import Logging
internal import PostgresClient
internal import Store
internal import Synchronization

/// What each new session of the pool is asked before it is used: which server it is on, and whether the tables are
/// there and known.
final class Watch: Sendable {
    private struct State {
        var identity: PostgresIdentity?
        /// Whether a session of this process has seen the tables.
        var hadTables = false
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let onChange: @Sendable (PostgresIdentity, PostgresIdentity) -> Void

    init(logger: Logger, onChange: @escaping @Sendable (PostgresIdentity, PostgresIdentity) -> Void) {
        self.logger = logger
        self.onChange = onChange
    }

    func prepare(_ session: PostgresSession) throws {
        let identity = try session.identity()
        let hadTables = state.withLock { $0.hadTables }
        try Migrations.apply(session, mustExist: hadTables)
        let previous = state.withLock { state in
            state.hadTables = true
            defer { state.identity = identity }
            return state.identity
        }
        if identity.systemIdentifier.isEmpty || identity.timeline == 0 {
            logger.warning(
                "the role may not ask which server this is: a promotion cannot be told from a restart",
                metadata: ["identity": "\(identity)"])
        }
        guard let previous, previous != identity else { return }
        logger.warning(
            "the database is another than before", metadata: ["before": "\(previous)", "now": "\(identity)"])
        onChange(previous, identity)
    }
}
