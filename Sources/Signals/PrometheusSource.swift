package import FleetModel
internal import Foundation
package import HTTPClient

/// Reads a batch of signals from Prometheus, within bounds that always hold: so many queries, so many at once, so
/// long for each, so long for all, so many bytes of each answer.
///
/// Never throws: what failed is the reading of the services it was for, and of no other.
package struct PrometheusSource: Sendable {
    package struct Bounds: Sendable {
        package var inFlight = 4
        package var queryTimeout = Duration.seconds(5)
        package var deadline = Duration.seconds(10)
        package var answerBytes = 8 << 20

        package init() {}
    }

    private let endpoint: PrometheusEndpoint
    private let bounds: Bounds
    private let client: HTTPClient

    package init(_ endpoint: PrometheusEndpoint, bounds: Bounds = Bounds(), client: HTTPClient = HTTPClient()) {
        self.endpoint = endpoint
        self.bounds = bounds
        self.client = client
    }

    /// One reading for each request, by service.
    package func read(_ requests: [SignalRequest]) async -> [String: SignalReading] {
        let batch = QueryBatch(requests)
        var readings: [String: SignalReading] = [:]
        for (request, reason) in batch.left { readings[request.service] = .missing(reason) }
        guard !batch.entries.isEmpty else { return readings }
        let authorization: String?
        do throws(PrometheusEndpoint.CredentialError) {
            authorization = try await endpoint.authorizationHeader()
        } catch {
            for request in requests { readings[request.service] = .missing(.sourceFailed(error.description)) }
            return readings
        }
        let deadline = ContinuousClock.now + bounds.deadline
        let answers = await ask(batch.entries, authorization, until: deadline)
        for (entry, answer) in zip(batch.entries, answers) {
            add(answer, of: entry, to: &readings)
        }
        return readings
    }

    private typealias Answer = Result<PrometheusAnswer, Failure>

    private struct Failure: Error {
        var message: String
    }

    private func add(_ answer: Answer, of entry: QueryBatch.Entry, to readings: inout [String: SignalReading]) {
        switch answer {
        case .failure(let failure):
            for request in entry.requests { readings[request.service] = .missing(.sourceFailed(failure.message)) }
        case .success(let answer):
            // Looked up once: a thousand services may share ten thousand series.
            let byService = Dictionary(grouping: answer.series) { $0.service }
            let isLabelled = entry.query.isShared && byService.keys.contains { $0 != nil }
            for request in entry.requests {
                let own = isLabelled ? PrometheusAnswer(series: byService[request.service] ?? []) : answer
                readings[request.service] = own.reading(for: request, isShared: entry.query.isShared)
            }
        }
    }

    /// The answers in the entries' order; at most `inFlight` at once.
    private func ask(
        _ entries: [QueryBatch.Entry], _ authorization: String?, until deadline: ContinuousClock.Instant
    ) async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            var answers = [Answer](
                repeating: .failure(Failure(message: "it was not asked")), count: entries.count)
            var next = 0
            func start() {
                guard next < entries.count else { return }
                let index = next
                next += 1
                group.addTask { (index, await ask(entries[index].query, authorization, until: deadline)) }
            }
            for _ in 0..<bounds.inFlight { start() }
            while let (index, answer) = await group.next() {
                answers[index] = answer
                start()
            }
            return answers
        }
    }

    private func ask(
        _ query: QueryBatch.Query, _ authorization: String?, until deadline: ContinuousClock.Instant
    ) async -> Answer {
        let left = deadline - ContinuousClock.now
        guard left > .zero else {
            return .failure(Failure(message: "not read within \(bounds.deadline.wholeSeconds) s for all queries"))
        }
        let timeout = min(left, bounds.queryTimeout)
        var headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        if let authorization { headers.append(("Authorization", authorization)) }
        let request = HTTPRequest(
            "POST", endpoint.url + "/api/v1/query", headers: headers.map { (name: $0.0, value: $0.1) },
            body: Array(form(query, timeout).utf8), timeoutSeconds: timeout.inSeconds,
            maximumBytes: bounds.answerBytes, tls: endpoint.tls)
        do throws(HTTPClientError) {
            return judge(try await client.send(request))
        } catch {
            return .failure(Failure(message: error.description))
        }
    }

    /// Prometheus ends the query itself when Muster no longer waits for it. `lookback_delta` is known to newer
    /// versions alone; an older one leaves it aside and looks five minutes back.
    private func form(_ query: QueryBatch.Query, _ timeout: Duration) -> String {
        [
            ("query", query.text), ("timeout", "\(Int(timeout.inSeconds * 1000))ms"),
            ("lookback_delta", "\(query.maximumAgeSeconds)s"),
        ].map { "\($0.0)=\($0.1.formEncoded)" }.joined(separator: "&")
    }

    /// Prometheus says what is wrong with a query in the body of a 4xx or 503; anything else that is no 200 does not
    /// come from it.
    private func judge(_ response: HTTPResponse) -> Answer {
        do throws(PrometheusAnswer.Problem) {
            let answer = try PrometheusAnswer(response.body)
            if response.status == 200 { return .success(answer) }
        } catch {
            if case .refused = error { return .failure(Failure(message: error.description)) }
            if response.status == 200 { return .failure(Failure(message: error.description)) }
        }
        let redirected = (300..<400).contains(response.status) ? "; redirects are not followed" : ""
        return .failure(Failure(message: "it answered with status \(response.status)\(redirected)"))
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    fileprivate var wholeSeconds: Int { Int(inSeconds.rounded()) }
}

extension String {
    /// As `application/x-www-form-urlencoded` wants it, everything but letters and digits escaped.
    fileprivate var formEncoded: String {
        utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isPlain { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
