package import FleetModel

/// The distinct queries that one evaluation needs, and which services each of them is for. Pure.
package struct QueryBatch: Sendable {
    package struct Query: Sendable, Hashable {
        package var text: String
        /// Prometheus looks so far back for a sample, so that it hands out none that is too old.
        package var maximumAgeSeconds: Int
        /// Its series are told apart by the label `service`.
        package var isShared: Bool
    }

    package struct Entry: Sendable {
        package var query: Query
        package var requests: [SignalRequest]
    }

    /// So many distinct queries are asked in one evaluation.
    package static let mostQueries = 64

    package private(set) var entries: [Entry]
    /// What found no place: those whose query would have been one too many, and those that have none.
    package private(set) var left: [(request: SignalRequest, reason: NoSignal)]

    /// Where there are more queries than places, those that serve the most services come first, then by their text:
    /// the same at every evaluation, so that a service that is read stays read.
    package init(_ requests: [SignalRequest]) {
        var groups: [Query: [SignalRequest]] = [:]
        left = []
        for request in requests {
            switch QueryBatch.query(for: request) {
            case .success(let query): groups[query, default: []].append(request)
            case .failure(let refusal): left.append((request, refusal.reason))
            }
        }
        let sorted = groups.map { Entry(query: $0.key, requests: $0.value) }.sorted {
            ($1.requests.count, $0.query.text, $0.query.maximumAgeSeconds)
                < ($0.requests.count, $1.query.text, $1.query.maximumAgeSeconds)
        }
        entries = Array(sorted.prefix(QueryBatch.mostQueries))
        let reason = NoSignal.sourceFailed(
            "\(sorted.count) distinct queries are needed and \(QueryBatch.mostQueries) are asked in one evaluation; "
                + "one query that gives a series for each `\(SignalCatalog.serviceLabel)` serves them all")
        for entry in sorted.dropFirst(QueryBatch.mostQueries) { left += entry.requests.map { ($0, reason) } }
    }

    private struct Refusal: Error {
        var reason: NoSignal
    }

    private static func query(for request: SignalRequest) -> Result<Query, Refusal> {
        guard let text = request.definition.query else { return .failure(Refusal(reason: .notRead)) }
        switch SignalQuery.read(text) {
        case .success(let query):
            return .success(
                Query(
                    text: query.filled(service: request.service),
                    maximumAgeSeconds: request.definition.maximumAgeSeconds, isShared: !query.namesService))
        case .failure(let problem): return .failure(Refusal(reason: .sourceFailed("its query \(problem)")))
        }
    }
}
