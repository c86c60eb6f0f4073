import CLibCurl
import Foundation
import Synchronization

/// HTTP requests through libcurl's easy interface: what the CLI and rare calls of the daemon need.
///
/// A request blocks a thread of its own and no thread of Swift's pool. Redirects are not followed, so that
/// credentials go to nobody but the address that was named; no proxy is used for loopback addresses, whatever the
/// environment says. Cancelling the task ends the transfer within about a second.
package struct HTTPClient: Sendable {
    package init() {}

    /// Sends and reads the whole answer; any status is an answer, not an error.
    package func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        try await transfer(request, onLine: nil).get()
    }

    /// Sends and hands each line of a 2xx answer to `onLine` as it comes, until the answer ends or `onLine` says
    /// false. It is called on the transfer's thread and may block it: the peer then waits. For any other status the
    /// answer's body is in the response, and no line is handed out.
    package func lines(
        _ request: HTTPRequest, onLine: @escaping @Sendable (String) -> Bool
    ) async throws(HTTPClientError) -> HTTPResponse {
        try await transfer(request, onLine: onLine).get()
    }

    private func transfer(
        _ request: HTTPRequest, onLine: (@Sendable (String) -> Bool)?
    ) async -> Result<HTTPResponse, HTTPClientError> {
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    let transfer = Transfer(request, cancellation: cancellation, onLine: onLine)
                    continuation.resume(returning: transfer.run())
                }
                thread.name = "http"
                thread.start()
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

/// Set by the task, read by the transfer's thread.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() {
        flag.store(true, ordering: .relaxed)
    }
}

/// Scheme, host and port of a URL: what may be shown of it.
struct Origin: CustomStringConvertible {
    let scheme: String
    let host: String
    let port: Int?

    init?(url: String) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = parts.port
    }

    var isLoopback: Bool {
        host == "localhost" || host == "::1"
            || (host.hasPrefix("127.") && host.allSatisfy { "0123456789.".contains($0) })
    }

    var description: String {
        "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)" + (port.map { ":\($0)" } ?? "")
    }
}
