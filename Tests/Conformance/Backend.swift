import FleetModel
import Foundation
import Store
import StoreSQLite
import Testing

/// The stores that the suite runs over. Every promise of the protocols is tested against `any FleetStore`; what only
/// one of them can show has `SQLite` in the name of its file.
enum Backend: CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite

    var testDescription: String {
        switch self {
        case .sqlite: "SQLite"
        }
    }

    func open(in directory: String) throws -> any FleetStore {
        switch self {
        case .sqlite: try SQLiteStore(directory: directory, now: Rows.start)
        }
    }
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
    let directory = try TemporaryDirectory()
    let store = try backend.open(in: directory.path)
    do {
        try await body(store)
    } catch {
        await store.close()
        throw error
    }
    await store.close()
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
