package import FleetModel
package import Store

/// Everything that a tick decides from: read once, then nothing else is looked at.
package struct TickInputs: Sendable {
    package var desired: DesiredState
    package var snapshot: Snapshot
    package var plan: Plan
    /// What the autoscaler found; nothing where this process does not lead.
    package var scaling = ScalingView()
    package var working: WorkingSet
    package var holds: HoldSet
    /// The file's rules with the stored overrides before them.
    package var policy: Policy
    package var ledger: LedgerView
    package var settings: ControlSettings
    package var term: Term
    package var now: WallTime

    package init(
        desired: DesiredState, snapshot: Snapshot, plan: Plan, working: WorkingSet, holds: HoldSet, policy: Policy,
        ledger: LedgerView, settings: ControlSettings, term: Term, now: WallTime
    ) {
        self.desired = desired
        self.snapshot = snapshot
        self.plan = plan
        self.working = working
        self.holds = holds
        self.policy = policy
        self.ledger = ledger
        self.settings = settings
        self.term = term
        self.now = now
    }

    /// The hold that stands in a proposal's way, be its target a service of the registry or not.
    ///
    /// The stops that a `kill` asks for are not stopped by the hold that the same kill placed.
    package func hold(for proposal: Proposal) -> Hold? {
        holds.hold(of: proposal.scopes(domain: desired[proposal.target]?.domain))
    }

    /// What the plan says of a target; nil for one that is no service of the registry.
    package func outcome(of target: String) -> Outcome? {
        desired.index(of: target).map { plan.outcomes[$0] }
    }
}
