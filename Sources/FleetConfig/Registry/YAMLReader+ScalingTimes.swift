import FleetModel

enum PauseField: String, CaseIterable {
    case replicas
    case until

    static let table = FieldTable(PauseField.self)
}

enum FallbackField: String, CaseIterable {
    case replicas
    case afterSeconds = "after_s"

    static let table = FieldTable(FallbackField.self)
}

enum ScheduleField: String, CaseIterable {
    case window
    case min

    static let table = FieldTable(ScheduleField.self)
}

/// The parts of `scaling:` that say when the signal is not what counts.
extension YAMLReader {
    /// `{replicas: n, until: 2026-01-31T06:00:00Z}`, each of them optional.
    func scalingPause() throws(YAMLStop) -> ScalingPause? {
        var pause = ScalingPause()
        let isMapping = try mapping("paused", in: "`paused`", PauseField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .replicas: pause.replicas = try integer("replicas", in: 0...100_000)
            case .until: pause.until = try time("until")
            }
        }
        return isMapping ? pause : nil
    }

    /// `{replicas: n, after_s: 600}`
    func scalingFallback() throws(YAMLStop) -> ScalingFallback? {
        let start = mark
        var replicas: Int?
        var hasReplicas = false
        var fallback = ScalingFallback(replicas: 0)
        let isMapping = try mapping("fallback", in: "`fallback`", FallbackField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .replicas:
                hasReplicas = true
                replicas = try integer("replicas", in: 1...100_000)
            case .afterSeconds:
                fallback.afterSeconds = try integer("after_s", in: 1...604_800) ?? fallback.afterSeconds
            }
        }
        guard isMapping else { return nil }
        if !hasReplicas { problems.error("`fallback` needs `replicas`", at: start) }
        fallback.replicas = replicas ?? 0
        return fallback
    }

    /// `[{window: "06:00-22:00", min: 3}, …]`; a window as in a policy's `maintenance_window`.
    func scalingSchedule() throws(YAMLStop) -> [ScheduledMinimum] {
        let start = mark
        var entries: [ScheduledMinimum] = []
        try sequence("schedule") { () throws(YAMLStop) in
            let place = mark
            var window: MaintenanceWindow?
            var minimum: Int?
            var present: Set<ScheduleField> = []
            let isMapping = try mapping("schedule", in: "`schedule`", ScheduleField.table) {
                field, _ throws(YAMLStop) in
                present.insert(field)
                switch field {
                case .window: window = try maintenanceWindow("window")
                case .min: minimum = try integer("min", in: 0...100_000)
                }
            }
            guard isMapping else { return }
            for required in ScheduleField.allCases where !present.contains(required) {
                problems.error("an entry of `schedule` needs `\(required.rawValue)`", at: place)
            }
            if let window, let minimum { entries.append(ScheduledMinimum(window: window, minimum: minimum)) }
        }
        if entries.count > 64 { problems.error("`schedule` takes at most 64 entries", at: start) }
        return entries
    }

    /// Numbers that lie outside `min`...`max` would be silently brought into them; a typo is said instead.
    func checkBounds(_ spec: ScalingSpec, at mark: Mark) {
        let bounds = "`min` (\(spec.minimum)) to `max` (\(spec.maximum))"
        func check(_ what: String, _ value: Int?) {
            guard let value, value < spec.minimum || value > spec.maximum else { return }
            problems.error("`\(what)` must be within \(bounds), not \(value)", at: mark)
        }
        check("paused.replicas", spec.pause?.replicas)
        check("fallback.replicas", spec.fallback?.replicas)
        for entry in spec.schedule { check("schedule.min", entry.minimum) }
    }
}
