package import FleetModel

/// Where each signal is read: from Prometheus where one is configured and the definition has a query, else from the
/// gauges that were pushed. One source a signal, so that two of them never contradict each other.
package struct SignalReader: Sendable {
    private let prometheus: PrometheusSource?

    package init(prometheus: PrometheusSource? = nil) {
        self.prometheus = prometheus
    }

    package func isPushed(_ definition: SignalDefinition) -> Bool {
        prometheus == nil || definition.query == nil
    }

    /// One reading for each request that Prometheus answers for; ten seconds at most.
    package func readPrometheus(_ requests: [SignalRequest]) async -> [String: SignalReading] {
        guard let prometheus else { return [:] }
        return await prometheus.read(requests.filter { !isPushed($0.definition) })
    }

    /// One reading for each request that gauges answer for.
    package func readGauges(_ requests: [SignalRequest], _ gauges: [SignalSample]) -> [String: SignalReading] {
        let pushed = requests.filter { isPushed($0.definition) }
        guard !pushed.isEmpty else { return [:] }
        let newest = Dictionary(gauges.map { (GaugeKey($0), $0) }) { $0.at >= $1.at ? $0 : $1 }
        var readings: [String: SignalReading] = [:]
        for request in pushed {
            let sample = newest[GaugeKey(service: request.service, signal: request.definition.name)]
            readings[request.service] = sample.map { .sample($0) } ?? .missing(.empty)
        }
        return readings
    }
}

private struct GaugeKey: Hashable {
    var service: String
    var signal: String

    init(service: String, signal: String) {
        self.service = service
        self.signal = signal
    }

    init(_ sample: SignalSample) {
        self.init(service: sample.service, signal: sample.signal)
    }
}
