package import FleetModel

/// What a tick decides from, read in one transaction.
package struct WorkingSet: Sendable {
    package var revision: UInt64
    /// Approvals that are `pending`, `approved` or `executing`.
    package var openApprovals: [Approval]
    /// For each kind and target the last denial, while it may still matter: newest per key.
    package var denials: [ActionKey: Approval]
    /// Actions that are `planned`, `executing` or `unknown`.
    package var openActions: [Action]
    /// For each target the action that ended last (`succeeded` or `failed`).
    package var lastActions: [String: Action]
    package var holds: [Hold]
    package var overrides: [StoredOverride]
    /// For each kind and target the newest entry of the ledger.
    package var lastDecisions: [ActionKey: LastDecision]
    /// Submissions without an answer, oldest first.
    package var submissions: [Submission]
    /// What the autoscaler keeps of each service.
    package var scalingMemory: [ScalingKey: ScalingMemory]
    /// For each service the newest action whose proposal `isScaling`, whatever became of it.
    package var lastScalings: [ScalingKey: Action]

    package init(
        revision: UInt64 = 0, openApprovals: [Approval] = [], denials: [ActionKey: Approval] = [:],
        openActions: [Action] = [], lastActions: [String: Action] = [:], holds: [Hold] = [],
        overrides: [StoredOverride] = [], lastDecisions: [ActionKey: LastDecision] = [:],
        submissions: [Submission] = [], scalingMemory: [ScalingKey: ScalingMemory] = [:],
        lastScalings: [ScalingKey: Action] = [:]
    ) {
        self.revision = revision
        self.openApprovals = openApprovals
        self.denials = denials
        self.openActions = openActions
        self.lastActions = lastActions
        self.holds = holds
        self.overrides = overrides
        self.lastDecisions = lastDecisions
        self.submissions = submissions
        self.scalingMemory = scalingMemory
        self.lastScalings = lastScalings
    }
}

/// Enough of a ledger entry to tell whether the same proposal would be decided the same way again.
package struct LastDecision: Sendable, Equatable {
    package var id: String
    package var at: WallTime
    package var verdict: VerdictKind
    package var policyDigest: String
    /// `Proposal.consentDigest` of what was decided.
    package var consentDigest: String
    package var earliest: WallTime?
    package var dryRun: Bool

    package init(
        id: String, at: WallTime, verdict: VerdictKind, policyDigest: String, consentDigest: String,
        earliest: WallTime?, dryRun: Bool
    ) {
        self.id = id
        self.at = at
        self.verdict = verdict
        self.policyDigest = policyDigest
        self.consentDigest = consentDigest
        self.earliest = earliest
        self.dryRun = dryRun
    }
}

/// All writes of one tick.
package struct TickCommit: Sendable {
    /// `LedgerView.head` of the view that the decisions were made from.
    package var ledgerHead: Int
    package var at: WallTime
    /// Appended to the ledger in this order.
    package var decisions: [Decision] = []
    package var newApprovals: [Approval] = []
    /// Pending approvals whose proposal was seen again: `seen_count` + 1, `last_seen_at` = `at`.
    package var seenApprovals: [String] = []
    package var approvalChanges: [ApprovalChange] = []
    package var approvalUpdates: [ApprovalUpdate] = []
    package var newActions: [Action] = []
    /// Planned actions that no longer hold: -> `cancelled`.
    package var cancelledActions: [Cancellation] = []
    package var submissionAnswers: [SubmissionAnswer] = []
    package var scalingMemory: [ScalingMemoryChange] = []
    package var scalingPoints: [ScalingPoint] = []
    package var report: TickReport?

    package init(ledgerHead: Int, at: WallTime) {
        self.ledgerHead = ledgerHead
        self.at = at
    }

    package var isEmpty: Bool {
        decisions.isEmpty && newApprovals.isEmpty && seenApprovals.isEmpty && approvalChanges.isEmpty
            && approvalUpdates.isEmpty && newActions.isEmpty && cancelledActions.isEmpty && submissionAnswers.isEmpty
            && scalingMemory.isEmpty && scalingPoints.isEmpty && report == nil
    }
}

/// A change of an approval's status by the loop; refused as `conflict` unless it is in `from`.
package struct ApprovalChange: Sendable, Equatable {
    package var id: String
    package var from: ApprovalStatus
    package var to: ApprovalStatus
    package var resolution: String?
    package var actionID: String?

    package init(
        id: String, from: ApprovalStatus, to: ApprovalStatus, resolution: String? = nil, actionID: String? = nil
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.resolution = resolution
        self.actionID = actionID
    }
}

package struct Cancellation: Sendable, Equatable {
    package var actionID: String
    package var detail: String

    package init(actionID: String, detail: String) {
        self.actionID = actionID
        self.detail = detail
    }
}

/// Which rows of a list, newest first. Nil filters let everything through.
package struct ListQuery: Sendable, Equatable {
    package var kind: String?
    package var target: String?
    /// An approval's status, an action's state, a decision's verdict.
    package var state: String?
    package var since: WallTime?
    /// 1...1000
    package var limit: Int
    /// `Page.nextCursor` of the page before.
    package var cursor: String?

    package init(
        kind: String? = nil, target: String? = nil, state: String? = nil, since: WallTime? = nil, limit: Int = 200,
        cursor: String? = nil
    ) {
        self.kind = kind
        self.target = target
        self.state = state
        self.since = since
        self.limit = limit
        self.cursor = cursor
    }
}

package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    package var nextCursor: String?

    package init(items: [Item], nextCursor: String? = nil) {
        self.items = items
        self.nextCursor = nextCursor
    }
}
