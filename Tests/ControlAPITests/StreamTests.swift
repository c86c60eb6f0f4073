import FleetModel
import Foundation
import Testing

@testable import ControlAPI

@Suite(.timeLimit(.minutes(2))) struct StreamTests {
    private func request(_ daemon: Daemon) -> [UInt8] {
        Array("GET /api/fleet/stream HTTP/1.1\r\nHost: 127.0.0.1:\(daemon.wire.port)\r\n\r\n".utf8)
    }

    private static func has(_ text: String) -> @Sendable ([UInt8]) -> Bool {
        { String(decoding: $0, as: UTF8.self).contains(text) }
    }

    /// The data of the first event of this name.
    private func data(_ name: String, in text: String) -> JSONValue? {
        let marker = "event: \(name)\ndata: "
        guard let start = text.range(of: marker) else { return nil }
        let line = text[start.upperBound...].prefix { $0 != "\n" }
        return try? JSONValue.parse(String(line))
    }

    @Test func aVoteReachesTheStream() async throws {
        try await Daemon.run { daemon in
            let id = try await daemon.pendingApproval()
            let (opened, opener) = AsyncStream.makeStream(of: Void.self)
            async let received = daemon.wire.exchange(
                request(daemon), enough: Self.has("event: approval"),
                onConnected: { if Self.has(": muster")($0) { opener.yield() } })
            for await _ in opened { break }
            _ = try await daemon.wire.send("POST", "/api/fleet/approvals/\(id)/deny", body: "{}")
            let text = String(decoding: try await received, as: UTF8.self)
            #expect(text.lowercased().contains("content-type: text/event-stream"))
            #expect(text.lowercased().contains("x-accel-buffering: no"))
            let approval = try #require(data("approval", in: text))
            #expect(approval["id"]?.string == id)
            #expect(approval["status"]?.string == "denied")
        }
    }

    @Test func anIdleStreamBeats() async throws {
        try await Daemon.run(heartbeat: .milliseconds(50)) { daemon in
            let bytes = try await daemon.wire.exchange(request(daemon), enough: Self.has(": still here\n\n"))
            #expect(Self.has(": still here\n\n")(bytes))
        }
    }

    @Test func streamsAreBoundedAndGivenBack() async throws {
        try await Daemon.run(maximumStreams: 1) { daemon in
            let (opened, opener) = AsyncStream.makeStream(of: Void.self)
            let id = try await daemon.pendingApproval()
            async let first = daemon.wire.exchange(
                request(daemon), enough: Self.has("event: approval"),
                onConnected: { if Self.has(": muster")($0) { opener.yield() } })
            for await _ in opened { break }
            let second = try await daemon.wire.send("GET", "/api/fleet/stream")
            #expect(second.status == 503)
            #expect(second.code == "unavailable")
            #expect(second.headers["retry-after"] != nil)
            _ = try await daemon.wire.send("POST", "/api/fleet/approvals/\(id)/deny", body: "{}")
            _ = try await first
            // The first has gone: its place is free again, within 10 s.
            var isFree = false
            for _ in 0..<1000 where !isFree {
                let bytes = try await daemon.wire.exchange(request(daemon), enough: { $0.count > 20 })
                isFree = String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 200")
                if !isFree { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect(isFree)
        }
    }

    @Test func shutdownEndsAnOpenStream() async throws {
        let ended = ContinuousClock.now
        let (finished, finish) = AsyncStream.makeStream(of: [UInt8].self)
        try await Daemon.run { daemon in
            let (opened, opener) = AsyncStream.makeStream(of: Void.self)
            let wire = daemon.wire
            let bytes = request(daemon)
            Task {
                let received = try await wire.exchange(
                    bytes, onConnected: { if Self.has(": muster")($0) { opener.yield() } })
                finish.yield(received)
                finish.finish()
            }
            for await _ in opened { break }
        }
        for await received in finished {
            #expect(Self.has("\r\n0\r\n\r\n")(received), "it ends with a proper last chunk")
        }
        #expect(ContinuousClock.now - ended < .seconds(12), "nothing waits for a reader to leave")
    }
}
