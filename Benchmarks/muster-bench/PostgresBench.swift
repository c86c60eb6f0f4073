import FleetModel
import Foundation
import Logging
import PostgresClient
import Store
import StorePostgres

/// The figures of the Postgres store, on the server that scripts/with-postgres started; nil where there is none.
enum PostgresBench {
    private static let perTick = 500

    /// Decisions committed in ticks of 500, each durable before the next begins.
    ///
    /// The reference is what Postgres itself takes in the same run on the same server: pgbench inserting rows of the same
    /// bytes into a table with a primary key alone, prepared, pipelined, in transactions of 500.
    static func ledger() async throws -> BenchRow? {
        guard let database = try await Database.make() else { return nil }
        let ticks = 60
        let decisions = (0..<ticks * perTick).map(sampleDecision)
        let start = WallTime(seconds: 1_800_000_000)
        let store = try PostgresStore(dsn: database.dsn, instance: "bench", logger: Logger(label: "bench"))
        let term = try await store.acquireTerm(holder: "bench", at: start)
        var head = 0
        let began = ContinuousClock.now
        for tick in 0..<ticks {
            var commit = TickCommit(ledgerHead: head, at: start)
            commit.decisions = Array(decisions[tick * perTick..<(tick + 1) * perTick])
            head = try await store.commit(commit, term: term)
        }
        let rate = Double(decisions.count) / began.duration(to: .now).inSeconds
        await store.close()

        let bytes = decisions.reduce(0) { $0 + JSONValue.object($1.json).canonical.utf8.count } / decisions.count
        let reference = try await database.pgbench(transactions: ticks, rows: perTick, bytes: bytes)
        try await database.drop()
        return BenchRow(
            name: "decisions committed to the Postgres ledger", value: rate, unit: "1/s",
            input: "\(ticks) ticks of \(perTick), \(bytes) bytes each, synchronous_commit=on",
            reference: "pgbench inserting rows of the same bytes", referenceValue: reference,
            ratio: rate / reference, bar: "at least 20000 1/s")
    }

    /// What it costs a tick's transaction to begin with the fence: the mean over transactions that write a row and
    /// commit, less the mean over the same without it, taken in turns.
    static func fence() async throws -> BenchRow? {
        guard let database = try await Database.make() else { return nil }
        let store = try PostgresStore(dsn: database.dsn, instance: "bench", logger: Logger(label: "bench"))
        _ = try await store.acquireTerm(holder: "bench", at: WallTime(seconds: 1_800_000_000))
        await store.close()
        let connection = try await PostgresConnection.connect(PostgresDSN(database.dsn), applicationName: "bench")
        let rounds = 500
        let means = try await connection.run(timeout: .seconds(120)) { session in
            var spent: [Bool: Duration] = [:]
            for round in 0..<rounds * 2 {
                let isFenced = round.isMultiple(of: 2)
                let began = ContinuousClock.now
                try session.transaction(.readCommitted) {
                    if isFenced {
                        try session.query(
                            """
                            SELECT epoch, holder, system_identifier, timeline FROM leadership WHERE role = 1 FOR SHARE
                            """)
                    }
                    session.later("UPDATE revision SET value = value + 1")
                }
                spent[isFenced, default: .zero] += began.duration(to: .now)
            }
            return spent.mapValues { $0.inSeconds / Double(rounds) * 1000 }
        }
        await connection.close()
        try await database.drop()
        let fenced = means[true] ?? 0, bare = means[false] ?? 0
        return BenchRow(
            name: "fence of one tick on Postgres", value: fenced - bare, unit: "ms",
            input: "\(rounds) transactions with and without it, \(String(format: "%.2f", bare)) ms without",
            reference: "limit", referenceValue: 2, ratio: (fenced - bare) / 2, bar: "under 2 ms")
    }

    /// A schema of its own on the server.
    struct Database {
        var dsn: String
        var server: String
        var schema: String

        static func make() async throws -> Database? {
            let server = ProcessInfo.processInfo.environment["MUSTER_TEST_POSTGRES"] ?? ""
            guard !server.isEmpty else { return nil }
            let schema = "bench_\(UInt32.random(in: 0...UInt32.max))"
            let database = Database(
                dsn: server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)", server: server,
                schema: schema)
            try await database.run("CREATE SCHEMA \(schema)")
            return database
        }

        func drop() async throws { try await run("DROP SCHEMA \(schema) CASCADE") }

        private func run(_ sql: String) async throws {
            let connection = try await PostgresConnection.connect(PostgresDSN(server), applicationName: "bench")
            try await connection.query(sql, timeout: .seconds(60))
            await connection.close()
        }

        /// Rows per second of transactions of `rows` single inserts, one client.
        func pgbench(transactions: Int, rows: Int, bytes: Int) async throws -> Double {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-bench-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try await run("CREATE TABLE \(schema).bare (sequence bigserial PRIMARY KEY, body text NOT NULL)")
            let insert = "INSERT INTO \(schema).bare (body) VALUES (repeat('x', :bytes));\n"
            let script =
                "\\startpipeline\nBEGIN;\n" + String(repeating: insert, count: rows) + "COMMIT;\n\\endpipeline\n"
            let path = folder.appendingPathComponent("script.sql")
            try Data(script.utf8).write(to: path)
            let bin = ProcessInfo.processInfo.environment["MUSTER_TEST_POSTGRES_BIN"].map { $0 + "/" } ?? ""
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                bin + "pgbench", "--no-vacuum", "-M", "prepared", "-c", "1", "-t", "\(transactions)", "-D",
                "bytes=\(bytes)", "-f", path.path, server,
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            guard process.terminationStatus == 0,
                let line = text.split(separator: "\n").last(where: { $0.contains("tps") }),
                let rate = line.split(separator: " ").lazy.compactMap({ Double($0) }).first
            else { throw PgbenchError(output: text) }
            return rate * Double(rows)
        }
    }

    private struct PgbenchError: Error {
        var output: String
    }
}
