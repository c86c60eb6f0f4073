/// Which database this is, of all that were ever restored, cloned or promoted from the same past.
package struct PostgresIdentity: Sendable, Equatable {
    /// `pg_control_system().system_identifier` in decimal; empty where the role may not ask.
    package var systemIdentifier: String
    /// Raised by each promotion and each restore to a point in time; 0 where the role may not ask.
    package var timeline: Int

    package init(systemIdentifier: String, timeline: Int) {
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
    }
}

extension PostgresIdentity: CustomStringConvertible {
    package var description: String { "system \(systemIdentifier), timeline \(timeline)" }
}

extension PostgresSession {
    /// The server that this session is on. It stays the same for the session's life: only a standby changes its
    /// timeline under its sessions, and a session begins on none.
    ///
    /// Both functions are open to every role by default. Where they are not, or do not exist, the part is empty. Asked
    /// once per session, and first outside a transaction: a refusal would end that.
    package func identity() throws(PostgresError) -> PostgresIdentity {
        if let knownIdentity { return knownIdentity }
        let system = try answer("SELECT system_identifier::text FROM pg_control_system()")
        // The file's name begins with the timeline in eight hexadecimal digits. The control file's own number lags
        // behind a promotion until the next checkpoint.
        let file = try answer("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        let identity = PostgresIdentity(
            systemIdentifier: system ?? "", timeline: file.flatMap { Int($0.prefix(8), radix: 16) } ?? 0)
        knownIdentity = identity
        return identity
    }

    private func answer(_ sql: String) throws(PostgresError) -> String? {
        do {
            return try query(sql).first?.text(0)
        } catch {
            // 42501 insufficient privilege, 42883 no such function, 0A000 not supported: not to be known here.
            if case .server(let refusal) = error, ["42501", "42883", "0A000"].contains(refusal.sqlState) { return nil }
            throw error
        }
    }
}
