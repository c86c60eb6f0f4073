import Testing

@testable import ControlAPI

/// What only shows on a real socket: framing, limits, closing.
@Suite(.timeLimit(.minutes(2))) struct WireTests {
    @Test func framingThatCanBeReadTwoWaysIsRefused() async throws {
        try await Daemon.run { daemon in
            let line = "POST /api/fleet/resume HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            let cases: [(note: String, request: String)] = [
                ("two lengths", line + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
                ("length and chunks", line + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                ("length in words", line + "Content-Length: two\r\n\r\n{}"),
                ("bare carriage return", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n"),
                ("two hosts", "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                ("no HTTP", "hello\r\n\r\n"),
            ]
            for (note, request) in cases {
                let answer = try await daemon.wire.raw(request)
                #expect(answer.status == 400, "\(note)")
            }
            let after = try await daemon.wire.send("GET", "/livez")
            #expect(after.status == 200)
        }
    }

    /// NIO tells both apart from other bad heads only inside; Hummingbird answers 400 and closes.
    @Test func tooManyOrTooLargeHeadersAreRefused() async throws {
        try await Daemon.run { daemon in
            let many = (0..<101).map { "X-H\($0): 1\r\n" }.joined()
            let large = "X-Large: " + String(repeating: "a", count: 17 * 1024) + "\r\n"
            for headers in [many, large] {
                let request = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
                let answer = try await daemon.wire.raw(request)
                #expect(answer.status == 400)
            }
            let fine = (0..<90).map { "X-H\($0): 1\r\n" }.joined()
            let answer = try await daemon.wire.raw(
                "GET /livez HTTP/1.1\r\nHost: localhost\r\n\(fine)Connection: close\r\n\r\n")
            #expect(answer.status == 200)
        }
    }

    @Test func aBodyOverTheLimitIsRefusedAndTheConnectionClosed() async throws {
        try await Daemon.run { daemon in
            let head = "POST /api/fleet/actions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            let size = 256 * 1024 + 1
            // No `Connection: close` from this side: that these return at all shows that the server closed.
            let announced = try await daemon.wire.raw(head + "Content-Length: \(size)\r\n\r\n")
            #expect(announced.status == 413)
            #expect(announced.code == "payload_too_large")
            #expect(announced.headers["connection"] == "close")
            let body = String(repeating: " ", count: size)
            let sent = try await daemon.wire.raw(head + "Content-Length: \(size)\r\n\r\n" + body)
            #expect(sent.status == 413)
            let chunk = String(size, radix: 16) + "\r\n" + body + "\r\n0\r\n\r\n"
            let chunked = try await daemon.wire.raw(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk)
            #expect(chunked.status == 413)
            let largest = #"{"scope":"fleet"}"# + String(repeating: " ", count: 256 * 1024 - 17)
            #expect(largest.utf8.count == 256 * 1024)
            let fits = try await daemon.wire.send("POST", "/api/fleet/resume", body: largest)
            #expect(fits.status == 404, "at the limit it is read: nothing is held")
        }
    }

    @Test func aConnectionServesOneRequestAfterAnother() async throws {
        try await Daemon.run { daemon in
            let body = #"{"scope":"fleet"}"#
            let refused =
                "POST /api/fleet/plan HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let last = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let bytes = try await daemon.wire.exchange(Array((refused + last).utf8))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 405"))
            #expect(text.contains("HTTP/1.1 200"), "the unread body of the first is not taken for the second")
        }
    }
}
