/// One request, as it is sent.
package struct HTTPRequest: Sendable {
    package var method: String
    /// `http` or `https`, absolute.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// The whole exchange; nil for a stream that ends when its reader stops.
    package var timeoutSeconds: Double?
    /// Of the answer's body; an answer that is longer fails.
    package var maximumBytes: Int
    package var tls: HTTPTLS?

    package init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeoutSeconds: Double? = 30, maximumBytes: Int = 64 << 20, tls: HTTPTLS? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutSeconds = timeoutSeconds
        self.maximumBytes = maximumBytes
        self.tls = tls
    }
}

/// What an `https` exchange uses in place of the system's certificates. Paths of PEM files; the server's certificate
/// and name are always checked.
package struct HTTPTLS: Sendable, Hashable {
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?

    package init(caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    /// Names in lower case; of a repeated field the last value.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why there is no answer. None of the texts holds a path, a query, a header or a body: these may be secrets.
package enum HTTPClientError: Error, Equatable, Sendable {
    /// Not an absolute `http` or `https` URL: the request is wrong.
    case badURL
    /// Nobody listens there: nothing was sent.
    case notConnected(origin: String, String)
    /// The name does not resolve: nothing was sent.
    case unresolved(host: String)
    /// Whether the request was carried out is not known.
    case timedOut(origin: String, afterSeconds: Double)
    /// The certificate or the handshake was refused: nothing was sent.
    case tls(origin: String, String)
    case tooLarge(limitBytes: Int)
    case cancelled
    /// Whether the request was carried out is not known.
    case failed(origin: String, String)
}

extension HTTPClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badURL: "not an absolute http or https URL"
        case .notConnected(let origin, let message): "cannot connect to \(origin): \(message)"
        case .unresolved(let host): "the host name `\(host)` cannot be resolved"
        case .timedOut(let origin, let seconds): "\(origin) did not answer within \(seconds) s"
        case .tls(let origin, let message): "no secure connection to \(origin): \(message)"
        case .tooLarge(let limit): "the answer is longer than \(limit) bytes"
        case .cancelled: "cancelled"
        case .failed(let origin, let message): "the exchange with \(origin) failed: \(message)"
        }
    }
}
