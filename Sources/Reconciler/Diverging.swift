internal import FleetModel

/// One service that is not as wanted, on its way to an outcome. Few services of a fleet come this far, so here
/// lookups by name and digests are affordable.
struct Diverging {
    let spec: ServiceSpec
    let observation: Observation
    /// What an action would mend, or why none would.
    let finding: Finding

    enum Finding {
        case mendable(Divergence)
        case blocked(BlockedCause)
    }

    init(_ spec: ServiceSpec, _ observation: Observation, _ finding: Finding) {
        self.spec = spec
        self.observation = observation
        self.finding = finding
    }

    /// What becomes of it as long as no action on it is open.
    enum Conclusion {
        case propose(Proposal)
        case leave(Outcome)
    }

    func conclusion(_ snapshot: Snapshot, _ history: History) -> Conclusion {
        let last = history.lastActions[spec.name]
        if let last, !last.dryRun, let finishedAt = last.finishedAt, observation.since <= finishedAt {
            return .leave(.unknown(.beforeLastAction))
        }
        switch finding {
        case .blocked(let cause):
            return .leave(.blocked(cause))
        case .mendable(let divergence):
            if divergence.waitsForDependencies, let waiting = waiting(snapshot) { return .leave(waiting) }
            let proposal = proposal(divergence)
            if let last, last.hasRehearsed(proposal) {
                let at = last.finishedAt ?? last.plannedAt
                return .leave(.blocked(.doneInDryRun(actionID: last.id, at: at)))
            }
            return .propose(proposal)
        }
    }

    /// The first dependency that is not seen up. One that no observer saw, in the registry or not, counts as unknown.
    private func waiting(_ snapshot: Snapshot) -> Outcome? {
        for name in spec.dependsOn {
            let condition = snapshot[name]?.condition ?? .unknown(.notObserved)
            if condition != .up { return .waiting(on: name, condition: condition) }
        }
        return nil
    }

    private func proposal(_ divergence: Divergence) -> Proposal {
        Proposal(
            kind: divergence.kind, target: spec.name, params: divergence.params, source: .reconciler,
            reason: divergence.reason(seenAt: observation.at), desiredDigest: spec.digest,
            evidence: observation.evidence)
    }
}

extension Action {
    /// Carried out in dry run already, for just this wish and this evidence.
    fileprivate func hasRehearsed(_ other: Proposal) -> Bool {
        dryRun && state == .succeeded && proposal.kind == other.kind && proposal.consentDigest == other.consentDigest
    }
}

extension Plan {
    /// Adds the outcome of the next service, and its proposal where there is one.
    mutating func add(_ service: Diverging, _ snapshot: Snapshot, _ history: History) {
        let conclusion = service.conclusion(snapshot, history)
        if let open = history.openActions[service.spec.name] {
            if open.state.isOpen {
                if case .propose(let proposal) = conclusion { underway.append(proposal) }
                outcomes.append(.inFlight(actionID: open.id, kind: open.proposal.kind, state: open.state))
                return
            }
            if open.state == .unknown {
                outcomes.append(.blocked(.unsettled(actionID: open.id)))
                return
            }
        }
        switch conclusion {
        case .leave(let outcome):
            outcomes.append(outcome)
        case .propose(let proposal):
            outcomes.append(.proposed(proposals.count))
            proposals.append(proposal)
        }
    }
}
