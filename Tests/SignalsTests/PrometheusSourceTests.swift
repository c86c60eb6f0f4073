import FleetModel
import Foundation
import HTTPClient
import Signals
import Testing

/// What the Prometheus source promises, against a real HTTP server.
@Suite struct PrometheusSourceTests {
    static let definition = SignalDefinition(
        name: "load", aggregation: .fleetTotal, unit: "items", query: #"load{service="{service}"}"#)
    static let request = SignalRequest(service: "api", definition: definition)

    /// The real bounds but for the times: other load on the machine is no failure of the source.
    private static let patient = {
        var bounds = PrometheusSource.Bounds()
        bounds.queryTimeout = .seconds(120)
        bounds.deadline = .seconds(240)
        return bounds
    }()

    private func read(
        _ requests: [SignalRequest] = [request], bounds: PrometheusSource.Bounds = patient,
        authorization: PrometheusEndpoint.Authorization = .none,
        _ answer: @escaping @Sendable (FakePrometheus.Request) -> FakePrometheus.Answer
    ) async throws -> (readings: [String: SignalReading], server: FakePrometheus) {
        let server = try FakePrometheus(answer)
        defer { server.stop() }
        let source = PrometheusSource(
            PrometheusEndpoint(url: server.url, authorization: authorization), bounds: bounds)
        return (await source.read(requests), server)
    }

    private func missing(_ reading: SignalReading?) -> NoSignal? {
        guard case .missing(let reason) = reading else { return nil }
        return reason
    }

    @Test func `one value is a sample with all that a sample says`() async throws {
        let (readings, server) = try await read { _ in
            .init(FakePrometheus.vector((#""service":"api""#, "900.5"), at: 1_767_614_400.781))
        }
        let expected = SignalSample(
            service: "api", signal: "load", value: 900.5, unit: "items", aggregation: .fleetTotal,
            source: .prometheus, at: WallTime(milliseconds: 1_767_614_400_781))
        #expect(readings == ["api": .sample(expected)])
        let asked = try #require(server.requests.first)
        #expect(asked.line == "POST /api/v1/query HTTP/1.1")
        #expect(asked.query == #"load{service="api"}"#)
        #expect(asked.form["lookback_delta"] == "120s")
        #expect(asked.headers["authorization"] == nil)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var note: String
        var answer: FakePrometheus.Answer
        /// The word of the reason, and a part of its text.
        var word: String
        var part: String
        var testDescription: String { note }
    }

    static let cases: [Case] = [
        Case(note: "an empty vector", answer: .init(FakePrometheus.vector()), word: "empty", part: "no value"),
        Case(
            note: "two series", answer: .init(FakePrometheus.vector((#""a":"1""#, "1"), (#""a":"2""#, "1"))),
            word: "ambiguous", part: "2 series"),
        Case(
            note: "NaN", answer: .init(FakePrometheus.vector(("", "NaN"))), word: "not_a_number", part: "not a number"),
        Case(note: "+Inf", answer: .init(FakePrometheus.vector(("", "+Inf"))), word: "infinite", part: "infinite"),
        Case(note: "-Inf", answer: .init(FakePrometheus.vector(("", "-Inf"))), word: "infinite", part: "infinite"),
        Case(
            note: "a value that overflows", answer: .init(FakePrometheus.vector(("", "1e999"))), word: "infinite",
            part: "infinite"),
        Case(note: "garbage", answer: .init("%%%"), word: "source_failed", part: "not JSON"),
        Case(note: "nothing", answer: .init(""), word: "source_failed", part: "not JSON"),
        Case(note: "cut off", answer: .init(#"{"status":"success","da"#), word: "source_failed", part: "not JSON"),
        Case(note: "another's JSON", answer: .init(#"{"ok":true}"#), word: "source_failed", part: "no `status`"),
        Case(
            note: "a matrix", answer: .init(#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#),
            word: "source_failed", part: "a matrix, not a vector"),
        Case(
            note: "a value that is a number and no text",
            answer: .init(
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}"#),
            word: "source_failed", part: "not a time and a text"),
        Case(
            note: "a value that is a word", answer: .init(FakePrometheus.vector(("", "lots"))), word: "source_failed",
            part: "no number"),
        Case(
            note: "a value in hexadecimal", answer: .init(FakePrometheus.vector(("", "0x10"))), word: "source_failed",
            part: "no number"),
        Case(
            note: "a time out of range", answer: .init(FakePrometheus.vector(("", "1"), at: 1e15)),
            word: "source_failed", part: "out of range"),
        Case(
            note: "a query that Prometheus refuses",
            answer: .init(#"{"status":"error","errorType":"bad_data","error":"parse error"}"#, status: 400),
            word: "source_failed", part: "refused the query (bad_data): parse error"),
        Case(
            note: "a success that says 500", answer: .init(FakePrometheus.vector(("", "1")), status: 500),
            word: "source_failed", part: "status 500"),
        Case(note: "401", answer: .init("no", status: 401), word: "source_failed", part: "status 401"),
        Case(
            note: "a redirect", answer: .init("", status: 302, headers: ["Location: http://127.0.0.1:1/steal"]),
            word: "source_failed", part: "redirects are not followed"),
    ]

    @Test(arguments: cases)
    func `what is no value is no data, with its reason`(wanted: Case) async throws {
        let (readings, server) = try await read { _ in wanted.answer }
        let reason = try #require(missing(readings["api"]), "\(readings)")
        #expect(reason.word == wanted.word)
        #expect(reason.description.contains(wanted.part), "\(reason)")
        #expect(server.requests.count == 1, "nothing is asked twice")
    }

    @Test func `a stall ends at the query's timeout`() async throws {
        var bounds = Self.patient
        bounds.queryTimeout = .milliseconds(300)
        let started = ContinuousClock.now
        let (readings, _) = try await read(bounds: bounds) { _ in .init("{}", delayMilliseconds: 600_000) }
        #expect(missing(readings["api"])?.description.contains("did not answer within") == true, "\(readings)")
        #expect(ContinuousClock.now - started < .seconds(300), "far below what the server would take")
    }

    @Test func `an answer that is too long is refused, and one with too many series`() async throws {
        var bounds = Self.patient
        bounds.answerBytes = 10_000
        let (readings, _) = try await read(bounds: bounds) { _ in .init(String(repeating: "x", count: 20_000)) }
        #expect(missing(readings["api"])?.description.contains("longer than 10000 bytes") == true, "\(readings)")

        let one = #"{"metric":{},"value":[1,"1"]}"#
        let many = Array(repeating: one, count: PrometheusAnswer.mostSeries + 1).joined(separator: ",")
        let body = #"{"status":"success","data":{"resultType":"vector","result":["# + many + "]}}"
        let (flooded, _) = try await read { _ in .init(body) }
        #expect(missing(flooded["api"])?.description.contains("20001 series") == true)
    }

    @Test func `a failure costs only the services that it is for`() async throws {
        let names = ["a", "b", "c", "d", "e"]
        let requests = names.map { SignalRequest(service: $0, definition: Self.definition) }
        let (readings, _) = try await read(requests) { request in
            switch request.query {
            case #"load{service="b"}"#: .init("garbage")
            case #"load{service="d"}"#: .init("", status: 503)
            default: .init(FakePrometheus.vector(("", "7")))
            }
        }
        #expect(names.filter { missing(readings[$0]) != nil } == ["b", "d"])
    }

    @Test func `the same query is asked once, and four at a time at most`() async throws {
        let shared = SignalDefinition(name: "load", aggregation: .fleetTotal, unit: "items", query: "max(load)")
        var requests = (0..<20).map { SignalRequest(service: "shared-\($0)", definition: shared) }
        requests += (0..<20).map { SignalRequest(service: "own-\($0)", definition: Self.definition) }
        let (readings, server) = try await read(requests) { _ in
            .init(FakePrometheus.vector(("", "7")), delayMilliseconds: 30)
        }
        #expect(server.requests.count == 21)
        #expect(server.mostInFlight <= 4)
        #expect(readings.count == 40)
        #expect(readings.values.allSatisfy { missing($0) == nil })
    }

    @Test func `beyond 64 distinct queries the rest are told so, the most shared come first`() async throws {
        let shared = SignalDefinition(name: "load", aggregation: .fleetTotal, unit: "items", query: "max(load)")
        var requests = (0..<70).map { SignalRequest(service: "own-\(100 + $0)", definition: Self.definition) }
        requests += [SignalRequest(service: "x", definition: shared), SignalRequest(service: "y", definition: shared)]
        let (readings, server) = try await read(requests) { _ in .init(FakePrometheus.vector(("", "7"))) }
        #expect(server.requests.count == 64)
        let left = readings.filter { missing($0.value) != nil }
        #expect(left.keys.sorted() == (163...169).map { "own-\($0)" })
        #expect(left.values.allSatisfy { missing($0)?.description.contains("71 distinct queries") == true })
    }

    @Test func `the deadline of the batch holds whatever each query may take`() async throws {
        var bounds = PrometheusSource.Bounds()
        bounds.queryTimeout = .milliseconds(400)
        bounds.deadline = .milliseconds(900)
        let requests = (0..<40).map { SignalRequest(service: "s\($0)", definition: Self.definition) }
        let started = ContinuousClock.now
        let (readings, server) = try await read(requests, bounds: bounds) { _ in
            .init("{}", delayMilliseconds: 600_000)
        }
        #expect(ContinuousClock.now - started < .seconds(300), "far below what the server would take")
        #expect(readings.count == 40)
        #expect(readings.values.allSatisfy { missing($0)?.word == "source_failed" })
        #expect(server.requests.count < 40, "what is past the deadline is not asked")
    }

    @Test func `the series of a shared query are told apart by their label`() async throws {
        let shared = SignalDefinition(name: "load", aggregation: .fleetTotal, unit: "items", query: "load")
        let requests = ["a", "b", "c"].map { SignalRequest(service: $0, definition: shared) }
        let (readings, _) = try await read(requests) { _ in
            .init(
                FakePrometheus.vector(
                    (#""service":"a""#, "1"), (#""service":"b","x":"1""#, "2"), (#""service":"b","x":"2""#, "3"),
                    ("", "9")))
        }
        guard case .sample(let a) = readings["a"] else { throw Unread() }
        #expect(a.value == 1)
        #expect(missing(readings["b"]) == .ambiguous(series: 2))
        #expect(missing(readings["c"]) == .empty, "a series that says no service is nobody's where others say theirs")
    }

    struct Unread: Error {}

    @Test func `credentials are shown to Prometheus and to nobody else`() async throws {
        let file = NSTemporaryDirectory() + "muster-token-\(UUID().uuidString)"
        try "from-a-file\n".write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let shown: [(PrometheusEndpoint.Authorization, String)] = [
            (.bearer(.value("s3cret")), "Bearer s3cret"), (.bearer(.file(file)), "Bearer from-a-file"),
            (.basic(user: "muster", .value("p:w")), "Basic bXVzdGVyOnA6dw=="),
        ]
        for (authorization, header) in shown {
            let (_, server) = try await read(authorization: authorization) { _ in .init("{}") }
            #expect(server.requests.first?.headers["authorization"] == header)
            #expect(!"\(authorization)".contains("s3cret"))
        }
    }

    @Test func `without its credential nothing is asked`() async throws {
        let (readings, server) = try await read(authorization: .bearer(.file("/nowhere/token"))) { _ in .init("{}") }
        #expect(server.requests.isEmpty)
        #expect(missing(readings["api"])?.description.contains("/nowhere/token") == true)
        let (broken, _) = try await read(authorization: .bearer(.value("a\r\nX-Evil: 1"))) { _ in .init("{}") }
        #expect(missing(broken["api"])?.description.contains("not one line") == true)
    }

    @Test func `nobody there is no data`() async throws {
        let server = try FakePrometheus { _ in .init("") }
        let url = server.url
        server.stop()
        let readings = await PrometheusSource(PrometheusEndpoint(url: url)).read([Self.request])
        #expect(missing(readings["api"])?.word == "source_failed")
    }

    @Test func `1,000 services that share 20 queries are one batch of 20`() async throws {
        let requests = (0..<1000).map { index in
            SignalRequest(
                service: "s\(index)",
                definition: SignalDefinition(
                    name: "load_\(index % 20)", aggregation: .fleetTotal, unit: "items", query: "load_\(index % 20)"))
        }
        // Each query answers for its 50 services.
        let started = ContinuousClock.now
        defer { print("1,000 services on 20 shared queries: \(ContinuousClock.now - started)") }
        let (readings, server) = try await read(requests) { request in
            let kind = Int(request.query.split(separator: "_")[1]) ?? 0
            let series = stride(from: kind, to: 1000, by: 20).map {
                #"{"metric":{"service":"s\#($0)"},"value":[1767614400,"\#($0)"]}"#
            }
            return .init(
                #"{"status":"success","data":{"resultType":"vector","result":["# + series.joined(separator: ",")
                    + "]}}")
        }
        #expect(server.requests.count == 20)
        for index in 0..<1000 {
            guard case .sample(let sample) = readings["s\(index)"] else { throw Unread() }
            #expect(sample.value == Double(index))
        }
    }
}
