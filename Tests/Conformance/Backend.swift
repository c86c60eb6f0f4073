import FleetModel
import Foundation
import Logging
import PostgresClient
import PostgresFixture
import Store
import StorePostgres
import StoreSQLite
import Testing

/// The stores that the suite runs over. Every promise of the protocols is tested against `any FleetStore`; what only
/// one of them can show has `SQLite` or `Postgres` in the name of its file.
enum Backend: Sendable, CustomTestStringConvertible {
    case sqlite
    case postgres

    /// Without Postgres on the machine only SQLite; `PostgresPresenceTests` says so aloud.
    static let allCases: [Backend] = TestDatabase.serverDSN == nil ? [.sqlite] : [.sqlite, .postgres]

    var testDescription: String {
        switch self {
        case .sqlite: "SQLite"
        case .postgres: "Postgres"
        }
    }
}

@Suite(.enabled(if: TestDatabase.serverDSN != nil, "\(TestDatabase.reason)"))
struct PostgresPresenceTests {
    @Test func `the suite runs over Postgres too`() {
        #expect(Backend.allCases.contains(.postgres))
    }
}

/// Where one test's store is: a directory or a schema of its own.
enum Place {
    case directory(TemporaryDirectory)
    case database(TestDatabase)

    init(_ backend: Backend) async throws {
        switch backend {
        case .sqlite: self = .directory(try TemporaryDirectory())
        case .postgres:
            await Turns.take()
            do {
                self = .database(try await TestDatabase.make())
            } catch {
                await Turns.give()
                throw error
            }
        }
    }

    func open() throws -> any FleetStore {
        switch self {
        case .directory(let directory): try SQLiteStore(directory: directory.path, now: Rows.start)
        case .database(let database): try PostgresStore(database)
        }
    }

    func remove() async throws {
        guard case .database(let database) = self else { return }
        await Turns.give()
        try await database.drop()
    }

    /// Runs `body` and removes the place afterwards.
    static func with(_ backend: Backend, _ body: (Place) async throws -> Void) async throws {
        let place = try await Place(backend)
        do {
            try await body(place)
        } catch {
            try await place.remove()
            throw error
        }
        try await place.remove()
    }
}

/// How many tests use the shared server at once: all of them together would ask for more sessions than it has.
private actor Turns {
    private static let shared = Turns()
    private var free = 12
    private var waiting: [CheckedContinuation<Void, Never>] = []

    static func take() async { await shared.take() }
    static func give() async { await shared.give() }

    private func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func give() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}

extension PostgresStore {
    convenience init(_ database: TestDatabase, instance: String = "host/1/test", poolSize: Int = 4) throws {
        try self.init(dsn: database.dsn, poolSize: poolSize, instance: instance, logger: .silent)
    }
}

extension Logger {
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}

/// A directory of its own for one test, removed with everything in it when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "muster-conformance-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Runs `body` with a fresh store and closes it afterwards.
func withStore(_ backend: Backend, _ body: (any FleetStore) async throws -> Void) async throws {
    try await Place.with(backend) { place in
        let store = try place.open()
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}

/// Why a use of a store is refused; nil when it is not.
func refusal(_ use: () async throws -> Void) async -> StoreError? {
    do {
        try await use()
        return nil
    } catch {
        return error as? StoreError
    }
}

extension FleetStore {
    /// Commits what `fill` puts into a tick made from the ledger's present head.
    @discardableResult
    func tick(_ term: Term, at now: WallTime = Rows.start, _ fill: (inout TickCommit) -> Void) async throws -> Int {
        var commit = TickCommit(ledgerHead: try await ledgerHead().sequence, at: now)
        fill(&commit)
        return try await self.commit(commit, term: term)
    }

    /// An approval as the queue has it.
    @discardableResult
    func queue(_ approval: Approval, _ term: Term) async throws -> Approval {
        try await tick(term, at: approval.createdAt) { $0.newApprovals = [approval] }
        return approval
    }

    /// An action that a rule let through, planned.
    @discardableResult
    func plan(_ action: Action, _ term: Term) async throws -> Action {
        try await tick(term, at: action.plannedAt) { $0.newActions = [action] }
        return action
    }

    /// An approval that a person granted, with its action planned.
    func planApproved(_ rows: inout Rows, target: String, _ term: Term) async throws -> (Approval, Action) {
        let approval = try await queue(rows.approval(target: target), term)
        _ = try await vote(
            approvalID: approval.id, Vote(by: "ana", decision: .approved, at: rows.now), allowOwnProposal: false)
        var action = rows.action(approval.proposal)
        action.approvalID = approval.id
        try await tick(term) { [action] commit in
            commit.newActions = [action]
            commit.approvalChanges = [
                ApprovalChange(id: approval.id, from: .approved, to: .approved, actionID: action.id)
            ]
        }
        return (approval, action)
    }
}
