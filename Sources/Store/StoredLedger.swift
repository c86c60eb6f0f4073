package import FleetModel

/// A decision made ready for the ledger outside the transaction, so that nobody waits for JSON while locks are held.
package struct PreparedDecision: Sendable {
    package let decision: Decision
    package let body: String
    package let consentDigest: String

    package init(_ decision: Decision) {
        self.decision = decision
        body = JSONValue.object(decision.json).canonical
        consentDigest = decision.proposal.consentDigest
    }
}

/// The place in the chain that a decision takes.
package struct ChainedDecision: Sendable {
    package var sequence: Int
    package var previousHash: String
    package var hash: String
    package var prepared: PreparedDecision

    package var decision: Decision { prepared.decision }
}

extension LedgerHead {
    /// Moves over the decisions in the given order; answers each with its place.
    package mutating func append(_ decisions: [PreparedDecision]) -> [ChainedDecision] {
        decisions.map { prepared in
            let previousHash = hash
            sequence += 1
            hash = LedgerEntry.hash(sequence: sequence, body: prepared.body, previousHash: previousHash)
            return ChainedDecision(sequence: sequence, previousHash: previousHash, hash: hash, prepared: prepared)
        }
    }
}

extension [PreparedDecision] {
    /// The last one of each kind and target, in the order of their keys' last appearance.
    package var newestPerKey: [PreparedDecision] {
        var seen: Set<ActionKey> = []
        return reversed().filter { seen.insert($0.decision.proposal.key).inserted }.reversed()
    }
}

extension LedgerEntry {
    package static let columns = "sequence, prev_hash, hash, body"

    package init(row: some StoredRow) throws(StoreError) {
        self.init(
            sequence: Int(try row.integer("sequence")), body: try row.text("body"),
            previousHash: try row.text("prev_hash"), hash: try row.text("hash"))
    }
}

extension LedgerFiling {
    package static let columns = "id, at, kind, target, verdict, dry_run, approval_id, action_id"

    package init(row: some StoredRow) throws(StoreError) {
        self.init(
            id: try row.text("id"), at: try row.time("at"), kind: try row.text("kind"), target: try row.text("target"),
            verdict: try row.text("verdict"), dryRun: try row.flag("dry_run"),
            approvalID: try row.optionalText("approval_id"), actionID: try row.optionalText("action_id"))
    }
}

extension LedgerView {
    /// From rows with `kind`, `target` and `at`.
    package init(head: Int, spends rows: some Sequence<some StoredRow>) throws(StoreError) {
        var spends: [(key: ActionKey, at: WallTime)] = []
        for row in rows {
            spends.append(
                (
                    key: ActionKey(kind: ActionKind(rawValue: try row.text("kind")), target: try row.text("target")),
                    at: try row.time("at")
                ))
        }
        self.init(head: head, spends: spends)
    }
}

extension LastDecision {
    package static let columns = """
        kind, target, id, at, verdict, policy_digest, consent_digest, earliest, dry_run
        """

    package init(row: some StoredRow) throws(StoreError) {
        let id = try row.text("id")
        guard let verdict = VerdictKind(rawValue: try row.text("verdict")) else {
            throw StoreError.corrupt("table `last_decisions`, row `\(id)`: `verdict` makes no sense")
        }
        self.init(
            id: id, at: try row.time("at"), verdict: verdict, policyDigest: try row.text("policy_digest"),
            consentDigest: try row.text("consent_digest"), earliest: try row.optionalTime("earliest"),
            dryRun: try row.flag("dry_run"))
    }
}
