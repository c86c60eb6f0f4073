import FleetConfig
import FleetModel
import PostgresClient

/// The shared database: whether it answers, may be written to, keeps what it promised, and has room for this process.
enum PostgresFindings {
    /// The pool's connections, the election's and the listener's.
    private static let connectionsBesideThePool = 2
    private static let timeout = Duration.seconds(5)

    static func all(_ uri: Secret, poolSize: Int, now: WallTime) async -> [Finding] {
        do {
            let dsn = try PostgresDSN(uri.revealed)
            let connection = try await PostgresConnection.connect(
                dsn, applicationName: "muster:doctor", timeout: timeout)
            let findings = await look(connection, poolSize: poolSize, now: now)
            await connection.close()
            return findings
        } catch {
            let advice: String
            switch error {
            case .badDSN: advice = "correct STATE_DB_URI; it is what `psql` takes"
            default:
                advice = "start it, or correct host, port, user, password or TLS in STATE_DB_URI; try `psql` with it"
            }
            return [.fail("postgres", "\(error)", do: advice)]
        }
    }

    private static func look(_ connection: PostgresConnection, poolSize: Int, now: WallTime) async -> [Finding] {
        let sql = """
            SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS recovery,
                current_setting('transaction_read_only') = 'on' AS read_only,
                current_setting('fsync') AS fsync, current_setting('max_connections')::bigint AS room,
                (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
                has_schema_privilege(current_schema(), 'CREATE') AS may_create, current_schema() AS schema,
                (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
            """
        let row: PostgresRow
        do {
            guard let first = try await connection.query(sql, timeout: timeout).first else { return [] }
            row = first
        } catch { return [.fail("postgres", "\(error)", do: "try `psql` with STATE_DB_URI")] }
        var findings: [Finding] = []
        let version = row.text("version") ?? "?"
        if row.bool("recovery") == true || row.bool("read_only") == true {
            let advice = "name the primary, or all hosts with `target_session_attrs=read-write`, in STATE_DB_URI"
            findings.append(.fail("postgres", "\(version) answers, but may only be read from", do: advice))
        } else {
            findings.append(.ok("postgres", "\(version) answers and may be written to"))
        }
        if row.bool("may_create") == false {
            let message = "the role may not create tables in the schema `\(row.text("schema") ?? "?")`"
            findings.append(.warn("postgres", message, do: "GRANT CREATE ON SCHEMA, at least for the first start"))
        }
        if row.text("fsync") == "off" {
            let message = "`fsync` is off: what it said is kept may be lost with its power"
            findings.append(.warn("postgres", message, do: "set `fsync = on`"))
        }
        return findings + room(row, poolSize: poolSize) + clock(row, now: now)
    }

    private static func room(_ row: PostgresRow, poolSize: Int) -> [Finding] {
        guard let room = row.integer("room"), let used = row.integer("used") else { return [] }
        let needed = poolSize + connectionsBesideThePool
        guard Int(room - used) < needed else { return [] }
        let message = "\(used) of \(room) connections are in use; this process may need \(needed)"
        return [.warn("postgres", message, do: "raise `max_connections`, or lower STATE_DB_POOL_SIZE")]
    }

    private static func clock(_ row: PostgresRow, now: WallTime) -> [Finding] {
        guard let milliseconds = row.integer("now") else { return [] }
        return ClockFindings.other("Postgres's", WallTime(milliseconds: milliseconds), now: now)
    }
}
