/// One scaler on one trace: what it did, and the figures of the comparison.
package struct SimulatedRun: Sendable {
    package var scaler: String
    /// At each tick, after the scaler was asked.
    package var replicas: [Int]
    package var figures: Figures

    package struct Figures: Sendable, Hashable {
        /// For each phase of the trace, seconds from its beginning to the last change of replicas in it.
        package var settlingSeconds: [Int]
        /// The most replicas less the most that the load needs.
        package var overshoot: Int
        package var scalings: Int
        /// Share of the time in which a replica has more than 110 % of its target: beyond what every one of the
        /// scalers tolerates.
        package var overloaded: Double
        /// Replicas beyond what the load needs, times hours.
        package var idleHours: Double
    }

    package init(_ scaler: some Scaler, on trace: LoadTrace) {
        var scaler = scaler
        var current = Common.initial
        var replicas: [Int] = []
        for (tick, measured) in trace.measured.enumerated() {
            current = scaler.replicas(having: current, load: measured, second: tick * LoadTrace.tickSeconds)
            replicas.append(current)
        }
        self.scaler = scaler.name
        self.replicas = replicas
        figures = Self.figures(replicas, trace)
    }

    /// The least number of replicas at which none has more than the target.
    package static func needed(_ load: Double) -> Int {
        min(max(Int((load / Common.target - 1e-9).rounded(.up)), Common.minimum), Common.maximum)
    }

    private static func figures(_ replicas: [Int], _ trace: LoadTrace) -> Figures {
        let needed = trace.load.map(Self.needed)
        let changes = replicas.indices.dropFirst().filter { replicas[$0] != replicas[$0 - 1] }
            .map { $0 * LoadTrace.tickSeconds }
        let settling = trace.phases.map { phase in
            changes.last { $0 >= phase.from && $0 < phase.until }.map { $0 - phase.from } ?? 0
        }
        let overloaded = zip(replicas, trace.load).count { $1 / Double($0) > 1.1 * Common.target }
        let idle = zip(replicas, needed).reduce(0) { $0 + max($1.0 - $1.1, 0) }
        return Figures(
            settlingSeconds: settling, overshoot: max((replicas.max() ?? 0) - (needed.max() ?? 0), 0),
            scalings: changes.count, overloaded: Double(overloaded) / Double(replicas.count),
            idleHours: Double(idle * LoadTrace.tickSeconds) / 3600)
    }
}
