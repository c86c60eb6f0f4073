import FleetModel
import Foundation
import Leadership
import Logging
import PostgresClient
import PostgresFixture
import StorePostgres
import Synchronization
import Testing

/// A database of a test's own: the advisory lock and NOTIFY are bound to one, not to a schema.
struct ElectionDatabase: Sendable {
    let dsn: String
    private let name: String
    private let server: String

    /// On the server that scripts/with-postgres started; with the store's tables.
    static func make(withTables: Bool = true) async throws -> ElectionDatabase {
        let server = try #require(TestDatabase.serverDSN)
        let name = "e_" + UUID().uuidString.filter { $0 != "-" }.lowercased()
        try await PostgresServer.execute(["CREATE DATABASE \(name)"], dsn: server)
        let path = try #require(server.range(of: "/postgres", options: .backwards))
        let dsn = server.replacingCharacters(in: path, with: "/\(name)")
        if withTables { try await makeTables(dsn) }
        return ElectionDatabase(dsn: dsn, name: name, server: server)
    }

    static func makeTables(_ dsn: String) async throws {
        let store = try PostgresStore(dsn: dsn, instance: "the-test", logger: quiet)
        defer { Task { await store.close() } }
        _ = try await store.revision()
    }

    @discardableResult
    func execute(_ statements: String...) async throws -> [PostgresRow] {
        try await PostgresServer.execute(statements, dsn: dsn)
    }

    func drop() async throws {
        try await PostgresServer.execute(["DROP DATABASE \(name) WITH (FORCE)"], dsn: server)
    }

    /// Runs a test on a database and removes it afterwards.
    static func with(
        tables: Bool = true, _ body: (ElectionDatabase) async throws -> Void
    ) async throws {
        let database = try await make(withTables: tables)
        do {
            try await body(database)
        } catch {
            try await database.drop()
            throw error
        }
        try await database.drop()
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// One process' candidacy, in this process.
final class Candidate: Sendable {
    let id: String
    let elector: Elector
    let gate = Gate()
    private let task: Task<Void, Never>

    init(_ name: String, _ dsn: String, lease: Duration = .seconds(3)) throws {
        let id = "\(name)/1/\(UUID().uuidString.prefix(8))"
        let timing = ElectionTiming(lease: lease)
        let seat = PostgresSeat(
            PostgresSeat.Settings(
                dsn: try PostgresDSN(dsn), instance: id, version: "test", startedAt: WallTime(seconds: 0),
                timing: timing))
        let elector = Elector(
            seat: HeldSeat(seat: seat, gate: gate), instance: id, timing: timing, logger: quiet)
        self.id = id
        self.elector = elector
        task = Task { await elector.run() }
    }

    var term: Term? { elector.standing.tenure?.term }
    var reason: ElectionReason? { elector.standing.tenure?.reason }

    /// May begin commands under the term that it holds.
    var acts: Bool { term.map { elector.mayDispatch($0) } ?? false }

    var isBarred: Bool { if case .barred = elector.standing { true } else { false } }

    /// Without giving anything back, like a process that dies.
    func die() async {
        gate.open()
        task.cancel()
        await task.value
    }

    /// As the daemon ends.
    func end() async {
        gate.open()
        await elector.resign()
        await die()
    }
}

/// Passes everything on while it is open; closed, it has every exchange wait, as if the process were stopped: the
/// session and its lock stay as they are.
struct HeldSeat: ElectionSeat {
    let seat: any ElectionSeat
    let gate: Gate

    func connect() async throws(SeatError) -> AsyncStream<SeatSignal> {
        await gate.pass()
        return try await seat.connect()
    }

    func campaign(_ campaign: Campaign) async throws(SeatError) -> CampaignOutcome {
        await gate.pass()
        return try await seat.campaign(campaign)
    }

    func beat(_ term: Term) async throws(SeatError) -> BeatOutcome {
        await gate.pass()
        return try await seat.beat(term)
    }

    func overthrow(_ blocker: Blocker) async throws(SeatError) -> OverthrowOutcome {
        await gate.pass()
        return try await seat.overthrow(blocker)
    }

    func resign(_ term: Term?) async throws(SeatError) {
        await gate.pass()
        try await seat.resign(term)
    }

    func disconnect() async {
        await gate.pass()
        await seat.disconnect()
    }
}

final class Gate: Sendable {
    private struct State {
        var isOpen = true
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func close() { state.withLock { $0.isOpen = false } }

    func open() {
        let waiters = state.withLock { state in
            defer { state = State() }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Looks every few milliseconds whether two may act at once.
final class Umpire: Sendable {
    private let candidates: Mutex<[Candidate]>
    private let seen = Mutex<(violations: [String], terms: [Term])>(([], []))
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    init(_ candidates: [Candidate]) {
        self.candidates = Mutex(candidates)
        let task = Task { [weak self] in
            while !Task.isCancelled {
                self?.look()
                try? await Task.sleep(for: .milliseconds(3))
            }
        }
        self.task.withLock { $0 = task }
    }

    func add(_ candidate: Candidate) { candidates.withLock { $0.append(candidate) } }

    private func look() {
        // Asked one after the other, so one that stops in between may be counted twice over: it is asked again.
        let acting = candidates.withLock { $0 }.filter(\.acts)
        let still = acting.filter(\.acts)
        let terms = still.compactMap(\.term)
        seen.withLock { seen in
            if still.count > 1 { seen.violations.append("\(terms)") }
            for term in terms where seen.terms.last != term {
                if let last = seen.terms.last, term.epoch <= last.epoch {
                    seen.violations.append("\(term) after \(last)")
                }
                seen.terms.append(term)
            }
        }
    }

    /// Waits until it has looked at this epoch acting.
    func sees(_ epoch: Int) async throws {
        try await eventually("epoch \(epoch) is seen acting") {
            seen.withLock { $0.terms.contains { $0.epoch == epoch } }
        }
    }

    /// All terms that acted, in their order, after checking that never two did.
    func finish() -> [Term] {
        task.withLock { $0 }?.cancel()
        let (violations, terms) = seen.withLock { $0 }
        #expect(violations.isEmpty)
        return terms
    }
}

/// Waits for `condition`, for long enough on a machine under load; answers how long that took.
@discardableResult
func eventually(
    _ what: String, within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws -> Duration {
    let start = ContinuousClock.now
    while try await !condition() {
        guard ContinuousClock.now - start < limit else {
            Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
    return ContinuousClock.now - start
}

extension [Candidate] {
    /// Who may begin commands.
    var acting: Candidate? { first { $0.acts } }
}
