package import FleetModel

/// Everything durable, in verbs of the domain. SQLite and Postgres stand behind it; one conformance suite runs over
/// both.
///
/// Each method is one transaction. What it answers is durable when it returns. Methods that take a `Term` refuse
/// with `StoreError.staleTerm` when a newer one exists, checked in the same transaction.
package protocol FleetStore: ApprovalStore, ActionStore, LedgerStore, HoldStore, OverrideStore, ReportStore,
    IdempotencyStore, SubmissionStore, TopologyStore, NoticeStore, ScalingStore, Sendable
{
    /// Raises the epoch and makes `holder` its owner. Every term handed out earlier is stale from then on.
    func acquireTerm(holder: String, at now: WallTime) async throws(StoreError) -> Term

    /// Grows with every committed change of this store, by whichever process; equal revisions mean equal contents.
    func revision() async throws(StoreError) -> UInt64

    /// One consistent read of what a tick decides from.
    func workingSet() async throws(StoreError) -> WorkingSet

    /// All of a tick's writes, or none of them.
    ///
    /// Refused with `ledgerMoved` when `commit.ledgerHead` is no longer the ledger's head, so that budgets are never
    /// counted from an old view, and with `conflict` when an approval or action is not in the state that the commit
    /// expects. The caller then reads again and decides anew. Returns the new entries' last sequence.
    @discardableResult
    func commit(_ commit: TickCommit, term: Term) async throws(StoreError) -> Int

    /// Ends all use; later calls fail with `unavailable`.
    func close() async
}

package protocol LedgerStore: Sendable {
    /// The spends later than `since` in one scope, and the head that they are complete up to.
    func ledgerView(since: WallTime, dryRun: Bool) async throws(StoreError) -> LedgerView
    func decisions(_ query: ListQuery) async throws(StoreError) -> Page<LedgerEntry>
    func decision(id: String) async throws(StoreError) -> LedgerEntry?
    /// Where the ledger ends, as kept beside it: what tells that entries were cut off its end.
    func ledgerHead() async throws(StoreError) -> LedgerHead
    /// Entries with a sequence above `sequence`, oldest first, at most `limit`: for walking the chain.
    func entries(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerEntry]
    /// Beside each of those entries, in the same order, what it is found and counted by.
    func filings(after sequence: Int, limit: Int) async throws(StoreError) -> [LedgerFiling]
}

package protocol ApprovalStore: Sendable {
    func approvals(_ query: ListQuery) async throws(StoreError) -> Page<Approval>
    func approval(id: String) async throws(StoreError) -> Approval?
    /// Applies `Approval.apply` and keeps the result; nil when there is no such approval.
    func vote(approvalID: String, _ vote: Vote, allowOwnProposal: Bool) async throws(StoreError) -> (
        Approval, VoteOutcome
    )?
}

package protocol ActionStore: Sendable {
    func actions(_ query: ListQuery) async throws(StoreError) -> Page<Action>
    func action(id: String) async throws(StoreError) -> Action?
    /// `planned` -> `executing`, and its approval `approved` -> `executing`, with `commands` recorded before they
    /// run. Nil when it is no longer planned. `conflict` when one of `scopes` is held at `now`, looked at in the same
    /// transaction: a hold that was answered lets nothing begin.
    func claim(
        actionID: String, commands: [[String]], at now: WallTime, term: Term, unlessHeld scopes: [Hold.Scope]
    ) async throws(StoreError) -> Action?
    /// `executing` or `unknown` -> the outcome's state (`planned` -> `cancelled` for a cancellation), and the
    /// approval's status with it. Nil when the action is in no state that allows it.
    func finish(actionID: String, _ outcome: ActionOutcome, at now: WallTime, term: Term) async throws(StoreError)
        -> Action?
}

extension ActionStore {
    package func claim(actionID: String, commands: [[String]], at now: WallTime, term: Term) async throws(StoreError)
        -> Action?
    {
        try await claim(actionID: actionID, commands: commands, at: now, term: term, unlessHeld: [])
    }
}

package protocol HoldStore: Sendable {
    func holds() async throws(StoreError) -> [Hold]
    /// Replaces the hold of the same scope, if there is one.
    func place(_ hold: Hold) async throws(StoreError)
    /// False when there was none.
    func lift(_ scope: Hold.Scope) async throws(StoreError) -> Bool
}

package protocol OverrideStore: Sendable {
    func overrides() async throws(StoreError) -> [StoredOverride]
    func add(_ override: StoredOverride) async throws(StoreError)
    func removeOverride(id: String) async throws(StoreError) -> Bool
}

package protocol ReportStore: Sendable {
    func reports(_ query: ListQuery) async throws(StoreError) -> Page<TickReport>
}

package protocol IdempotencyStore: Sendable {
    /// The answer kept under this key, if any; `fingerprint` is of the request that made it.
    func idempotentAnswer(key: String) async throws(StoreError) -> IdempotentAnswer?
    /// Keeps an answer; does nothing when the key has one. Answers older than a day may be dropped.
    func keep(_ answer: IdempotentAnswer) async throws(StoreError)
}

/// The last entry's sequence and hash; 0 and `LedgerEntry.genesis` for an empty ledger.
package struct LedgerHead: Sendable, Equatable {
    package var sequence: Int
    package var hash: String

    package init(sequence: Int, hash: String) {
        self.sequence = sequence
        self.hash = hash
    }
}

/// A policy override as it is stored: the posted body, not yet made a rule (FleetConfig does that).
package struct StoredOverride: Sendable, Equatable {
    package var id: String
    package var priority: Int
    package var body: JSONObject
    package var createdBy: String
    package var createdAt: WallTime

    package init(id: String, priority: Int, body: JSONObject, createdBy: String, createdAt: WallTime) {
        self.id = id
        self.priority = priority
        self.body = body
        self.createdBy = createdBy
        self.createdAt = createdAt
    }
}

package struct IdempotentAnswer: Sendable, Equatable {
    package var key: String
    /// SHA-256 over method, path and body.
    package var fingerprint: String
    package var status: Int
    package var body: String
    package var at: WallTime

    package init(key: String, fingerprint: String, status: Int, body: String, at: WallTime) {
        self.key = key
        self.fingerprint = fingerprint
        self.status = status
        self.body = body
        self.at = at
    }
}

/// What a tick did; kept only when it did something.
package struct TickReport: Sendable, Equatable {
    /// `report:…`
    package var id: String
    package var at: WallTime
    package var body: JSONObject

    package init(id: String, at: WallTime, body: JSONObject) {
        self.id = id
        self.at = at
        self.body = body
    }

    package var json: JSONValue {
        var object = JSONObject([("id", .string(id)), ("at", .string(at.rfc3339))])
        for member in body.members { object[member.name] = member.value }
        return .object(object)
    }
}
