import FleetModel
import Foundation

/// A Saturday, 01:30 UTC.
let now = WallTime(rfc3339: "2026-11-21T01:30:00Z")!

func time(_ text: String) -> WallTime {
    WallTime(rfc3339: text)!
}

func proposal(
    _ kind: ActionKind = .restartService, _ target: String = "api", source: ProposalSource = .reconciler
) -> Proposal {
    Proposal(kind: kind, target: target, source: source, reason: "exited with code 1")
}

func rule(
    _ id: String, kind: String = "*", target: String = "*", source: String = "*", tier: Tier = .auto,
    rate: RateLimit? = nil, blast: BlastRadius? = nil, window: MaintenanceWindow? = nil, approvals: Int = 1,
    expires: WallTime? = nil
) -> PolicyRule {
    PolicyRule(
        id: id, kind: Glob(kind)!, target: Glob(target)!, source: Glob(source)!, tier: tier, rateLimit: rate,
        blastRadius: blast, window: window, approvals: approvals, expires: expires, origin: .file(line: 1))
}

func policy(_ rules: [PolicyRule], defaults: PolicyDefaults = PolicyDefaults()) -> Policy {
    Policy(defaults: defaults, rules: rules, digest: "p")
}

/// A ledger in which restarts of these targets were allowed so many seconds before `now`.
func ledger(_ spends: [(target: String, ago: Int)]) -> LedgerView {
    LedgerView(
        head: spends.count,
        spends: spends.map {
            (key: ActionKey(kind: .restartService, target: $0.target), at: now.adding(seconds: -$0.ago))
        })
}

func hours(_ start: Int, _ end: Int, days: Set<Weekday> = [], zone: String = "UTC") -> MaintenanceWindow {
    MaintenanceWindow(
        days: days, startMinute: start * 60, endMinute: end * 60, timeZone: TimeZone(identifier: zone)!)
}

/// SplitMix64: the same seed gives the same cases everywhere.
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
