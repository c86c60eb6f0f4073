package enum ApprovalStatus: String, Sendable, CaseIterable {
    case pending
    case approved
    case executing
    case executed
    case failed
    case unknown
    case denied
    case expired
    case superseded

    package var isOpen: Bool { self == .pending || self == .approved || self == .executing }
}

package enum VoteDecision: String, Sendable, CaseIterable {
    case approved
    case denied
}

package struct Vote: Hashable, Sendable {
    /// The person, not the key: distinct people count.
    package var by: String
    package var decision: VoteDecision
    package var note: String?
    package var at: WallTime
    /// `Proposal.consentDigest` of what the person saw; nil votes on what is pending, whatever it has become. Asked when
    /// the vote is counted, and not kept.
    package var digest: String?

    package init(by: String, decision: VoteDecision, note: String? = nil, at: WallTime, digest: String? = nil) {
        self.by = by
        self.decision = decision
        self.note = note
        self.at = at
        self.digest = digest
    }
}

/// A queued proposal that waits for a person. At most one is pending per kind and target.
package struct Approval: Sendable, Equatable {
    /// `action_approval:…`
    package var id: String
    package var proposal: Proposal
    package var tier: Tier
    package var rule: RuleReference
    package var status: ApprovalStatus
    package var createdAt: WallTime
    package var expiresAt: WallTime
    package var lastSeenAt: WallTime
    package var seenCount: Int
    package var approvalsNeeded: Int
    package var votes: [Vote]
    package var actionID: String?
    /// Why it is no longer pending, in words.
    package var resolution: String?
    /// When it stopped being pending.
    package var resolvedAt: WallTime?
    package var dryRun: Bool

    package init(
        id: String, proposal: Proposal, tier: Tier, rule: RuleReference, status: ApprovalStatus = .pending,
        createdAt: WallTime, expiresAt: WallTime, lastSeenAt: WallTime, seenCount: Int = 1, approvalsNeeded: Int,
        votes: [Vote] = [], actionID: String? = nil, resolution: String? = nil, resolvedAt: WallTime? = nil,
        dryRun: Bool
    ) {
        self.id = id
        self.proposal = proposal
        self.tier = tier
        self.rule = rule
        self.status = status
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastSeenAt = lastSeenAt
        self.seenCount = seenCount
        self.approvalsNeeded = approvalsNeeded
        self.votes = votes
        self.actionID = actionID
        self.resolution = resolution
        self.resolvedAt = resolvedAt
        self.dryRun = dryRun
    }
}

/// What became of a vote.
package enum VoteOutcome: Hashable, Sendable {
    /// Counted; the approval's status is now as stated in it.
    case counted
    /// The same person said the same before: counted once.
    case repeated
    /// The approval is no longer pending.
    case notPending(ApprovalStatus)
    /// A person may not approve what they proposed themselves.
    case ownProposal
    /// The approval asks for something else by now than what the person saw.
    case changed
}

extension Approval {
    /// Applies one vote. One denial denies; `approvalsNeeded` distinct people approve. A person who changes their
    /// mind while it is pending has the later word. A vote at `expiresAt` or later is too late, also while the loop
    /// has not yet marked the approval as expired.
    package mutating func apply(_ vote: Vote, allowOwnProposal: Bool = false) -> VoteOutcome {
        if let earlier = votes.last(where: { $0.by == vote.by }), earlier.decision == vote.decision {
            return .repeated
        }
        guard status == .pending else { return .notPending(status) }
        guard vote.at < expiresAt else { return .notPending(.expired) }
        if vote.decision == .approved, vote.by == proposal.requestedBy, !allowOwnProposal { return .ownProposal }
        if let digest = vote.digest, digest != proposal.consentDigest { return .changed }
        votes.removeAll { $0.by == vote.by }
        var kept = vote
        kept.digest = nil
        votes.append(kept)
        switch vote.decision {
        case .denied:
            status = .denied
            resolution = "denied by \(vote.by)" + (vote.note.map { ": \($0)" } ?? "")
            resolvedAt = vote.at
        case .approved where votes.filter({ $0.decision == .approved }).count >= approvalsNeeded:
            status = .approved
            resolvedAt = vote.at
        case .approved:
            break
        }
        return .counted
    }
}

extension Vote {
    package var json: JSONValue {
        ["by": .string(by), "decision": .string(decision.rawValue), "note": JSONValue(note), "at": .string(at.rfc3339)]
    }
}

extension Approval {
    /// The contract's `A`.
    package var json: JSONValue {
        .object(
            JSONObject(unique: [
                ("id", .string(id)), ("kind", .string(proposal.kind.rawValue)), ("target", .string(proposal.target)),
                ("params", .object(proposal.params)), ("source", .string(proposal.source.rawValue)),
                ("reason", .string(proposal.reason)), ("tier", .string(tier.rawValue)), ("rule", rule.json),
                ("status", .string(status.rawValue)), ("created_at", .string(createdAt.rfc3339)),
                ("expires_at", .string(expiresAt.rfc3339)), ("last_seen_at", .string(lastSeenAt.rfc3339)),
                ("seen_count", .integer(seenCount)), ("approvals_needed", .integer(approvalsNeeded)),
                ("votes", .array(votes.map(\.json))), ("action_id", JSONValue(actionID)),
                ("resolution", JSONValue(resolution)), ("resolved_at", JSONValue(resolvedAt)),
                ("digest", .string(proposal.consentDigest)), ("evidence", .string(proposal.evidence)),
                ("requested_by", JSONValue(proposal.requestedBy)), ("dry_run", .bool(dryRun)),
            ]))
    }
}
