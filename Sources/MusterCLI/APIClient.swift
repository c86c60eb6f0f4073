package import FleetModel
import Foundation
import HTTPClient

/// The daemon's API as the commands use it.
package struct APIClient: Sendable {
    private let base: String
    private let key: String?
    private let http = HTTPClient()
    private static let defaultURL = "http://127.0.0.1:9000"

    /// `url` wins over `MUSTER_URL`. The key comes from `MUSTER_API_KEY` only: arguments show in `ps`.
    package init(url: String?, environment: [String: String]) throws(CommandError) {
        let given = [url, environment["MUSTER_URL"]].compactMap { $0 }.first { !$0.isEmpty } ?? APIClient.defaultURL
        guard let parts = URLComponents(string: given), parts.scheme == "http" || parts.scheme == "https",
            !(parts.host ?? "").isEmpty, parts.query == nil, parts.fragment == nil
        else {
            throw .local("the daemon's address is not a URL such as `\(APIClient.defaultURL)`")
        }
        base = given.hasSuffix("/") ? String(given.dropLast()) : given
        key = environment["MUSTER_API_KEY"].map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
            .flatMap { $0.isEmpty ? nil : $0 }
    }

    package func get(_ path: String, query: [(String, String)] = []) async throws(CommandError) -> JSONValue {
        try successful(await exchange(request("GET", path, query: query)))
    }

    package func post(_ path: String, _ body: JSONValue) async throws(CommandError) -> JSONValue {
        try successful(await exchange(request("POST", path, body: body)))
    }

    /// The answer whatever its status: for `/readyz`, whose 503 has a body that says why.
    package func answer(_ path: String) async throws(CommandError) -> (status: Int, body: JSONValue) {
        let response = try await exchange(request("GET", path))
        return (response.status, try json(response))
    }

    /// Up to `limit` of a list, newest first, as one answer of the same shape: pages are read as needed.
    package func list(
        _ path: String, name: String, query: [(String, String)] = [], limit: Int
    ) async throws(CommandError) -> JSONValue {
        var items: [JSONValue] = []
        var cursor: String?
        repeat {
            let size = min(1000, limit - items.count)
            let page = try await get(
                path, query: query + [("limit", String(size))] + (cursor.map { [("cursor", $0)] } ?? []))
            guard let rows = page[name]?.array else {
                throw .garbled(origin: APIClient.origin(of: base), "the answer has no `\(name)`")
            }
            items += rows
            cursor = rows.isEmpty ? nil : page["next_cursor"]?.string
        } while cursor != nil && items.count < limit
        return .object(JSONObject([(name, .array(items)), ("next_cursor", JSONValue(cursor))]))
    }

    /// Calls `onWake` once the stream stands and then for every line of it, until the task is cancelled, `onWake`
    /// says false or the connection ends.
    package func stream(onWake: @escaping @Sendable () -> Bool) async throws(CommandError) {
        var streaming = request("GET", "/api/fleet/stream")
        streaming.headers.append(("Accept", "text/event-stream"))
        streaming.timeoutSeconds = nil
        let response: HTTPResponse
        do {
            response = try await http.lines(streaming) { _ in onWake() }
        } catch {
            throw translated(error)
        }
        if !(200..<300).contains(response.status) { _ = try successful(response) }
    }

    // MARK: - One exchange

    private func request(
        _ method: String, _ path: String, query: [(String, String)] = [], body: JSONValue? = nil
    ) -> HTTPRequest {
        var url = base + path
        if !query.isEmpty {
            url += "?" + query.map { "\(APIClient.encoded($0))=\(APIClient.encoded($1))" }.joined(separator: "&")
        }
        var headers = [(name: "Accept", value: "application/json")]
        if let key { headers.append(("Authorization", "Bearer \(key)")) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        return HTTPRequest(method, url, headers: headers, body: body.map { $0.bytes(sorted: false) })
    }

    /// Scheme, host and port: what may be shown of an address, which may hold a password.
    static func origin(of url: String) -> String {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.host else {
            return "-"
        }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    /// Percent-encoded for one segment of a path or one part of a query (RFC 3986, unreserved characters stay).
    package static func encoded(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(Character(.init(byte)))
            default: output += "%" + String(byte, radix: 16, uppercase: true).leftPadded(to: 2)
            }
        }
        return output
    }

    private func exchange(_ request: HTTPRequest) async throws(CommandError) -> HTTPResponse {
        do {
            return try await http.send(request)
        } catch {
            throw translated(error)
        }
    }

    private func translated(_ error: HTTPClientError) -> CommandError {
        switch error {
        case .notConnected(let origin, _): .noDaemon(origin: origin, "\(error)")
        case .unresolved(let host): .noDaemon(origin: host, "\(error)")
        case .badURL, .timedOut, .tls, .tooLarge, .cancelled, .failed: .local("\(error)")
        }
    }

    private func successful(_ response: HTTPResponse) throws(CommandError) -> JSONValue {
        let body = try json(response)
        guard !(200..<300).contains(response.status) else { return body }
        let message = body["message"]?.string ?? "the daemon answered with status \(response.status)"
        throw .refused(
            status: response.status, code: body["error"]?.string ?? "no code",
            message: message.escapedForDisplay(), requestID: body["request_id"]?.string?.escapedForDisplay())
    }

    private func json(_ response: HTTPResponse) throws(CommandError) -> JSONValue {
        do {
            return try JSONValue.parse(response.body, maximumDepth: 64)
        } catch {
            throw .garbled(origin: APIClient.origin(of: base), "status \(response.status) with a body that is not JSON")
        }
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
