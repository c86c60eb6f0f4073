/// The `scaling:` block. With a valid one the autoscaler owns the service's replicas.
package struct ScalingSpec: Hashable, Sendable {
    package var minimum: Int
    package var maximum: Int
    package var signal: String
    /// The signal's wanted value per replica; finite and above 0.
    package var target: Double
    package var scaleUpStep: Int
    package var scaleDownStep: Int
    package var cooldownSeconds: Int
    /// Share of the target that the value may be away from it without being a reason to move.
    package var deadband: Double
    package var scaleUpStabilizationSamples: Int
    package var scaleDownStabilizationSamples: Int
    package var pause: ScalingPause?
    package var fallback: ScalingFallback?
    package var schedule: [ScheduledMinimum]

    package init(
        minimum: Int = 1, maximum: Int, signal: String, target: Double, scaleUpStep: Int = 1, scaleDownStep: Int = 1,
        cooldownSeconds: Int = 300, deadband: Double = 0.05, scaleUpStabilizationSamples: Int = 1,
        scaleDownStabilizationSamples: Int = 3, pause: ScalingPause? = nil, fallback: ScalingFallback? = nil,
        schedule: [ScheduledMinimum] = []
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.signal = signal
        self.target = target
        self.scaleUpStep = scaleUpStep
        self.scaleDownStep = scaleDownStep
        self.cooldownSeconds = cooldownSeconds
        self.deadband = deadband
        self.scaleUpStabilizationSamples = scaleUpStabilizationSamples
        self.scaleDownStabilizationSamples = scaleDownStabilizationSamples
        self.pause = pause
        self.fallback = fallback
        self.schedule = schedule
    }

    /// The least number of replicas at `now`: the highest of `min` and the schedule's windows that are open, never
    /// above `max`. The reconciler enforces `min`...`max` alone; a window's own minimum is reached by the
    /// autoscaler, in steps.
    package func floor(at now: WallTime) -> Int {
        var floor = minimum
        for entry in schedule where entry.minimum > floor && entry.window.contains(now) { floor = entry.minimum }
        return min(floor, maximum)
    }
}

/// `paused: {replicas: n, until: …}`: the signal is not followed.
package struct ScalingPause: Hashable, Sendable {
    /// The number of replicas to keep meanwhile, brought into `min`...`max`; nil leaves it at what there is.
    package var replicas: Int?
    /// Nil: until the block is taken out.
    package var until: WallTime?

    package init(replicas: Int? = nil, until: WallTime? = nil) {
        self.replicas = replicas
        self.until = until
    }

    package func isInForce(at now: WallTime) -> Bool {
        until.map { now < $0 } ?? true
    }
}

/// `fallback: {replicas: n, after_s: 600}`: at least so many replicas once the signal has been lost for so long.
///
/// It only ever adds replicas: nothing is scaled down on missing data. Without it a lost signal changes nothing.
package struct ScalingFallback: Hashable, Sendable {
    package var replicas: Int
    package var afterSeconds: Int

    package init(replicas: Int, afterSeconds: Int = 600) {
        self.replicas = replicas
        self.afterSeconds = afterSeconds
    }
}

/// One entry of `schedule:`: inside the window the least number of replicas is at least this.
package struct ScheduledMinimum: Hashable, Sendable {
    package var window: MaintenanceWindow
    /// Expected in `min`...`max`; what lies below `min` has no effect.
    package var minimum: Int

    package init(window: MaintenanceWindow, minimum: Int) {
        self.window = window
        self.minimum = minimum
    }
}

extension ScalingSpec {
    /// Members of fields that are not set are left out, so that a spec without them keeps its digest.
    package var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("min", .integer(minimum)), ("max", .integer(maximum)), ("signal", .string(signal)),
            ("target", .number(target)), ("scale_up_step", .integer(scaleUpStep)),
            ("scale_down_step", .integer(scaleDownStep)), ("cooldown_s", .integer(cooldownSeconds)),
            ("deadband", .number(deadband)),
            ("scale_up_stabilization_samples", .integer(scaleUpStabilizationSamples)),
            ("scale_down_stabilization_samples", .integer(scaleDownStabilizationSamples)),
        ]
        if let pause {
            members.append(("paused", ["replicas": JSONValue(pause.replicas), "until": JSONValue(pause.until)]))
        }
        if let fallback {
            members.append(
                (
                    "fallback",
                    ["replicas": .integer(fallback.replicas), "after_s": .integer(fallback.afterSeconds)]
                ))
        }
        if !schedule.isEmpty {
            let entries = schedule.map { entry -> JSONValue in
                ["window": .string(entry.window.description), "min": .integer(entry.minimum)]
            }
            members.append(("schedule", .array(entries)))
        }
        return .object(JSONObject(unique: members))
    }
}
