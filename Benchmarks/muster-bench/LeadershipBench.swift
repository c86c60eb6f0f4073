import FleetModel
import Foundation
import Leadership
import Logging
import PostgresClient
import StorePostgres

/// The figures of the election, on the server that scripts/with-postgres started; nil where there is none.
enum LeadershipBench {
    /// What Postgres spends on 50 followers of one leader that do nothing else, with the default lease of 15 s: the
    /// processor time of all its processes over 30 s.
    static func followers() async throws -> BenchRow? {
        guard let database = try await PostgresBench.Database.make() else { return nil }
        let candidates = try await withTables(database.dsn) {
            try (0...50).map { try Standing(database.dsn, name: "bench-\($0)", lease: .seconds(15)) }
        }
        try await until { candidates.contains { $0.term != nil } }
        try await until { candidates.filter { $0.follows }.count == 50 }
        let server = try await postmaster(database.dsn)
        let before = try processorSeconds(of: server)
        let began = ContinuousClock.now
        try await Task.sleep(for: .seconds(30))
        let spent = try processorSeconds(of: server) - before
        let elapsed = began.duration(to: .now).inSeconds
        for candidate in candidates { await candidate.end() }
        try await database.drop()
        let share = spent / elapsed * 100
        return BenchRow(
            name: "50 followers on one Postgres", value: share, unit: "% of a core",
            input: "all server processes over 30 s, lease 15 s", reference: "limit", referenceValue: 5,
            ratio: share / 5, bar: "under 5 % of a core")
    }

    /// From the call that gives a term back to the moment from which the next leader may begin commands.
    static func handover() async throws -> BenchRow? {
        guard let database = try await PostgresBench.Database.make() else { return nil }
        let rounds = 20
        var spans: [Double] = []
        var leader = try await withTables(database.dsn) { try Standing(database.dsn, name: "h0", lease: .seconds(3)) }
        try await until { leader.acts }
        for round in 1...rounds {
            let next = try Standing(database.dsn, name: "h\(round)", lease: .seconds(3))
            try await until { next.follows }
            let began = ContinuousClock.now
            async let ending: Void = leader.end()
            try await until { next.acts }
            spans.append(began.duration(to: .now).inSeconds * 1000)
            await ending
            leader = next
        }
        await leader.end()
        try await database.drop()
        let worst = spans.max() ?? 0
        return BenchRow(
            name: "hand-over of a term given back", value: worst, unit: "ms",
            input: "the longest of \(rounds), lease 3 s", reference: "limit", referenceValue: 1000,
            ratio: worst / 1000, bar: "<= 1 s")
    }

    private static func withTables<T>(_ dsn: String, _ body: () throws -> T) async throws -> T {
        let store = try PostgresStore(dsn: dsn, instance: "bench", logger: Logger(label: "bench"))
        _ = try await store.revision()
        await store.close()
        return try body()
    }

    private static func until(_ condition: () -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < limit else { throw Failure(description: "the election takes over 60 s") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// One candidacy as a process has it.
    private struct Standing: Sendable {
        let elector: Elector
        private let task: Task<Void, Never>

        init(_ dsn: String, name: String, lease: Duration) throws {
            let timing = ElectionTiming(lease: lease)
            let id = "\(name)/\(UUID().uuidString.prefix(8))"
            let seat = PostgresSeat(
                PostgresSeat.Settings(
                    dsn: try PostgresDSN(dsn), instance: id, version: "bench", startedAt: WallTime(seconds: 0),
                    timing: timing))
            let elector = Elector(
                seat: seat, instance: id, timing: timing,
                logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
            self.elector = elector
            task = Task { await elector.run() }
        }

        var term: Term? { elector.standing.tenure?.term }
        var acts: Bool { term.map { elector.mayDispatch($0) } ?? false }
        var follows: Bool { if case .following(.some) = elector.standing { true } else { false } }

        func end() async {
            await elector.resign()
            task.cancel()
            await task.value
        }
    }

    // MARK: - Processor time

    private static func postmaster(_ dsn: String) async throws -> Int {
        let connection = try await PostgresConnection.connect(PostgresDSN(dsn), applicationName: "bench")
        let pid = Int(connection.backendPID)
        let parent = try parent(of: pid)
        await connection.close()
        guard let parent else { throw Failure(description: "the server's processes are not on this machine") }
        return parent
    }

    /// The first number of /proc/PID/schedstat is nanoseconds on a processor: fine enough for processes that take
    /// less than a clock tick each.
    private static func processorSeconds(of postmaster: Int) throws -> Double {
        let pids = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int($0) }
        let spent = try pids.filter { try $0 == postmaster || parent(of: $0) == postmaster }.compactMap { pid in
            // Gone in the meantime.
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/schedstat", encoding: .utf8) else { return 0.0 }
            return text.split(separator: " ").first.flatMap { Double($0) }
        }
        return spent.reduce(0, +) / 1e9
    }

    /// Field 4 of /proc/PID/stat (proc(5)), after the name in parentheses; nil when the process is gone.
    private static func parent(of pid: Int) throws -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        let fields = text.drop { $0 != ")" }.split(separator: " ")
        guard fields.count > 2, let parent = Int(fields[2]) else {
            throw Failure(description: "/proc/\(pid)/stat makes no sense")
        }
        return parent
    }
}
