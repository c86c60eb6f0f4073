package import FleetModel

extension ScalingEvaluation {
    /// One line: what was measured and what follows, for a proposal.
    func reason(_ scaling: ScalingSpec) -> String {
        guard let arithmetic else { return "its replicas are not known" }
        let change = "\(arithmetic.current) -> \(arithmetic.desired) replicas"
        switch arithmetic.basis {
        case .signal: break
        case .schedule: return "`schedule` wants at least \(arithmetic.minimum) now: \(change)"
        case .pause: return "`paused` keeps \(arithmetic.clamped): \(change)"
        case .fallback:
            let since = memory.lostSince.map { " since \($0)" } ?? ""
            return "no data of `\(scaling.signal)`\(since), `fallback` wants \(arithmetic.clamped): \(change)"
        case .bounds: return "outside \(scaling.minimum)-\(scaling.maximum): \(change)"
        }
        guard let sample, let perReplica = arithmetic.perReplica else { return change }
        let each = sample.aggregation == .fleetTotal ? ", \(numberText(perReplica)) a replica" : " a replica"
        let limits = limitsText(arithmetic)
        return "\(scaling.signal) \(numberText(sample.value)) \(sample.unit)\(each), target "
            + "\(numberText(arithmetic.target)): \(change)\(limits.isEmpty ? "" : " (\(limits))")"
    }

    /// `wants 7, at most 5, a step is 2`; empty where neither bounds nor steps held it back.
    private func limitsText(_ arithmetic: ScalingArithmetic) -> String {
        var parts: [String] = []
        if arithmetic.clamped != arithmetic.wanted {
            let isAbove = arithmetic.wanted > arithmetic.maximum
            parts.append(isAbove ? "at most \(arithmetic.maximum)" : "at least \(arithmetic.minimum)")
        }
        if arithmetic.desired != arithmetic.clamped {
            parts.append("a step is \(abs(arithmetic.desired - arithmetic.current))")
        }
        return parts.isEmpty ? "" : (["wants \(arithmetic.wanted)"] + parts).joined(separator: ", ")
    }
}

/// What `muster scale explain` prints.
package enum Explanation {
    /// The arithmetic, then each guard in its order: what it found, and where the evaluation ended. Plain text, one
    /// element a line, no line feed inside one.
    package static func lines(_ evaluation: ScalingEvaluation, _ scaling: ScalingSpec) -> [String] {
        var lines = [head(evaluation, scaling)]
        if let arithmetic = evaluation.arithmetic { lines += numbers(arithmetic, evaluation.sample, scaling) }
        lines.append("guards:")
        lines += guards(evaluation, scaling)
        lines.append(result(evaluation))
        return lines
    }

    private static func head(_ evaluation: ScalingEvaluation, _ scaling: ScalingSpec) -> String {
        "\(evaluation.service): signal \(scaling.signal), target \(numberText(scaling.target)), "
            + "\(scaling.minimum)-\(scaling.maximum) replicas, steps +\(scaling.scaleUpStep)/-\(scaling.scaleDownStep)"
    }

    private static func numbers(
        _ arithmetic: ScalingArithmetic, _ sample: SignalSample?, _ scaling: ScalingSpec
    ) -> [String] {
        var lines: [String] = []
        let (current, effective) = (arithmetic.current, arithmetic.effective)
        if let sample, let perReplica = arithmetic.perReplica, let exact = arithmetic.exact {
            let kind = sample.aggregation.rawValue
            lines.append(
                "value:       \(numberText(sample.value)) \(sample.unit) (\(kind), \(sample.source), \(sample.at))")
            lines.append("effective:   max(\(current), 1) = \(effective)")
            let division = sample.aggregation == .fleetTotal ? "\(numberText(sample.value)) / \(effective) = " : ""
            lines.append("per replica: \(division)\(numberText(perReplica)) \(sample.unit)")
            let product = "\(effective) x \(numberText(perReplica)) / \(numberText(arithmetic.target))"
            lines.append("wanted:      ceil(\(product)) = ceil(\(numberText(exact))) = \(Judgement.roundedUp(exact))")
        } else {
            lines.append("value:       none")
        }
        switch arithmetic.basis {
        case .signal: break
        case .schedule: lines.append("schedule:    at least \(arithmetic.minimum) now")
        case .pause: lines.append("paused:      \(arithmetic.wanted)")
        case .fallback: lines.append("fallback:    at least \(arithmetic.wanted)")
        case .bounds: lines.append("bounds:      back to \(arithmetic.wanted)")
        }
        let bounds = "[\(arithmetic.minimum), \(arithmetic.maximum)]"
        lines.append("bounded:     \(arithmetic.wanted) within \(bounds) = \(arithmetic.clamped)")
        let step = arithmetic.clamped > current ? "+\(scaling.scaleUpStep)" : "-\(scaling.scaleDownStep)"
        lines.append(
            arithmetic.clamped == current
                ? "stepped:     \(current), no change"
                : "stepped:     from \(current) by at most \(step) = \(arithmetic.desired)")
        return lines
    }

    private static func guards(_ evaluation: ScalingEvaluation, _ scaling: ScalingSpec) -> [String] {
        var ending: ScalingGuard?
        if case .stopped(let guardian) = evaluation.verdict { ending = guardian }
        let basis = evaluation.arithmetic?.basis ?? .signal
        var isOver = false
        return GuardStep.allCases.map { step in
            let name = step.rawValue + String(repeating: " ", count: 14 - step.rawValue.utf8.count)
            if isOver { return "  -    \(name) not asked" }
            if let ending, ending.step == step {
                isOver = true
                return "  stop \(name) \(ending)"
            }
            if !step.isAsked(basis) { return "  -    \(name) not asked: decided by \(basis.rawValue)" }
            return "  pass \(name) \(passed(step, evaluation, scaling))"
        }
    }

    /// What a guard found that let the service pass.
    private static func passed(_ step: GuardStep, _ evaluation: ScalingEvaluation, _ scaling: ScalingSpec) -> String {
        let arithmetic = evaluation.arithmetic
        let current = arithmetic?.current ?? 0
        switch step {
        case .observed: return "seen"
        case .running: return "neither down nor to be stopped"
        case .scalable: return "a Swarm service of \(current) replicas"
        case .free: return "not held, nothing under way"
        case .zero: return current == 0 ? "at 0, and nobody set that by hand" : "not at 0"
        case .bounds: return "within \(scaling.minimum)-\(scaling.maximum), or nobody else brings it back"
        case .pause: return scaling.pause == nil ? "not paused" : "`paused` does not stand in the way"
        case .person: return "no number that a person set stands"
        case .data: return evaluation.sample.map { "\(numberText($0.value)) \($0.unit) of \($0.at)" } ?? "none needed"
        case .deadband:
            guard let perReplica = arithmetic?.perReplica, current > 0 else { return "no deadband at 0 replicas" }
            let away = numberText((perReplica / scaling.target - 1) * 100)
            return "\(away) % from the target, more than \(numberText(scaling.deadband * 100)) %"
        case .stabilization:
            guard let streak = evaluation.memory.streak else { return "no direction to stabilize" }
            return "\(streak.samples) in a row ask for scaling \(streak.direction.rawValue)"
        case .target: return "\(current) is not \(arithmetic?.desired ?? current)"
        case .cooldown: return "no scaling in the last \(scaling.cooldownSeconds) s"
        case .budget: return "there is room in the tick"
        }
    }

    private static func result(_ evaluation: ScalingEvaluation) -> String {
        switch evaluation.verdict {
        case .proposed: "result: scale \(evaluation.arithmetic.map { "\($0.current) -> \($0.desired)" } ?? "")"
        case .stopped(let guardian): "result: no change: \(guardian)"
        }
    }
}

extension GuardStep {
    /// The signal's guards are not asked where the signal does not decide, and a person's number does not outlast
    /// the bounds or an explicit pause.
    fileprivate func isAsked(_ basis: ScalingBasis) -> Bool {
        switch self {
        case .data, .deadband, .stabilization: basis == .signal
        case .person: basis != .bounds && basis != .pause
        case .pause: basis != .bounds
        default: true
        }
    }
}
