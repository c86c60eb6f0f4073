import FleetModel
import Signals
import Testing

@Suite struct PushedSignalsTests {
    static let now = WallTime(rfc3339: "2026-01-05T12:00:00Z")!
    static let desired = DesiredState(
        services: [ServiceSpec(name: "api")],
        signals: SignalCatalog([SignalDefinition(name: "jobs", aggregation: .fleetTotal, unit: "jobs")]), digest: "d")

    private func push(_ text: String, prometheus: Bool = false) throws -> PushedSignals {
        let source = PrometheusSource(PrometheusEndpoint(url: "http://127.0.0.1:1"))
        let body = try #require(try JSONValue.parse(text).object)
        return try PushedSignals(
            body, by: "worker", desired: Self.desired, reader: SignalReader(prometheus: prometheus ? source : nil),
            now: Self.now)
    }

    @Test func `one sample and a list of them`() throws {
        let one = try push(#"{"service":"api","signal":"jobs","value":7}"#)
        #expect(
            one.samples == [
                SignalSample(
                    service: "api", signal: "jobs", value: 7, unit: "jobs", aggregation: .fleetTotal,
                    source: .pushed(by: "worker"), at: Self.now)
            ])
        let list = try push(
            #"{"signals":[{"service":"api","signal":"jobs","value":7},{"service":"api","signal":"queue_depth","value":1.5,"at":"2026-01-05T11:59:59Z","unit":"items","aggregation":"fleet_total"}]}"#
        )
        #expect(list.samples.map(\.value) == [7, 1.5])
    }

    @Test(arguments: [
        (#"{"service":"other","signal":"jobs","value":7}"#, "not in the registry"),
        (#"{"service":"api","signal":"nothing","value":7}"#, "no such signal"),
        (#"{"service":"api","signal":"jobs"}"#, "`value` must be a number"),
        (#"{"service":"api","signal":"jobs","value":"7"}"#, "`value` must be a number"),
        (#"{"service":"api","signal":"jobs","value":-1}"#, "below 0"),
        (#"{"service":"api","signal":"jobs","value":7,"at":"yesterday"}"#, "`at` must be a time"),
        (#"{"service":"api","signal":"jobs","value":7,"at":"2026-01-05T11:00:00Z"}"#, "3600 s old"),
        (#"{"service":"api","signal":"jobs","value":7,"at":"2026-01-05T12:01:00Z"}"#, "60 s in the future"),
        (#"{"service":"api","signal":"jobs","value":7,"unit":"items"}"#, "counts `items`"),
        (#"{"service":"api","signal":"jobs","value":7,"aggregation":"per_replica"}"#, "`per_replica`"),
        (#"{"service":"api","signal":"jobs","value":7,"aggregation":"mean"}"#, "must be `fleet_total`"),
        (#"{"service":"api","signal":"jobs","value":7,"query":"up"}"#, "unknown field `query`"),
        (#"{"signal":"jobs","value":7}"#, "are required"),
    ])
    func `what is no sample is named, with its reason`(text: String, part: String) throws {
        let pushed = try push(text)
        #expect(pushed.samples.isEmpty)
        guard case .failure(let refusal) = pushed.items.first?.outcome else { return }
        #expect(refusal.description.contains(part), "\(refusal)")
    }

    @Test func `a bad one costs only itself`() throws {
        let pushed = try push(
            #"{"signals":[{"service":"api","signal":"jobs","value":1},7,{"service":"api","signal":"jobs","value":2}]}"#)
        #expect(pushed.samples.map(\.value) == [1, 2])
    }

    @Test func `a signal that is read from Prometheus is not pushed as well`() throws {
        #expect(try push(#"{"service":"api","signal":"queue_depth","value":1}"#, prometheus: true).samples.isEmpty)
        #expect(try push(#"{"service":"api","signal":"jobs","value":1}"#, prometheus: true).samples.count == 1)
    }

    @Test(arguments: [#"{"signals":[]}"#, #"{"signals":7}"#, #"{"signals":[{}],"value":1}"#])
    func `what is no push at all is refused whole`(text: String) {
        #expect(throws: PushedSignals.Refusal.self) { try push(text) }
    }
}
