import FleetModel
import Glibc
import Observation
import Synchronization

/// What it costs to probe 10,000 services every 10 s over HTTP: CPU time of this process without the thread of the
/// server that answers, measured by that thread itself (clock_gettime(2), `CLOCK_THREAD_CPUTIME_ID`), in cores.
///
/// The first 10 s, in which the spread begins, are not measured. The rate that the server saw is in the row's input:
/// a probe that is not carried out would cost nothing.
func benchProbes() async throws -> BenchRow {
    let services = 10_000
    let seconds = 20
    let server = try ProbeServer()
    defer { server.stop() }
    let desired = DesiredState(
        services: (0..<services).map { index in
            ServiceSpec(
                name: "service-\(index)", hostPort: server.port,
                probe: ProbeSpec(check: .http(path: "/health"), intervalSeconds: 10, timeoutSeconds: 2))
        }, digest: "bench")
    let observer = ProbeObserver(onChange: {})
    defer { observer.close() }
    _ = await observer.observe(desired, now: ProbeObserver.systemTime())
    try await Task.sleep(for: .seconds(10))

    let processBefore = cpuSeconds(CLOCK_PROCESS_CPUTIME_ID)
    let before = server.counters
    let began = ContinuousClock.now
    for _ in 0..<seconds {
        try await Task.sleep(for: .seconds(1))
        _ = await observer.observe(desired, now: ProbeObserver.systemTime())
    }
    let elapsed = ContinuousClock.now - began
    let after = server.counters
    let elapsedSeconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    let ours = cpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - processBefore - (after.cpuSeconds - before.cpuSeconds)
    let cores = ours / elapsedSeconds
    let rate = Int(Double(after.requests - before.requests) / elapsedSeconds)
    let conclusions = await observer.observe(desired, now: ProbeObserver.systemTime()).observations
    let up = conclusions.count { $0.condition == .up }
    return BenchRow(
        name: "probes: 10,000 services every 10 s", value: cores, unit: "cores",
        input: "\(services) HTTP probes per 10 s to loopback, \(seconds) s; the server saw \(rate)/s; \(up) up",
        reference: "limit", referenceValue: 1, ratio: cores, bar: "< 1 core")
}

private func cpuSeconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The least that answers HTTP on loopback, on one thread: one request a connection, answered and closed.
private final class ProbeServer: Sendable {
    struct Counters {
        var requests = 0
        /// Of the server's thread, as of its last round.
        var cpuSeconds = 0.0
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(Counters())
    private let isStopped = Mutex(false)

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 4096) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard isListening else { throw ProbeServerError.notListening(errno) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ProbeServer>.fromOpaque(context).takeRetainedValue().serve() }
                return nil
            }, context)
        pthread_detach(thread)
    }

    var counters: Counters { state.withLock { $0 } }

    func stop() {
        isStopped.withLock { $0 = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// The request has usually come by the time the connection is accepted; what has not is waited for shortly.
    private func serve() {
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".utf8)
        var buffer = [UInt8](repeating: 0, count: 2048)
        var served = 0
        while !isStopped.withLock({ $0 }) {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            var limit = timeval(tv_sec: 1, tv_usec: 0)
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            if recv(connection, &buffer, buffer.count, 0) > 0 {
                _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                served += 1
            }
            close(connection)
            if served % 16 == 0 {
                let count = served
                let used = cpuSeconds(CLOCK_THREAD_CPUTIME_ID)
                state.withLock { $0 = Counters(requests: count, cpuSeconds: used) }
            }
        }
        close(listener)
    }
}

private enum ProbeServerError: Error {
    case notListening(Int32)
}
