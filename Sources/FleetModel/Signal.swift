/// What a signal's value counts.
package enum SignalAggregation: String, Sendable, CaseIterable {
    /// All replicas together, such as the length of a queue: the evaluation divides it by the replicas.
    case fleetTotal = "fleet_total"
    /// One replica on average, such as the load of a processor.
    case perReplica = "per_replica"
}

/// Where a sample comes from.
package enum SignalSource: Hashable, Sendable, CustomStringConvertible {
    case prometheus
    /// Posted to `POST /api/fleet/signals` by this principal.
    case pushed(by: String)
    /// One of Muster's own gauges.
    case own
    /// A person's "what if": `muster scale explain --value`.
    case supposed

    package var description: String {
        switch self {
        case .prometheus: "prometheus"
        case .pushed(let name): "pushed by \(name)"
        case .own: "muster"
        case .supposed: "supposed"
        }
    }
}

/// One signal's meaning: a built-in one, or one that the overlay defines under `signals:`.
package struct SignalDefinition: Hashable, Sendable {
    package var name: String
    package var aggregation: SignalAggregation
    /// What the value counts, for people and for the comparison with what a sample says: `items`, `percent`.
    package var unit: String
    /// A sample older than so many seconds is no data.
    package var maximumAgeSeconds: Int
    /// PromQL with `{service}` as its only substitution; nil for a signal that is only ever pushed. Read by
    /// `Signals` alone, which fills it in and quotes it.
    package var query: String?

    package static let defaultMaximumAgeSeconds = 120
    /// How far a sample's clock may be ahead of Muster's.
    package static let futureAllowanceSeconds = 10

    package init(
        name: String, aggregation: SignalAggregation, unit: String,
        maximumAgeSeconds: Int = SignalDefinition.defaultMaximumAgeSeconds, query: String? = nil
    ) {
        self.name = name
        self.aggregation = aggregation
        self.unit = unit
        self.maximumAgeSeconds = maximumAgeSeconds
        self.query = query
    }
}

/// One value of one signal of one service, as a provider gave it. Nothing has judged it yet.
package struct SignalSample: Hashable, Sendable {
    package var service: String
    package var signal: String
    package var value: Double
    package var unit: String
    package var aggregation: SignalAggregation
    package var source: SignalSource
    /// When it was measured, by the clock of who measured it.
    package var at: WallTime

    package init(
        service: String, signal: String, value: Double, unit: String, aggregation: SignalAggregation,
        source: SignalSource, at: WallTime
    ) {
        self.service = service
        self.signal = signal
        self.value = value
        self.unit = unit
        self.aggregation = aggregation
        self.source = source
        self.at = at
    }
}

/// What is known of a service's signal at one evaluation.
package enum SignalReading: Hashable, Sendable {
    case sample(SignalSample)
    /// No data, and why: nothing is scaled on it.
    case missing(NoSignal)
}

/// Why there is no data.
package enum NoSignal: Hashable, Sendable {
    /// The `scaling:` block names a signal that nobody defined.
    case notDefined(String)
    /// No provider was asked, or none knows the service.
    case notRead
    /// The source answered, and its answer has no value.
    case empty
    /// Several series where one value was asked for.
    case ambiguous(series: Int)
    case notANumber
    case infinite
    /// No signal that is scaled on can be below 0.
    case negative(Double)
    case stale(ageSeconds: Int, maximumSeconds: Int)
    /// Measured later than now: a clock is wrong.
    case future(aheadSeconds: Int)
    /// Measured before a sample that was read already.
    case replayed(at: WallTime, newest: WallTime)
    /// Measured before the replicas last changed, so it says nothing of what runs now.
    case beforeLastScaling(at: WallTime, scaledAt: WallTime)
    case otherUnit(String, expected: String)
    case otherAggregation(SignalAggregation, expected: SignalAggregation)
    case otherSignal(String, expected: String)
    case otherService(String)
    /// The source did not answer, answered too late, or not in its language.
    case sourceFailed(String)
}

extension SignalDefinition {
    /// Why a sample is no data for this service at `now`; nil when it may be scaled on.
    ///
    /// - Parameter newest: when the newest sample that was read before was measured.
    package func problem(
        with sample: SignalSample, service: String, newest: WallTime? = nil, now: WallTime
    ) -> NoSignal? {
        if sample.service != service { return .otherService(sample.service) }
        if sample.signal != name { return .otherSignal(sample.signal, expected: name) }
        if sample.aggregation != aggregation {
            return .otherAggregation(sample.aggregation, expected: aggregation)
        }
        if sample.unit != unit { return .otherUnit(sample.unit, expected: unit) }
        if sample.value.isNaN { return .notANumber }
        if sample.value.isInfinite { return .infinite }
        if sample.value < 0 { return .negative(sample.value) }
        if sample.at > now.adding(seconds: Self.futureAllowanceSeconds) {
            return .future(aheadSeconds: sample.at.seconds(since: now))
        }
        if sample.at < now.adding(seconds: -maximumAgeSeconds) {
            return .stale(ageSeconds: now.seconds(since: sample.at), maximumSeconds: maximumAgeSeconds)
        }
        if let newest, sample.at < newest { return .replayed(at: sample.at, newest: newest) }
        return nil
    }
}

extension NoSignal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notDefined(let name): "no signal `\(name)` is defined"
        case .notRead: "no source was read for it"
        case .empty: "the source has no value for it"
        case .ambiguous(let series): "\(series) series where one value was asked for"
        case .notANumber: "the value is not a number"
        case .infinite: "the value is infinite"
        case .negative(let value): "the value is below 0: \(value)"
        case .stale(let age, let maximum): "the sample is \(age) s old, at most \(maximum) s are allowed"
        case .future(let ahead): "the sample's time is \(ahead) s in the future"
        case .replayed(let at, let newest): "the sample is of \(at), and one of \(newest) was read already"
        case .beforeLastScaling(let at, let scaledAt): "the sample is of \(at), before the scaling of \(scaledAt)"
        case .otherUnit(let unit, let expected): "the sample counts `\(unit)`, the signal `\(expected)`"
        case .otherAggregation(let aggregation, let expected):
            "the sample is `\(aggregation.rawValue)`, the signal `\(expected.rawValue)`"
        case .otherSignal(let name, let expected): "the sample is of `\(name)`, not of `\(expected)`"
        case .otherService(let name): "the sample is of `\(name)`"
        case .sourceFailed(let message): "the source failed: \(message)"
        }
    }

    /// For metrics and JSON: one word, the same for every value.
    package var word: String {
        switch self {
        case .notDefined: "not_defined"
        case .notRead: "not_read"
        case .empty: "empty"
        case .ambiguous: "ambiguous"
        case .notANumber: "not_a_number"
        case .infinite: "infinite"
        case .negative: "negative"
        case .stale: "stale"
        case .future: "future"
        case .replayed: "replayed"
        case .beforeLastScaling: "before_last_scaling"
        case .otherUnit, .otherAggregation, .otherSignal, .otherService: "mismatched"
        case .sourceFailed: "source_failed"
        }
    }
}
