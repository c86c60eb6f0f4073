package import Autoscaler
package import FleetModel

/// What holds of every evaluation, derived from its inputs without the autoscaler's own code.
package enum ScalingLaws {
    /// One sentence for each law that `evaluation` breaks; empty for a lawful one. `services` stand in the order of
    /// the evaluation's services, before what follows from it.
    package static func broken(
        _ evaluation: Evaluation, _ inputs: ScalingInputs, _ services: [RandomService], now: WallTime
    ) -> [String] {
        var broken: [String] = []
        guard evaluation.services.count == services.count else { return ["a scaled service has no evaluation"] }
        var costs = 0
        var previous: Proposal?
        for (service, result) in zip(services, evaluation.services) {
            if result.service != service.name { broken.append("the evaluations are not in the order of names") }
            if let problem = memoryProblem(service, result) { broken.append("\(service.name): \(problem)") }
            guard case .proposed(let index) = result.verdict else { continue }
            let proposal = evaluation.proposals[index]
            if let previous, previous.target >= proposal.target { broken.append("the proposals are not in order") }
            previous = proposal
            if !service.record.isAwaitingAnswer { costs += 1 }
            broken += proposalProblems(proposal, result, service, inputs, now: now)
                .map { "\(service.name): \($0), \(result)" }
        }
        let proposed = evaluation.services.count { if case .proposed = $0.verdict { true } else { false } }
        if proposed != evaluation.proposals.count { broken.append("a proposal belongs to no service") }
        if costs > inputs.budget { broken.append("the budget is overrun") }
        return broken
    }

    private static func proposalProblems(
        _ proposal: Proposal, _ result: ScalingEvaluation, _ service: RandomService, _ inputs: ScalingInputs,
        now: WallTime
    ) -> [String] {
        guard let replicas = proposal.params["replicas"]?.integer, let basis = result.arithmetic?.basis,
            proposal.target == service.name, proposal.params["from_replicas"]?.integer == service.current
        else { return ["the proposal is not about what was observed"] }
        let (current, scaling) = (service.current, service.scaling)
        let isUp = replicas > current
        var problems: [String] = []
        func law(_ holds: Bool, _ text: String) {
            if !holds { problems.append(text) }
        }
        law(replicas != current, "proposes what there is")
        law(replicas - current <= scaling.scaleUpStep, "goes past a step up")
        law(current - replicas <= scaling.scaleDownStep, "goes past a step down")
        let bounds = scaling.minimum...scaling.maximum
        if bounds.contains(current) {
            law(bounds.contains(replicas), "leaves the bounds")
        } else {
            law(!inputs.reconcilerKeepsBounds, "brings back what is the reconciler's to bring back")
            law(isUp == (current < scaling.minimum), "steps further out of the bounds")
            law(isUp ? replicas <= scaling.minimum : replicas >= scaling.maximum, "steps back too far")
        }
        law(service.condition == .up || service.condition == .down(.scaledToZero), "acts on what it does not see")
        law(!service.isHeld && !service.isBusy, "acts on what is held or busy")
        if let last = service.record.lastScaling {
            law(now >= last.at.adding(seconds: scaling.cooldownSeconds), "does not cool down")
            if case .person = last.author, last.replicas == 0 { law(current != 0, "undoes a person's 0") }
        }
        law(current > 0 || result.memory.outside == nil, "undoes a 0 set outside Muster")
        if !isUp, basis != .pause, basis != .bounds { law(service.good != nil, "goes down on missing data") }
        guard basis == .signal else { return problems }
        law(service.good != nil, "acts on missing data")
        let needed = isUp ? scaling.scaleUpStabilizationSamples : scaling.scaleDownStabilizationSamples
        law(service.run?.side == (isUp ? .up : .down), "goes away from where the signal points")
        law((service.run?.samples ?? 0) >= needed, "acts before \(needed) samples agree")
        return problems
    }

    /// A streak is never longer than the samples that lie on its side.
    private static func memoryProblem(_ service: RandomService, _ result: ScalingEvaluation) -> String? {
        guard let streak = result.memory.streak else { return nil }
        guard let run = service.run, run.side == streak.direction, run.samples >= streak.samples else {
            return "counts samples that were not there: \(streak), \(String(describing: service.run))"
        }
        return nil
    }
}
