import FleetModel

extension YAMLReader {
    /// The `scaling:` block. The caller runs this inside `Problems.asWarnings`: nothing wrong in it refuses the file.
    func scaling() throws(YAMLStop) -> ScalingSpec? {
        let start = mark
        let counts = 1...1_000_000
        var present: Set<ScalingField> = []
        var spec = ScalingSpec(maximum: 1, signal: "", target: 1)
        let isMapping = try mapping("scaling", in: "`scaling`", ScalingField.table) { field, _ throws(YAMLStop) in
            present.insert(field)
            let name = field.rawValue
            switch field {
            case .min: spec.minimum = try integer(name, in: 0...100_000) ?? spec.minimum
            case .max: spec.maximum = try integer(name, in: 0...100_000) ?? spec.maximum
            case .signal: spec.signal = try signalName("signal") ?? spec.signal
            case .target: spec.target = try positive(name) ?? spec.target
            case .scaleUpStep: spec.scaleUpStep = try integer(name, in: 1...100_000) ?? spec.scaleUpStep
            case .scaleDownStep: spec.scaleDownStep = try integer(name, in: 1...100_000) ?? spec.scaleDownStep
            case .cooldownSeconds:
                spec.cooldownSeconds = try integer(name, in: 0...Int(Int32.max)) ?? spec.cooldownSeconds
            case .deadband: spec.deadband = try deadband() ?? spec.deadband
            case .scaleUpSamples:
                spec.scaleUpStabilizationSamples = try integer(name, in: counts) ?? spec.scaleUpStabilizationSamples
            case .scaleDownSamples:
                spec.scaleDownStabilizationSamples = try integer(name, in: counts) ?? spec.scaleDownStabilizationSamples
            case .paused: spec.pause = try scalingPause()
            case .fallback: spec.fallback = try scalingFallback()
            case .schedule: spec.schedule = try scalingSchedule()
            }
        }
        guard isMapping else { return nil }
        for required in [ScalingField.max, .signal, .target] where !present.contains(required) {
            problems.error("`scaling` needs `\(required.rawValue)`", at: start)
        }
        if present.contains(.max), spec.minimum > spec.maximum {
            problems.error("`min` (\(spec.minimum)) must not exceed `max` (\(spec.maximum))", at: start)
        } else if present.contains(.max) {
            checkBounds(spec, at: start)
        }
        return spec
    }

    private func positive(_ what: String) throws(YAMLStop) -> Double? {
        let start = mark
        guard let value = try number(what) else { return nil }
        if value > 0 { return value }
        problems.error("`\(what)` must be greater than 0", at: start)
        return nil
    }

    private func deadband() throws(YAMLStop) -> Double? {
        let start = mark
        guard let value = try number("deadband") else { return nil }
        if value >= 0, value < 1 { return value }
        problems.error("`deadband` must be at least 0 and less than 1", at: start)
        return nil
    }
}
