import Foundation
import Glibc
import Synchronization

/// A real HTTP server on loopback that answers as a test wants it, one thread a connection.
final class FakePrometheus: Sendable {
    struct Request: Sendable {
        var line: String
        var headers: [String: String]
        /// The fields of the form, decoded.
        var form: [String: String]

        var query: String { form["query"] ?? "" }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [String] = []
        var body: String
        /// Waits before it answers, until the client is gone or so many milliseconds have passed.
        var delayMilliseconds = 0

        init(_ body: String, status: Int = 200, headers: [String] = [], delayMilliseconds: Int = 0) {
            self.status = status
            self.headers = headers
            self.body = body
            self.delayMilliseconds = delayMilliseconds
        }
    }

    let port: Int
    private let socket: Int32
    private let answer: @Sendable (Request) -> Answer
    private let state = Mutex(State())

    private struct State {
        var requests: [Request] = []
        var inFlight = 0
        var mostInFlight = 0
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }
    var mostInFlight: Int { state.withLock { $0.mostInFlight } }

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        self.answer = answer
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Unbound() }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { self.acceptAll() }.start()
    }

    struct Unbound: Error {}

    /// Ends `accept`, and with it the thread that listens.
    func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

    private func acceptAll() {
        defer { close(socket) }
        while true {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { return }
            Thread {
                self.serve(connection)
                close(connection)
            }.start()
        }
    }

    private func serve(_ connection: Int32) {
        guard let request = FakePrometheus.read(connection) else { return }
        state.withLock { state in
            state.requests.append(request)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
        }
        let answer = answer(request)
        if answer.delayMilliseconds > 0 {
            // Readable and empty when the client is gone.
            var descriptor = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, Int32(answer.delayMilliseconds))
        }
        state.withLock { $0.inFlight -= 1 }
        let fields = answer.headers.map { $0 + "\r\n" }.joined()
        let head =
            "HTTP/1.1 \(answer.status) Status\r\nContent-Type: application/json\r\n\(fields)"
            + "Content-Length: \(answer.body.utf8.count)\r\nConnection: close\r\n\r\n"
        var bytes = Array((head + answer.body).utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] =
                        parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
                }
                let body = String(text[end.upperBound...])
                if body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0 {
                    return Request(line: lines[0], headers: headers, form: form(body))
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func form(_ body: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            fields[String(parts[0])] = parts.count > 1 ? String(parts[1]).removingPercentEncoding : ""
        }
        return fields
    }

    // MARK: - Bodies

    /// A vector: for each series its labels as JSON, and its value as Prometheus writes it.
    static func vector(_ series: (labels: String, value: String)..., at seconds: Double? = nil) -> String {
        let time = seconds ?? (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        let result = series.map { #"{"metric":{\#($0.labels)},"value":[\#(time),"\#($0.value)"]}"# }
        return #"{"status":"success","data":{"resultType":"vector","result":["# + result.joined(separator: ",") + "]}}"
    }
}
