import FleetModel
import Foundation
import Store

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same numbers for a seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Makes the rows of a test from a seed. Plain ones by default; `any…` ones have every field at its worst.
struct Rows {
    static let start = WallTime(milliseconds: 1_800_000_000_123)

    var random: SeededGenerator
    var now = Rows.start

    init(seed: UInt64 = 1) {
        random = SeededGenerator(seed: seed)
    }

    mutating func id(_ prefix: String) -> String { Identifier.make(prefix, at: now, using: &random) }

    func proposal(_ kind: ActionKind = .restartService, target: String) -> Proposal {
        Proposal(
            kind: kind, target: target, source: .reconciler, reason: "it is down", desiredDigest: "d",
            evidence: "docker: exited 137")
    }

    mutating func decision(
        _ proposal: Proposal, _ verdict: VerdictKind = .allow, dryRun: Bool = false, actionID: String? = nil
    ) -> Decision {
        let rule = RuleReference(id: "heal", origin: .file(line: 7))
        let checks = DecisionChecks(
            rateUsed: 0, rateLimit: RateLimit(maximum: 3, windowSeconds: 3600), blastUsed: 1,
            blastRadius: BlastRadius(maximumTargets: 3, windowSeconds: 3600))
        return Decision(
            id: id("action_decision"), at: now, proposal: proposal,
            verdict: Verdict(
                kind: verdict, reason: .tier(.auto), tier: .auto, rule: rule, checks: checks, earliest: now),
            policyDigest: "policy", actionID: actionID, epoch: 1, dryRun: dryRun)
    }

    mutating func approval(
        _ kind: ActionKind = .restartService, target: String, needed: Int = 1, status: ApprovalStatus = .pending
    ) -> Approval {
        Approval(
            id: id("action_approval"), proposal: proposal(kind, target: target), tier: .approvalRequired,
            rule: .defaults, status: status, createdAt: now, expiresAt: now.adding(seconds: 86_400),
            lastSeenAt: now, approvalsNeeded: needed, dryRun: false)
    }

    mutating func action(_ proposal: Proposal, dryRun: Bool = false) -> Action {
        Action(
            id: id("action"), proposal: proposal, actuator: "docker", dryRun: dryRun, epoch: 1,
            decisionID: id("action_decision"), plannedAt: now)
    }

    mutating func action(target: String, dryRun: Bool = false) -> Action {
        action(proposal(target: target), dryRun: dryRun)
    }

    /// An allowing decision and the action that it allowed.
    mutating func spend(
        _ kind: ActionKind = .restartService, target: String, dryRun: Bool = false
    ) -> (Decision, Action) {
        var action = action(proposal(kind, target: target), dryRun: dryRun)
        let decision = decision(action.proposal, dryRun: dryRun, actionID: action.id)
        action.decisionID = decision.id
        return (decision, action)
    }

    func report(_ id: String, at now: WallTime) -> TickReport {
        TickReport(id: "report:\(id)", at: now, body: JSONObject([("proposals", 3)]))
    }
}

// MARK: - Every field at its worst

extension Rows {
    mutating func chance() -> Bool { Bool.random(using: &random) }

    mutating func text() -> String {
        let pieces = [
            "plain", "", "two\nlines\r\n", "tab\t", "quote\" and \\", "nul \u{0} inside", "del \u{7F}", "ünïcödé",
            "\u{202E}right to left", "'; DROP TABLE decisions; --", "🚢", "a/b/c", "null",
            String(repeating: "x", count: 300),
        ]
        return (0...Int.random(in: 0...2, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined(separator: " ")
    }

    mutating func value(depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(chance())
        case 2: return .integer(Int.random(in: -(1 << 53)...(1 << 53), using: &random))
        case 3: return .number(Double.random(in: -1e12...1e12, using: &random))
        case 4: return .string(text())
        case 5: return .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1) })
        default: return .object(object(depth: depth + 1))
        }
    }

    mutating func object(depth: Int = 0) -> JSONObject {
        var object = JSONObject()
        for index in 0..<Int.random(in: 0...4, using: &random) { object["\(index) \(text())"] = value(depth: depth) }
        return object
    }

    mutating func time() -> WallTime {
        WallTime(milliseconds: Int64.random(in: 0...4_000_000_000_000, using: &random))
    }

    mutating func anyProposal(target: String) -> Proposal {
        Proposal(
            kind: ActionKind(rawValue: "kind-\(Int.random(in: 0...3, using: &random))"), target: target,
            params: object(), source: ProposalSource.allCases.randomElement(using: &random) ?? .manual,
            reason: text(), desiredDigest: text(), evidence: text(), requestedBy: chance() ? text() : nil)
    }

    mutating func anyApproval(target: String) -> Approval {
        let origins: [RuleOrigin] = [.file(line: 12), .override(id: text()), .defaults]
        let votes = (0..<Int.random(in: 0...3, using: &random)).map { index in
            Vote(
                by: "\(index) \(text())", decision: chance() ? .approved : .denied, note: chance() ? text() : nil,
                at: time())
        }
        return Approval(
            id: id("action_approval"), proposal: anyProposal(target: target),
            tier: Tier.allCases.randomElement(using: &random) ?? .auto,
            rule: RuleReference(id: text(), origin: origins.randomElement(using: &random) ?? .defaults),
            status: ApprovalStatus.allCases.randomElement(using: &random) ?? .pending, createdAt: time(),
            expiresAt: time(), lastSeenAt: time(), seenCount: Int.random(in: 1...1_000_000, using: &random),
            approvalsNeeded: Int.random(in: 1...5, using: &random), votes: votes,
            actionID: chance() ? id("action") : nil, resolution: chance() ? text() : nil,
            resolvedAt: chance() ? time() : nil, dryRun: chance())
    }

    mutating func anyAction(target: String) -> Action {
        Action(
            id: id("action"), proposal: anyProposal(target: target),
            state: ActionState.allCases.randomElement(using: &random) ?? .planned, actuator: "docker",
            dryRun: chance(), epoch: Int.random(in: 1...1000, using: &random), decisionID: id("action_decision"),
            commands: (0..<Int.random(in: 0...3, using: &random)).map { _ in [text(), text()] },
            detail: chance() ? text() : nil,
            fence: chance() ? Fence(host: text(), runtimeID: text(), specVersion: 7) : nil,
            plannedAt: time(), startedAt: chance() ? time() : nil,
            finishedAt: chance() ? time() : nil)
    }
}
