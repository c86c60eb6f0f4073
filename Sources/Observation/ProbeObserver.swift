import CLibCurl
package import FleetModel
import Glibc
import Synchronization

/// Carries out the registry's probes on one thread of its own and says what they add up to.
///
/// `observe` never waits for a probe: it hands over the wishes and answers with the conclusions so far. Probes go to
/// the loopback address and the service's `host_port`, where docker publishes it. A conclusion that changes wakes
/// the loop at once. `close` ends the thread; an observer that is never closed runs as long as the process.
package final class ProbeObserver: Observer {
    package let source = ObserverSource.probe
    private let shared: ProbeShared

    /// `clock` gives the time that results are marked with; `onChange` is called on the probe thread and must not
    /// block.
    package init(
        clock: @escaping @Sendable () -> WallTime = ProbeObserver.systemTime,
        onChange: @escaping @Sendable () -> Void
    ) {
        shared = ProbeShared(clock: clock, onChange: onChange)
        shared.start()
    }

    deinit {
        shared.stop()
    }

    package func observe(_ desired: DesiredState, now: WallTime) async -> ObservationReport {
        let (observations, failure) = shared.update(desired, now: now)
        return ObservationReport(source: .probe, at: now, observations: observations, failure: failure)
    }

    /// Ends the thread within a turn; probes under way are dropped. Safe to call twice.
    package func close() {
        shared.stop()
    }

    @Sendable package static func systemTime() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// What the probe thread and the callers share. The thread keeps it alive.
private final class ProbeShared: Sendable {
    private struct State {
        var table = ProbeTable()
        var isStopped = false
        var failure: String?
    }

    private let state = Mutex(State())
    private let wake: Int32
    private let clock: @Sendable () -> WallTime
    private let onChange: @Sendable () -> Void

    init(clock: @escaping @Sendable () -> WallTime, onChange: @escaping @Sendable () -> Void) {
        self.clock = clock
        self.onChange = onChange
        wake = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }

    deinit {
        if wake >= 0 { Glibc.close(wake) }
    }

    func start() {
        guard wake >= 0 else {
            state.withLock { $0.failure = "the probe thread's eventfd could not be made" }
            return
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ProbeShared>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context)
        guard code == 0 else {
            Unmanaged<ProbeShared>.fromOpaque(context).release()
            state.withLock { $0.failure = "the probe thread could not be started (error \(code))" }
            return
        }
        pthread_detach(thread)
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        signal()
    }

    func update(_ desired: DesiredState, now: WallTime) -> ([Observation], String?) {
        let answer = state.withLock { state in
            state.table.update(desired, now: MonotonicTime.milliseconds())
            return (state.table.observations(at: now), state.failure)
        }
        signal()
        return answer
    }

    private func signal() {
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }

    private func run() {
        guard curlIsReady, let transfers = ProbeTransfers(wake: wake) else {
            state.withLock { $0.failure = "libcurl could not be set up" }
            return
        }
        let limit = ProbeShared.transferLimit()
        while true {
            let now = MonotonicTime.milliseconds()
            let (jobs, next) = state.withLock { state -> ([ProbeJob]?, Int64?) in
                if state.isStopped { return (nil, nil) }
                let jobs = state.table.takeDue(now: now, limit: limit - transfers.active)
                return (jobs, state.table.nextDue)
            }
            guard let jobs else { return }
            for job in jobs {
                if let result = transfers.start(job) { record(job.token, result) }
            }
            let isFull = transfers.active >= limit
            transfers.run(until: isFull ? now + 1000 : next ?? now + 60_000) { token, result in
                record(token, result)
            }
        }
    }

    private func record(_ token: UInt64, _ result: ProbeResult) {
        let wallTime = clock()
        let isChanged = state.withLock { state in
            state.table.record(token: token, result, at: wallTime, now: MonotonicTime.milliseconds())
        }
        if isChanged { onChange() }
    }

    /// Probes under way at once: half of the file descriptors that the process may have, at most 4096. Those that
    /// find no place are late, not lost.
    private static func transferLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
        return Int(min(max(limit.rlim_cur / 2, 16), 4096))
    }
}

/// libcurl's own set-up, once for the process.
private let curlIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
