internal import Synchronization

/// Muster's own numbers in Prometheus' text format (exposition format 0.0.4). All names begin `muster_`.
///
/// Only names from a fixed list become series; label values come from small sets (kinds, rules, states), never from
/// targets, so that the number of series stays bounded.
package final class Metrics: Sendable {
    package struct Family: Sendable {
        package enum Kind: String, Sendable {
            case counter, gauge, histogram
        }

        let name: String
        let kind: Kind
        let help: String
    }

    private struct Series: Hashable {
        let family: String
        /// Already written as `{a="b"}`, sorted by label, or empty.
        let labels: String
    }

    private struct Histogram {
        var counts = [Int](repeating: 0, count: Metrics.bounds.count)
        var count = 0
        var sum = 0.0
    }

    private struct State {
        var values: [Series: Double] = [:]
        var histograms: [Series: Histogram] = [:]
    }

    /// Upper bounds of the buckets, in seconds.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

    private let state = Mutex(State())

    package init() {}

    package func count(_ family: Family, _ labels: KeyValuePairs<String, String> = [:], by amount: Int = 1) {
        let series = Series(family: family.name, labels: Metrics.text(labels))
        state.withLock { $0.values[series, default: 0] += Double(amount) }
    }

    package func set(_ family: Family, _ labels: KeyValuePairs<String, String> = [:], to value: Double) {
        let series = Series(family: family.name, labels: Metrics.text(labels))
        state.withLock { $0.values[series] = value }
    }

    package func observe(_ family: Family, _ labels: KeyValuePairs<String, String> = [:], seconds: Double) {
        let series = Series(family: family.name, labels: Metrics.text(labels))
        state.withLock { state in
            var histogram = state.histograms[series] ?? Histogram()
            for (index, bound) in Metrics.bounds.enumerated() where seconds <= bound { histogram.counts[index] += 1 }
            histogram.count += 1
            histogram.sum += seconds
            state.histograms[series] = histogram
        }
    }

    /// The whole exposition, families and series sorted by name.
    package func text() -> String {
        let (values, histograms) = state.withLock { ($0.values, $0.histograms) }
        var output = ""
        for family in Family.all.sorted(by: { $0.name < $1.name }) {
            output += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for (series, value) in values.filter({ $0.key.family == family.name }).sorted(by: Metrics.order) {
                output += "\(series.family)\(series.labels) \(Metrics.text(value))\n"
            }
            for (series, histogram) in histograms.filter({ $0.key.family == family.name }).sorted(by: Metrics.order) {
                output += Metrics.text(series, histogram)
            }
        }
        return output
    }

    private static func order<Value>(_ lhs: (key: Series, value: Value), _ rhs: (key: Series, value: Value)) -> Bool {
        lhs.key.labels < rhs.key.labels
    }

    private static func text(_ series: Series, _ histogram: Histogram) -> String {
        let inner = series.labels.isEmpty ? "" : series.labels.dropFirst().dropLast() + ","
        var output = ""
        for (bound, count) in zip(bounds, histogram.counts) {
            output += "\(series.family)_bucket{\(inner)le=\"\(text(bound))\"} \(count)\n"
        }
        output += "\(series.family)_bucket{\(inner)le=\"+Inf\"} \(histogram.count)\n"
        output += "\(series.family)_sum\(series.labels) \(histogram.sum)\n"
        output += "\(series.family)_count\(series.labels) \(histogram.count)\n"
        return output
    }

    private static func text(_ labels: KeyValuePairs<String, String>) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    private static func escaped(_ value: String) -> String {
        var output = ""
        for character in value {
            switch character {
            case "\\": output += "\\\\"
            case "\"": output += "\\\""
            case "\n": output += "\\n"
            default: output.append(character)
            }
        }
        return output
    }
}

extension Metrics.Family {
    package static let buildInfo = Self(
        name: "muster_build_info", kind: .gauge, help: "Always 1; the version is a label.")
    package static let ticks = Self(name: "muster_ticks_total", kind: .counter, help: "Ticks by result.")
    package static let tickDuration = Self(
        name: "muster_tick_duration_seconds", kind: .histogram, help: "One tick, observation included.")
    package static let observeDuration = Self(
        name: "muster_observation_duration_seconds", kind: .histogram, help: "One observation pass of all sources.")
    package static let lastTickAge = Self(
        name: "muster_last_successful_tick_age_seconds", kind: .gauge, help: "Time since a tick last succeeded.")
    package static let wakes = Self(name: "muster_wakes_total", kind: .counter, help: "Wake-ups of the loop by cause.")
    package static let services = Self(
        name: "muster_services", kind: .gauge, help: "Services of the registry by what the last plan says of them.")
    package static let observed = Self(
        name: "muster_services_observed", kind: .gauge, help: "Services of the registry by observed condition.")
    package static let proposals = Self(
        name: "muster_proposals_total", kind: .counter, help: "Proposals gated, by kind and source.")
    package static let decisions = Self(
        name: "muster_decisions_total", kind: .counter, help: "Decisions recorded, by verdict and rule.")
    package static let approvals = Self(name: "muster_approvals", kind: .gauge, help: "Open approvals by status.")
    package static let approvalChanges = Self(
        name: "muster_approvals_resolved_total", kind: .counter,
        help: "Approvals that stopped being pending, by status.")
    package static let oldestApproval = Self(
        name: "muster_approvals_oldest_pending_age_seconds", kind: .gauge, help: "Age of the oldest pending approval.")
    package static let actions = Self(
        name: "muster_actions_total", kind: .counter, help: "Actions that reached a state, by kind and state.")
    package static let actionDuration = Self(
        name: "muster_action_duration_seconds", kind: .histogram, help: "From claim to outcome, by kind.")
    package static let observerErrors = Self(
        name: "muster_observer_errors_total", kind: .counter, help: "Incomplete answers by observer.")
    package static let reloadFailures = Self(
        name: "muster_reload_failures_total", kind: .counter, help: "Files that were refused at a reload.")
    package static let fileOK = Self(
        name: "muster_file_ok", kind: .gauge, help: "1 while the file in use is the file on disk, 0 on last good.")
    package static let leader = Self(name: "muster_leader", kind: .gauge, help: "1 while this process leads.")
    package static let epoch = Self(name: "muster_epoch", kind: .gauge, help: "Epoch of this process's term.")

    package static let elections = Self(
        name: "muster_elections_total", kind: .counter, help: "Terms that this process took, by reason.")
    package static let instances = Self(
        name: "muster_instances", kind: .gauge, help: "Instances that reported themselves to the store in the last day."
    )
    package static let leaseAge = Self(
        name: "muster_lease_age_seconds", kind: .gauge, help: "Age of the leader's last heartbeat, whoever leads.")

    static let all: [Self] = [
        .buildInfo, .ticks, .tickDuration, .observeDuration, .lastTickAge, .wakes, .services, .observed, .proposals,
        .decisions, .approvals, .approvalChanges, .oldestApproval, .actions, .actionDuration, .observerErrors,
        .reloadFailures, .fileOK, .leader, .epoch, .elections, .instances, .leaseAge,
    ]
}
