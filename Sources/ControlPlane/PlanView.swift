internal import Autoscaler
package import FleetModel

/// The contract's plan: what a tick would do now and why, and why not for the rest.
package struct PlanView: Sendable {
    private let inputs: TickInputs
    private let judged: [JudgedProposal]

    package init(_ inputs: TickInputs) {
        self.inputs = inputs
        judged = Gate.judge(inputs)
    }

    package var json: JSONValue {
        var buckets: [String: [JSONValue]] = [:]
        var inSync = 0
        for (spec, outcome) in zip(inputs.desired.services, inputs.plan.outcomes) {
            switch outcome {
            case .inSync: inSync += 1
            case .proposed: break
            case .unknown, .held, .waiting, .inFlight, .blocked:
                buckets[outcome.word, default: []].append(
                    ["target": .string(spec.name), "reason": .string(outcome.description)])
            }
        }
        let sources = inputs.snapshot.sources.map { source -> JSONValue in
            [
                "source": .string(source.source.rawValue), "host": JSONValue(source.host),
                "at": .string(source.at.rfc3339),
                "failure": JSONValue(source.failure),
            ]
        }
        return .object(
            JSONObject(unique: [
                ("generated_at", .string(inputs.now.rfc3339)), ("term", .integer(inputs.term.epoch)),
                ("dry_run", .bool(inputs.settings.isDryRun)), ("observed_at", .string(inputs.snapshot.at.rfc3339)),
                ("proposals", .array(judged.filter { !isDeferred($0) }.map(proposal))),
                ("in_sync", .integer(inSync)), ("unknown", .array(buckets["unknown"] ?? [])),
                ("deferred", .array(judged.filter(isDeferred).map(deferred))),
                ("held", .array(buckets["held"] ?? [])), ("waiting", .array(buckets["waiting"] ?? [])),
                ("in_flight", .array(buckets["in_flight"] ?? [])), ("blocked", .array(buckets["blocked"] ?? [])),
                ("scaling", .array(scaling)), ("sources", .array(sources)),
                ("policy_digest", .string(inputs.policy.digest)),
                ("desired_digest", .string(inputs.desired.digest)),
            ]))
    }

    /// Why each scaled service has the number of replicas that it has.
    private var scaling: [JSONValue] {
        inputs.scaling.evaluation.services.map { evaluation in
            [
                "target": .string(evaluation.service), "verdict": .string(evaluation.verdict.word),
                "reason": .string(inputs.scaling.evaluation.reason(of: evaluation)),
            ]
        }
    }

    private func isDeferred(_ judged: JudgedProposal) -> Bool {
        if case .deferred = judged.judgement { true } else { false }
    }

    private func deferred(_ judged: JudgedProposal) -> JSONValue {
        [
            "kind": .string(judged.proposal.kind.rawValue), "target": .string(judged.proposal.target),
            "reason": .string(judged.proposal.reason), "why": .string(judged.judgement.description),
        ]
    }

    private func proposal(_ judged: JudgedProposal) -> JSONValue {
        let verdict: Verdict
        var approvalID: String?
        switch judged.judgement {
        case .decided(let decided, _), .standing(let decided): verdict = decided
        case .pending(let approval, let decided), .updated(let approval, let decided, _):
            verdict = decided
            approvalID = approval.id
        case .granted(let approval):
            verdict = Gate.verdict(judged.proposal, inputs)
            approvalID = approval.id
        case .cooling(let denial, _):
            verdict = Gate.verdict(judged.proposal, inputs)
            approvalID = denial.id
        case .backingOff, .rehearsed: verdict = Gate.verdict(judged.proposal, inputs)
        case .deferred: return .null
        }
        return [
            "kind": .string(judged.proposal.kind.rawValue), "target": .string(judged.proposal.target),
            "params": .object(judged.proposal.params), "source": .string(judged.proposal.source.rawValue),
            "reason": .string(judged.proposal.reason), "decision": .string(verdict.kind.rawValue),
            "tier": .string(verdict.tier.rawValue), "rule": .string(verdict.rule.id),
            "why": .string(judged.judgement.description), "approval_id": JSONValue(approvalID),
            "checks": verdict.checks.json, "earliest": JSONValue(verdict.earliest),
        ]
    }
}
