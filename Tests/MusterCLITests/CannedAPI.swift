import FleetModel
import Foundation
import Glibc
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A real HTTP server on loopback with fixed answers, one thread a connection: what the commands talk to in tests.
final class CannedAPI: Sendable {
    struct Answer: Sendable {
        var status = 200
        var body: String
        var type = "application/json"
        /// Nil: written at once. Else this stands between the head and the body, for an answer that hangs.
        var holdsBodyBack = false

        init(_ body: JSONValue, status: Int = 200) {
            self.status = status
            self.body = body.text
        }

        init(text: String, type: String = "text/plain", status: Int = 200) {
            self.status = status
            self.body = text
            self.type = type
        }
    }

    struct Request: Sendable {
        var line: String
        var headers: [String: String]
        var body: String
    }

    let port: Int
    private let socket: Int32
    private let answer: @Sendable (Request) -> Answer
    private let received = Mutex<[Request]>([])

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { received.withLock { $0 } }

    /// `answer` gets every request; it is called on the connections' threads.
    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        self.answer = answer
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.socket = socket
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 16) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard bound else { throw CannedAPIError() }
        port = Int(UInt16(bigEndian: address.sin_port))
        let thread = Thread { self.acceptAll() }
        thread.start()
    }

    /// Ends `accept`, and with it the thread that listens.
    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
    }

    private func acceptAll() {
        // Closed by the thread that uses it, so that its number is no other socket's before.
        defer { close(socket) }
        while true {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { return }
            let thread = Thread {
                self.serve(connection)
                close(connection)
            }
            thread.start()
        }
    }

    private func serve(_ connection: Int32) {
        guard let request = CannedAPI.read(connection) else { return }
        received.withLock { $0.append(request) }
        let answer = answer(request)
        let head =
            "HTTP/1.1 \(answer.status) Status\r\nContent-Type: \(answer.type)\r\n"
            + "Content-Length: \(answer.body.utf8.count)\r\nConnection: close\r\n\r\n"
        write(head, to: connection)
        if answer.holdsBodyBack {
            // Until the client goes: its end of the connection is then readable and empty.
            var byte: UInt8 = 0
            _ = recv(connection, &byte, 1, 0)
            return
        }
        write(answer.body, to: connection)
    }

    private func write(_ text: String, to connection: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
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
                    return Request(line: lines[0], headers: headers, body: body)
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}

struct CannedAPIError: Error {}

/// A loopback port on which nothing listens: it was free a moment ago.
func unusedPort() throws -> Int {
    let api = try CannedAPI { _ in .init(text: "") }
    defer { api.stop() }
    return api.port
}
