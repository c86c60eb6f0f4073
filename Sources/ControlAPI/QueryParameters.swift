internal import FleetModel
internal import Store

/// One query parameter of a route.
struct QueryParameter: Sendable {
    var name: String
    var schema: JSONValue
    var summary: String

    init(_ name: String, _ schema: JSONValue = ["type": "string"], _ summary: String) {
        self.name = name
        self.schema = schema
        self.summary = summary
    }

    static let limit = QueryParameter(
        "limit", ["type": "integer", "minimum": 1, "maximum": 1000, "default": 200], "how many at most")
    static let cursor = QueryParameter("cursor", "`next_cursor` of the page before")
    static let paging = [limit, cursor]

    /// Paging and the filters of the record lists; `state` goes by the name that its object gives it.
    static func filters(state: String, values: [String]) -> [QueryParameter] {
        paging + [
            QueryParameter("kind", "only this kind"), QueryParameter("target", "only this target"),
            QueryParameter(state, ["type": "string", "enum": JSONValue(values)], "only those in this \(state)"),
            QueryParameter("since", ["type": "string", "format": "date-time"], "only from this time on"),
        ]
    }

    private init(_ name: String, _ summary: String) {
        self.init(name, ["type": "string"], summary)
    }
}

enum QueryParameters {
    /// Decodes a query string against the route's parameters: unknown, repeated, empty or wrongly encoded ones are
    /// bad requests.
    static func parse(_ query: String?, allowed: [QueryParameter]) throws(APIError) -> [String: String] {
        var values: [String: String] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decoded(parts[0]),
                let value = PercentEncoding.decoded(parts.count == 2 ? parts[1] : "")
            else { throw .badRequest("the query is not valid percent-encoded UTF-8") }
            guard allowed.contains(where: { $0.name == name }) else {
                throw .badRequest(Suggestion.unknown("query parameter", name, allowed: allowed.map(\.name)))
            }
            guard values[name] == nil else { throw .badRequest("the query parameter `\(name)` occurs twice") }
            guard !value.isEmpty else { throw .badRequest("the query parameter `\(name)` has no value") }
            values[name] = value
        }
        return values
    }
}

extension Call {
    func limit() throws(APIError) -> Int {
        guard let text = query["limit"] else { return 200 }
        guard let limit = Int(text), (1...1000).contains(limit), text.utf8.first != UInt8(ascii: "+") else {
            throw .badRequest("`limit` is `\(text.escapedForDisplay(maximumLength: 40))`; it must be 1 to 1000")
        }
        return limit
    }

    /// The store's query for a record list. `values` are what the filter named `state` may be.
    func listQuery(state: String, values: [String]) throws(APIError) -> ListQuery {
        var list = ListQuery(limit: try limit())
        list.kind = query["kind"]
        list.target = query["target"]
        list.cursor = query["cursor"]
        if let text = query[state] {
            guard values.contains(text) else {
                let expected = values.map { "`\($0)`" }.joined(separator: ", ")
                throw .badRequest(
                    "`\(state)` is `\(text.escapedForDisplay(maximumLength: 40))`; it must be one of \(expected)")
            }
            list.state = text
        }
        if let text = query["since"] {
            guard let time = WallTime(rfc3339: text) else {
                throw .badRequest(
                    "`since` is `\(text.escapedForDisplay(maximumLength: 40))`; "
                        + "it must be a time such as `2026-01-31T06:00:00Z`")
            }
            list.since = time
        }
        return list
    }
}

extension JSONValue {
    /// The contract's list: the items under the list's own name, and where the next page begins.
    static func list(_ name: String, _ items: [JSONValue], next: String?) -> JSONValue {
        .object(JSONObject(unique: [(name, .array(items)), ("next_cursor", JSONValue(next))]))
    }
}
