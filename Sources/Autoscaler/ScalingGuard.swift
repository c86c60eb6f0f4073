package import FleetModel

/// What stopped the scaling of a service; the cases stand in the order in which they are asked.
package enum ScalingGuard: Hashable, Sendable {
    case unobserved(UnknownCause)
    /// The reconciler's problem, not a matter of load.
    case down(DownCause)
    case absent
    /// `desired: stopped`.
    case stopped
    /// Only a replicated Swarm service has a number of replicas that can be changed.
    case notScalable(Runtime?)
    /// The registry names another runtime than the one observed: what it does not mean is not touched.
    case otherRuntime(declared: Runtime, observed: Runtime)
    case held(Hold)
    case busy(BusyCause)
    /// Set to 0 by a person or outside Muster; stays until somebody sets another number.
    case zeroByHand(ZeroEvidence)
    /// Outside `min`...`max`: the reconciler brings it back.
    case outOfBounds(current: Int, minimum: Int, maximum: Int)
    case paused(until: WallTime?)
    /// A person scaled it through Muster, and that number stands for a while.
    case scaledByPerson(String, replicas: Int, until: WallTime)
    /// Somebody scaled it past Muster, and that number stands for a while.
    case scaledOutside(replicas: Int, until: WallTime)
    case noData(NoSignal)
    case withinDeadband
    case stabilizing(ScalingDirection, samples: Int, needed: Int)
    case atTarget
    case coolingDown(scaledAt: WallTime, until: WallTime)
    case budgetUsedUp

    package enum ZeroEvidence: Hashable, Sendable {
        case person(String, at: WallTime)
        case outside(noticedAt: WallTime)
    }
}

/// The guards by name, in the order in which they are asked.
package enum GuardStep: String, Sendable, CaseIterable {
    case observed
    case running
    case scalable
    case free
    case zero
    case bounds
    case pause
    case person
    case data
    case deadband
    case stabilization
    case target
    case cooldown
    case budget
}

extension ScalingGuard {
    package var step: GuardStep {
        switch self {
        case .unobserved: .observed
        case .down, .absent, .stopped: .running
        case .notScalable, .otherRuntime: .scalable
        case .held, .busy: .free
        case .zeroByHand: .zero
        case .outOfBounds: .bounds
        case .paused: .pause
        case .scaledByPerson, .scaledOutside: .person
        case .noData: .data
        case .withinDeadband: .deadband
        case .stabilizing: .stabilization
        case .atTarget: .target
        case .coolingDown: .cooldown
        case .budgetUsedUp: .budget
        }
    }

    /// For metrics and JSON: one word, the same for every service.
    package var word: String {
        switch self {
        case .unobserved: "unobserved"
        case .down: "down"
        case .absent: "absent"
        case .stopped: "stopped"
        case .notScalable, .otherRuntime: "not_scalable"
        case .held: "held"
        case .busy: "busy"
        case .zeroByHand: "zero_by_hand"
        case .outOfBounds: "out_of_bounds"
        case .paused: "paused"
        case .scaledByPerson: "scaled_by_person"
        case .scaledOutside: "scaled_outside"
        case .noData: "no_data"
        case .withinDeadband: "within_deadband"
        case .stabilizing: "stabilizing"
        case .atTarget: "at_target"
        case .coolingDown: "cooling_down"
        case .budgetUsedUp: "budget_used_up"
        }
    }
}

extension ScalingGuard: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unobserved(let cause): "not observed: \(cause)"
        case .down(let cause): "down (\(cause)); the reconciler's to mend"
        case .absent: "absent; the reconciler's to create"
        case .stopped: "the registry wants it stopped"
        case .notScalable(let runtime):
            runtime == .container
                ? "a plain container is always one; run it as a Swarm service"
                : "nothing observed has a number of replicas that could be changed"
        case .otherRuntime(let declared, let observed):
            "the registry says `runtime: \(declared.rawValue)`, docker shows a \(observed.rawValue)"
        case .held(let hold): hold.asReason
        case .busy(let cause): cause.description
        case .zeroByHand(.person(let name, let at)): "set to 0 by \(name) at \(at); stays until somebody scales it up"
        case .zeroByHand(.outside(let at)):
            "set to 0 outside Muster, noticed at \(at); stays until somebody scales it up"
        case .outOfBounds(let current, let minimum, let maximum):
            "\(current) replicas lie outside \(minimum)-\(maximum); the reconciler brings them back"
        case .paused(let until?): "paused by `scaling.paused` until \(until)"
        case .paused(nil): "paused by `scaling.paused`"
        case .scaledByPerson(let name, let replicas, let until):
            "\(name) scaled it to \(replicas); left alone until \(until)"
        case .scaledOutside(let replicas, let until):
            "scaled to \(replicas) outside Muster; left alone until \(until)"
        case .noData(let reason): "no data: \(reason)"
        case .withinDeadband: "within the deadband around the target"
        case .stabilizing(let direction, let samples, let needed):
            "\(samples) of \(needed) samples in a row ask for scaling \(direction.rawValue)"
        case .atTarget: "as many replicas as wanted"
        case .coolingDown(let at, let until): "scaled at \(at), cooling down until \(until)"
        case .budgetUsedUp: "the tick's budget of actions is used up"
        }
    }
}

extension BusyCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .action(let id, let kind, let state): "\(kind) is \(state.rawValue) (\(id))"
        case .unsettled(let id): "the outcome of \(id) is not known yet"
        case .watched(let id, let until): "watched after \(id) until \(until)"
        case .proposed(let kind): "the reconciler proposes \(kind)"
        }
    }
}
