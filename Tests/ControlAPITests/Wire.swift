import FleetModel
import Foundation
import Glibc

/// HTTP spoken by hand over a real socket, so that what is sent is exactly what a test says, right or wrong.
struct Wire: Sendable {
    var port: Int

    struct Answer: Sendable {
        var status: Int
        /// Names in lower case; the last one counts.
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
        var code: String? { json["error"]?.string }
    }

    enum Failure: Error {
        case noConnection(Int32)
        case noAnswer(String)
    }

    /// One request on a connection of its own.
    func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: String? = nil,
        type: String? = "application/json"
    ) async throws -> Answer {
        var head = "\(method) \(path) HTTP/1.1\r\n"
        if !headers.contains(where: { $0.0.lowercased() == "host" }) { head += "Host: 127.0.0.1:\(port)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body {
            if let type { head += "Content-Type: \(type)\r\n" }
            head += "Content-Length: \(body.utf8.count)\r\n"
        }
        return try await raw(head + "Connection: close\r\n\r\n" + (body ?? ""), isHead: method == "HEAD")
    }

    /// These bytes, and everything that comes back until the server closes.
    func raw(_ text: String, isHead: Bool = false) async throws -> Answer {
        let bytes = try await exchange(Array(text.utf8))
        guard let answer = Wire.parse(bytes, isHead: isHead) else {
            throw Failure.noAnswer(String(decoding: bytes.prefix(200), as: UTF8.self))
        }
        return answer
    }

    /// What comes back until the server closes or `enough` is satisfied; at most 15 s of silence.
    func exchange(
        _ bytes: [UInt8], enough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false },
        onConnected: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws -> [UInt8] {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            // Blocking calls stay off the cooperative pool.
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let descriptor = try Wire.connect(port)
                        defer { close(descriptor) }
                        Wire.write(bytes, to: descriptor)
                        var received: [UInt8] = []
                        var buffer = [UInt8](repeating: 0, count: 65536)
                        while !enough(received) {
                            let count = recv(descriptor, &buffer, buffer.count, 0)
                            guard count > 0 else { break }
                            received += buffer[..<count]
                            onConnected(received)
                        }
                        return received
                    })
            }
        }
    }

    private static func connect(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw Failure.noConnection(errno)
        }
        return descriptor
    }

    /// Sends as far as the peer takes it: a server that closes early is part of what is tested.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The first answer in `bytes`.
    static func parse(_ bytes: [UInt8], isHead: Bool = false) -> Answer? {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        var body = Array(bytes[(end + 4)...])
        if isHead { return Answer(status: status, headers: headers, body: body) }
        if let length = headers["content-length"].flatMap(Int.init) { body = Array(body.prefix(length)) }
        return Answer(status: status, headers: headers, body: body)
    }
}
