package import FleetModel

/// What an evaluation found: what to scale, and for every service that has a `scaling:` block why or why not.
package struct Evaluation: Sendable {
    /// Sorted by target.
    package var proposals: [Proposal]
    /// One for each service with a `scaling:` block, sorted by name.
    package var services: [ScalingEvaluation]

    package init(proposals: [Proposal] = [], services: [ScalingEvaluation] = []) {
        self.proposals = proposals
        self.services = services
    }

    /// What the store has to be told, by service. Written with the tick's commit, and only for a tick that decided:
    /// a preview changes nothing.
    package var news: [(service: String, memory: ScalingMemory)] {
        services.filter(\.hasNews).map { ($0.service, $0.memory) }
    }

    package subscript(service: String) -> ScalingEvaluation? {
        var low = 0
        var high = services.count
        while low < high {
            let middle = (low + high) / 2
            if services[middle].service < service { low = middle + 1 } else { high = middle }
        }
        return low < services.count && services[low].service == service ? services[low] : nil
    }
}

/// One service at one evaluation, with every number that it was made from.
package struct ScalingEvaluation: Hashable, Sendable {
    package var service: String
    /// Index into `DesiredState.services`.
    package var index: Int
    /// The sample that was good; nil when there was none.
    package var sample: SignalSample?
    /// Nil where the replicas are not known.
    package var arithmetic: ScalingArithmetic?
    package var verdict: ScalingVerdict
    package var memory: ScalingMemory
    /// `memory` differs from the one before in more than the time of the newest sample.
    package var hasNews: Bool

    package init(
        service: String, index: Int, sample: SignalSample? = nil, arithmetic: ScalingArithmetic? = nil,
        verdict: ScalingVerdict, memory: ScalingMemory, hasNews: Bool
    ) {
        self.service = service
        self.index = index
        self.sample = sample
        self.arithmetic = arithmetic
        self.verdict = verdict
        self.memory = memory
        self.hasNews = hasNews
    }
}

package enum ScalingVerdict: Hashable, Sendable {
    case stopped(ScalingGuard)
    /// Index into `Evaluation.proposals`.
    case proposed(Int)

    /// For metrics and JSON: the guard's word, or `proposed`.
    package var word: String {
        switch self {
        case .stopped(let guardian): guardian.word
        case .proposed: "proposed"
        }
    }
}

/// Why a service is to have another number of replicas.
package enum ScalingBasis: String, Sendable {
    /// The value of its signal.
    case signal
    /// A window of `schedule:` is open whose `min` is above what there is.
    case schedule
    /// `paused: {replicas: n}`.
    case pause = "paused"
    /// The signal has been lost for longer than `fallback.after_s`.
    case fallback
    /// Outside `min`...`max` while the reconciler is off.
    case bounds
}

/// From the value to the number of replicas. Numbers that were not needed are nil.
package struct ScalingArithmetic: Hashable, Sendable {
    package var basis: ScalingBasis
    /// Replicas wanted of the runtime, as observed.
    package var current: Int
    /// `max(current, 1)`: what a fleet total is divided by.
    package var effective: Int
    package var perReplica: Double?
    package var target: Double
    /// `effective x perReplica / target`; infinite where that overflows.
    package var exact: Double?
    /// `exact` rounded up, or the number that the basis names; at most `mostReplicas`.
    package var wanted: Int
    /// `ScalingSpec.floor(at:)` and `max`.
    package var minimum: Int
    package var maximum: Int
    /// `wanted` within `minimum`...`maximum`.
    package var clamped: Int
    /// `clamped`, but at most a step away from `current`: what is proposed when no guard stops it.
    package var desired: Int

    /// Where `wanted` ends: far above any `max`, far below what overflows.
    package static let mostReplicas = 1_000_000_000

    package var direction: ScalingDirection? {
        desired > current ? .up : desired < current ? .down : nil
    }
}
