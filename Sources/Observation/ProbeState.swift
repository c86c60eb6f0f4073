package import FleetModel

/// How one probe ended.
package enum ProbeResult: Hashable, Sendable {
    case succeeded
    /// Why not, in a few words that do not change from one failure to the next of the same kind.
    case failed(String)
}

/// What a service's probe results add up to: a threshold in each direction, so that neither one lost packet nor one
/// lucky answer turns a verdict.
///
/// Until either threshold is reached for the first time there is no verdict. From then on the verdict holds until the
/// threshold of the other direction is reached.
package struct ProbeState: Equatable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case up
        case down(String)

        fileprivate var isUp: Bool { self == .up }
    }

    package private(set) var verdict: Verdict?
    /// When the first result of the streak was in that the verdict rests on.
    package private(set) var since: WallTime?
    package private(set) var lastResultAt: WallTime?
    /// How many results in a row went the same way, counted no further than needed.
    private var streak = 0
    private var streakIsUp = false
    private var streakBegan: WallTime?

    package init() {}

    /// Takes one result in; true when the verdict is another one than before.
    package mutating func record(_ result: ProbeResult, spec: ProbeSpec, at now: WallTime) -> Bool {
        let isUp = result == .succeeded
        if streak == 0 || streakIsUp != isUp {
            streakIsUp = isUp
            streak = 0
            streakBegan = now
        }
        let threshold = max(isUp ? spec.successes : spec.failures, 1)
        streak = min(streak + 1, threshold)
        lastResultAt = now
        guard streak == threshold, verdict?.isUp != isUp else { return false }
        since = streakBegan
        switch result {
        case .succeeded: verdict = .up
        case .failed(let reason): verdict = .down(reason)
        }
        return true
    }

    /// Results older than this say nothing any more: three intervals, at least 30 s.
    package static func staleAfterSeconds(_ spec: ProbeSpec) -> Int {
        max(3 * spec.intervalSeconds, 30)
    }

    package func condition(spec: ProbeSpec, at now: WallTime) -> Condition {
        guard let lastResultAt else { return .unknown(.probing) }
        if now.seconds(since: lastResultAt) > ProbeState.staleAfterSeconds(spec) { return .unknown(.stale) }
        switch verdict {
        case .up: return .up
        case .down(let reason): return .down(.probeFailed(reason))
        case nil: return .unknown(.probing)
        }
    }
}
