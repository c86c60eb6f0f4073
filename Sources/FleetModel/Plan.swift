/// What the planner needs to know of the past, as one value.
package struct History: Sendable {
    /// For each target the action that is planned or executing, or ended `unknown` and is not settled: at most one.
    package var openActions: [String: Action]
    /// For each target the action that ended last in the scope of the actuator in use, real or dry-run: what was
    /// rehearsed says nothing once actions are real.
    package var lastActions: [String: Action]
    package var holds: HoldSet

    package init(
        openActions: [String: Action] = [:], lastActions: [String: Action] = [:],
        holds: HoldSet = HoldSet(at: WallTime(milliseconds: 0))
    ) {
        self.openActions = openActions
        self.lastActions = lastActions
        self.holds = holds
    }
}

/// What the planner concluded for one service. Exactly one for each service of the registry.
package enum Outcome: Hashable, Sendable {
    case inSync
    /// Diverging, and proposed: the index into `Plan.proposals`.
    case proposed(Int)
    case unknown(UnknownCause)
    /// Diverging or not, a person said hands off.
    case held(Hold)
    /// Diverging, but what it depends on is not up.
    case waiting(on: String, condition: Condition)
    /// Diverging, and an action on it is planned or under way.
    case inFlight(actionID: String, kind: ActionKind, state: ActionState)
    /// Diverging, but no action that Muster knows would mend it.
    case blocked(BlockedCause)
}

package enum BlockedCause: Hashable, Sendable {
    /// `runtime: none`, or what runs it was never seen.
    case noRuntime(DownCause)
    /// Up and not to run, but no container or Swarm service stands behind it that could be stopped.
    case nothingToStop
    /// `absent` and the entry names no image to create it from.
    case noImage
    /// The number of replicas of a plain container cannot be changed.
    case containerReplicas(wanted: Int)
    /// A Swarm service was scaled to 0 and the registry does not say how many replicas it wants.
    case scaledToZero
    /// A service with `scaling` was scaled to 0 by a person, or is at 0 and was not evaluated yet.
    case zeroByHand
    /// Its image's tag cannot be read, so the wanted version cannot be compared.
    case unreadableImage(String)
    /// The same was carried out in dry run, and nothing observed has changed since.
    case doneInDryRun(actionID: String, at: WallTime)
    /// The last action ended `unknown` and has not been settled.
    case unsettled(actionID: String)
    /// The registry says one runtime, docker shows another.
    case otherRuntime(declared: Runtime, observed: Runtime)
    /// `FLEET_RECONCILER=false`: the loop observes and proposes nothing by itself.
    case reconcilerOff
}

/// One value of named buckets: what a tick would propose, and why not for everything else.
package struct Plan: Sendable {
    /// Sorted by target, then kind. Not yet cut by the storm guard.
    package var proposals: [Proposal]
    /// One for each of `DesiredState.services`, at the same index.
    package var outcomes: [Outcome]
    /// What would have been proposed for the services whose outcome is `inFlight`; sorted as `proposals`. A planned
    /// action that nobody has claimed yet still holds only while its proposal is among these.
    package var underway: [Proposal]

    package init(proposals: [Proposal], outcomes: [Outcome], underway: [Proposal] = []) {
        self.proposals = proposals
        self.outcomes = outcomes
        self.underway = underway
    }
}

extension BlockedCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noRuntime(let cause): "down (\(cause)), and nothing that docker runs stands behind it"
        case .nothingToStop: "up although it is to be stopped, and nothing that docker runs stands behind it"
        case .noImage: "absent, and the registry names no `image` to create it from"
        case .containerReplicas(let wanted):
            "wants \(wanted) replicas, but a plain container is always one; run it as a Swarm service"
        case .scaledToZero: "scaled to 0 by hand, and the registry does not say how many `replicas` it wants"
        case .zeroByHand: "at 0 replicas, which Muster did not make: left alone until somebody scales it up"
        case .unreadableImage(let image): "its image `\(image)` has no tag to compare `version` with"
        case .doneInDryRun(let actionID, let at):
            "carried out in dry run at \(at) (\(actionID)); nothing observed has changed since"
        case .reconcilerOff: "the reconciler is switched off (`FLEET_RECONCILER`)"
        case .unsettled(let actionID): "the outcome of \(actionID) is not known yet; it is settled by looking"
        case .otherRuntime(let declared, let observed):
            "the registry says `runtime: \(declared.rawValue)`, docker shows a \(observed.rawValue)"
        }
    }
}

extension Outcome: CustomStringConvertible {
    /// `in_sync`, `proposed`, `unknown`, `held`, `waiting`, `in_flight` or `blocked`.
    package var word: String {
        switch self {
        case .inSync: "in_sync"
        case .proposed: "proposed"
        case .unknown: "unknown"
        case .held: "held"
        case .waiting: "waiting"
        case .inFlight: "in_flight"
        case .blocked: "blocked"
        }
    }

    package var description: String {
        switch self {
        case .inSync: "as wanted"
        case .proposed: "diverging; an action is proposed"
        case .unknown(let cause): cause.description
        case .held(let hold): "held (\(hold.scope)) by \(hold.by): \(hold.reason)"
        case .waiting(let name, let condition): "waits for `\(name)`, which is \(condition)"
        case .inFlight(let actionID, let kind, let state): "\(kind) is \(state.rawValue) (\(actionID))"
        case .blocked(let cause): cause.description
        }
    }
}
