package import FleetModel

/// What `/api/v1/query` answered (Prometheus HTTP API, "Instant queries"), read strictly.
package struct PrometheusAnswer: Sendable, Equatable {
    package struct Series: Sendable, Equatable {
        /// The label `service`, where the series has one.
        package var service: String?
        package var value: Double
        package var at: WallTime
    }

    package var series: [Series]

    /// More series than this in one answer are refused: a query that matches the whole of Prometheus is a mistake.
    package static let mostSeries = 20_000

    /// Why an answer is not one. `description` holds nothing of the body but Prometheus' own message, shortened.
    package enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        case notJSON
        case unlikePrometheus(String)
        case refused(type: String, message: String)
        case tooManySeries(Int)

        package var description: String {
            switch self {
            case .notJSON: "the answer is not JSON"
            case .unlikePrometheus(let what): "the answer is not as Prometheus gives it: \(what)"
            case .refused(let type, let message): "Prometheus refused the query (\(type)): \(message)"
            case .tooManySeries(let count): "\(count) series, at most \(PrometheusAnswer.mostSeries) are read"
            }
        }
    }

    package init(series: [Series]) {
        self.series = series
    }

    package init(_ body: [UInt8]) throws(Problem) {
        let value: JSONValue
        do { value = try JSONValue.parse(body) } catch { throw .notJSON }
        guard let status = value["status"]?.string else { throw .unlikePrometheus("it has no `status`") }
        guard status == "success" else {
            throw .refused(
                type: (value["errorType"]?.string ?? status).escapedForDisplay(maximumLength: 40),
                message: (value["error"]?.string ?? "no message").escapedForDisplay(maximumLength: 300))
        }
        guard let data = value["data"], let type = data["resultType"]?.string else {
            throw .unlikePrometheus("it has no `data.resultType`")
        }
        switch type {
        case "vector":
            guard let result = data["result"]?.array else { throw .unlikePrometheus("`data.result` is no list") }
            guard result.count <= PrometheusAnswer.mostSeries else { throw .tooManySeries(result.count) }
            var series: [Series] = []
            series.reserveCapacity(result.count)
            for element in result {
                guard let metric = element["metric"]?.object else {
                    throw .unlikePrometheus("a series has no `metric`")
                }
                let (at, value) = try PrometheusAnswer.sample(element["value"])
                series.append(Series(service: metric[SignalCatalog.serviceLabel]?.string, value: value, at: at))
            }
            self.series = series
        case "scalar":
            let (at, value) = try PrometheusAnswer.sample(data["result"])
            series = [Series(service: nil, value: value, at: at)]
        default: throw .unlikePrometheus("it is a \(type.escapedForDisplay(maximumLength: 40)), not a vector")
        }
    }

    /// `[ <unix seconds>, "<value>" ]`; the value is text, and `NaN`, `+Inf` and `-Inf` are values.
    private static func sample(_ value: JSONValue?) throws(Problem) -> (WallTime, Double) {
        guard let pair = value?.array, pair.count == 2, let seconds = pair[0].number, let text = pair[1].string else {
            throw .unlikePrometheus("a `value` is not a time and a text")
        }
        // Beyond the year 9999 a time has no form that could be shown.
        guard seconds.isFinite, abs(seconds) < 253_402_300_800 else {
            throw .unlikePrometheus("a time is out of range")
        }
        guard let number = number(text) else { throw .unlikePrometheus("a value is no number") }
        return (WallTime(milliseconds: Int64((seconds * 1000).rounded())), number)
    }

    /// Go's `strconv.FormatFloat(f, 'f', -1, 64)`: decimal digits, or the three words.
    private static func number(_ text: String) -> Double? {
        switch text {
        case "NaN": return .nan
        case "+Inf", "Inf": return .infinity
        case "-Inf": return -.infinity
        default:
            let digits = "0123456789+-.eE"
            guard !text.isEmpty, text.utf8.count <= 400, text.allSatisfy(digits.contains) else { return nil }
            return Double(text)
        }
    }

    // MARK: - One service's value

    /// The one value for a service: of a shared query its series by label, or, where no series says which service it
    /// is of, the only one there is.
    package func reading(for request: SignalRequest, isShared: Bool) -> SignalReading {
        var candidates = series
        if isShared, series.contains(where: { $0.service != nil }) {
            candidates = series.filter { $0.service == request.service }
        }
        guard let only = candidates.first else { return .missing(.empty) }
        guard candidates.count == 1 else { return .missing(.ambiguous(series: candidates.count)) }
        if only.value.isNaN { return .missing(.notANumber) }
        if only.value.isInfinite { return .missing(.infinite) }
        return .sample(
            SignalSample(
                service: request.service, signal: request.definition.name, value: only.value,
                unit: request.definition.unit, aggregation: request.definition.aggregation, source: .prometheus,
                at: only.at))
    }
}
