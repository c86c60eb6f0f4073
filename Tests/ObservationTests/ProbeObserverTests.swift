import FleetModel
import Foundation
import Glibc
import Observation
import Testing

/// A real listener on a loopback port that answers each connection as told, on a thread of its own.
private final class Listener: Sendable {
    enum Manner: Sendable {
        /// Sends this after having read the request, and closes.
        case answers(String)
        /// Accepts and says nothing.
        case hangs
        /// Accepts and closes.
        case closes
        /// Listens and does not accept.
        case ignores
    }

    let port: Int
    private let descriptor: Int32

    init(_ manner: Manner) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard code else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        if case .ignores = manner { return }
        Thread { Listener.serve(descriptor, manner) }.start()
    }

    private static func serve(_ descriptor: Int32, _ manner: Manner) {
        while true {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { return }
            switch manner {
            case .answers(let text):
                var buffer = [UInt8](repeating: 0, count: 4096)
                if read(connection, &buffer, buffer.count) > 0 {
                    _ = send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
                }
                close(connection)
            case .closes: close(connection)
            case .hangs, .ignores: break
            }
        }
    }

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

private func answer(_ status: String, headers: String = "", body: String = "") -> Listener.Manner {
    .answers("HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
}

private func probed(_ name: String, _ port: Int, _ check: ProbeSpec.Check = .http(path: "/health")) -> ServiceSpec {
    ServiceSpec(
        name: name, hostPort: port,
        probe: ProbeSpec(check: check, intervalSeconds: 1, timeoutSeconds: 1, failures: 2, successes: 2))
}

/// Real probes against real listeners.
@Suite(.timeLimit(.minutes(1)))
struct ProbeObserverTests {
    private struct Case: Sendable {
        var note: String
        /// Nil: nobody listens.
        var manner: Listener.Manner?
        var check: ProbeSpec.Check
        var condition: Condition

        init(
            _ note: String, _ manner: Listener.Manner?, check: ProbeSpec.Check = .http(path: "/health"),
            _ condition: Condition
        ) {
            self.note = note
            self.manner = manner
            self.check = check
            self.condition = condition
        }
    }

    @Test func concludesFromWhatAnswers() async throws {
        let cases = [
            Case("200", answer("200 OK", body: "fine"), .up),
            Case("204 without a body", answer("204 No Content"), .up),
            Case(
                "a redirect counts, and is not followed",
                answer("302 Found", headers: "Location: http://127.0.0.1:1/\r\n"), .up),
            Case("404", answer("404 Not Found"), .down(.probeFailed("HTTP 404"))),
            Case("500", answer("500 Internal Server Error"), .down(.probeFailed("HTTP 500"))),
            Case(
                "a body without end is cut",
                .answers("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 500_000)), .up),
            Case("refuses", nil, .down(.probeFailed("connection refused"))),
            Case("hangs", .hangs, .down(.probeFailed("no answer within 1 s"))),
            Case("closes", .closes, .down(.probeFailed("the connection ended before the answer"))),
            Case(
                "speaks something else", .answers("220 mail ready\r\n"), .down(.probeFailed("the answer is not HTTP"))),
            Case("tcp: accepts", .hangs, check: .tcp, .up),
            Case("tcp: the kernel accepts", .ignores, check: .tcp, .up),
            Case("tcp: refuses", nil, check: .tcp, .down(.probeFailed("connection refused"))),
        ]
        var services: [ServiceSpec] = []
        var listeners: [Listener] = []
        for (index, testCase) in cases.enumerated() {
            let listener = try Listener(testCase.manner ?? .ignores)
            if testCase.manner == nil { listener.stop() } else { listeners.append(listener) }
            services.append(probed("service-\(100 + index)", listener.port, testCase.check))
        }
        defer { for listener in listeners { listener.stop() } }
        let desired = DesiredState(services: services, digest: "probes")
        let observer = ProbeObserver(onChange: {})
        defer { observer.close() }
        let first = await observer.observe(desired, now: ProbeObserver.systemTime())
        #expect(first.observations.allSatisfy { $0.condition == .unknown(.probing) }, "it does not wait")
        #expect(first.failure == nil)
        _ = await eventually(within: .seconds(15)) {
            await observer.observe(desired, now: ProbeObserver.systemTime()).observations
                .allSatisfy { $0.condition != .unknown(.probing) }
        }
        let report = await observer.observe(desired, now: ProbeObserver.systemTime())
        for (observation, testCase) in zip(report.observations, cases) {
            #expect(observation.condition == testCase.condition, "\(testCase.note)")
            #expect(observation.since < observation.at, "\(testCase.note): two results decided")
        }
    }

    @Test func aVerdictThatTurnsWakesTheLoop() async throws {
        let listener = try Listener(answer("200 OK"))
        let desired = registry(probed("web", listener.port))
        let wakes = Wakes()
        let observer = ProbeObserver(onChange: wakes.callback)
        defer { observer.close() }
        _ = await observer.observe(desired, now: ProbeObserver.systemTime())
        #expect(await wakes.next(), "unknown to up")
        #expect(await observer.observe(desired, now: ProbeObserver.systemTime()).observations[0].condition == .up)
        listener.stop()
        #expect(await wakes.next(), "up to down")
        #expect(
            await observer.observe(desired, now: ProbeObserver.systemTime()).observations[0].condition
                == .down(.probeFailed("connection refused")))
    }

    @Test func takesNoProxyFromTheEnvironment() async throws {
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        setenv("all_proxy", "http://127.0.0.1:1", 1)
        defer {
            unsetenv("http_proxy")
            unsetenv("all_proxy")
        }
        let listener = try Listener(answer("200 OK"))
        defer { listener.stop() }
        let desired = registry(probed("web", listener.port))
        let observer = ProbeObserver(onChange: {})
        defer { observer.close() }
        #expect(
            await eventually {
                await observer.observe(desired, now: ProbeObserver.systemTime()).observations[0].condition == .up
            })
    }

    @Test func aClosedObserverEndsAndSaysStale() async throws {
        let listener = try Listener(answer("200 OK"))
        defer { listener.stop() }
        let desired = registry(probed("web", listener.port))
        let observer = ProbeObserver(onChange: {})
        #expect(
            await eventually {
                await observer.observe(desired, now: ProbeObserver.systemTime()).observations[0].condition == .up
            })
        observer.close()
        let muchLater = ProbeObserver.systemTime().adding(seconds: 60)
        #expect(await observer.observe(desired, now: muchLater).observations[0].condition == .unknown(.stale))
    }
}
