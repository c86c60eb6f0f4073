/// Bugs that the simulation can be given, each through one of its own seams; production code has no switch for them.
enum Plant: String, CaseIterable {
    /// A commit is taken under a term that is not the newest.
    case noFenceAtCommit = "no-fence-at-commit"
    /// So is a claim.
    case noFenceAtClaim = "no-fence-at-claim"
    /// The budget is read outside the transaction: a commit is taken although the ledger has moved on.
    case ledgerHeadIgnored = "ledger-head-ignored"
    /// The command runs although the claim was not made durable.
    case actBeforeClaim = "act-before-claim"
    /// A commit that was answered is lost when the store restarts.
    case commitNotDurable = "commit-not-durable"
    /// Settling an action that was left `executing` runs its command again.
    case rerunExecuting = "rerun-executing"
    /// An action may be claimed that is no longer planned.
    case claimTwice = "claim-twice"
    /// Neither notices nor asking wakes the leader.
    case lostWake = "lost-wake"
    case trustNeverEnds = "trust-never-ends"
    /// The next leader does not wait the old lease out.
    case leaseNotWaitedOut = "lease-not-waited-out"
    case epochNotRaised = "epoch-not-raised"
    /// Trust is measured on a clock that stands still while the process does.
    case suspendedTimeNotCounted = "suspended-time-not-counted"
    case voteCountedTwice = "vote-counted-twice"
    case voteAfterExpiry = "vote-after-expiry"
    /// What an incomplete listing does not name is taken for absent.
    case incompleteTakenForAbsent = "incomplete-taken-for-absent"
    case unknownTakenForDown = "unknown-taken-for-down"
    case holdIgnoredAtClaim = "hold-ignored-at-claim"
    case finishLost = "finish-lost"
    /// What was collected before an action ended is dated by when it arrived.
    case staleLookTakenForFresh = "stale-look-taken-for-fresh"
    /// The ledger is changed after the fact.
    case ledgerRewritten = "ledger-rewritten"
    /// An approval is carried out again and again.
    case approvalNotUsedUp = "approval-not-used-up"
}

/// What must never happen; each is named when it did.
struct Violation: Error, CustomStringConvertible {
    var invariant: String
    var detail: String

    var description: String { "\(invariant): \(detail)" }
}
