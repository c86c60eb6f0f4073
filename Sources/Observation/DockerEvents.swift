package import DockerCLI
import Synchronization

/// Follows `docker events` and wakes the loop when something happened that may change what is observed.
///
/// A wake carries no facts, only "look again": lines are not even parsed. While the stream is down nothing is lost
/// but time, because the interval looks anyway; when it is back one wake makes good what was missed. `run` goes on
/// until its task is cancelled and starts the command anew with a growing pause, whatever makes it end.
package final class DockerEvents: Sendable {
    /// What `/readyz` says of the stream.
    package struct Status: Equatable, Sendable {
        package var isConnected: Bool
        /// Why the stream ended last; nil while it is connected and before its first end.
        package var failure: String?
        /// How often it was started again.
        package var restarts: Int

        package init(isConnected: Bool, failure: String?, restarts: Int) {
            self.isConnected = isConnected
            self.failure = failure
            self.restarts = restarts
        }
    }

    private let cli: DockerCLI
    private let backoff: Backoff
    private let settling: Duration
    private let onEvent: @Sendable () -> Void
    private let state = Mutex(Status(isConnected: false, failure: nil, restarts: 0))

    /// Docker filters on its side; without that, the `exec_*` events of health checks alone would be a stream of
    /// wakes. `health_status` stands for each of its values. A kill is followed by `die` where it had an effect.
    static let arguments: [String] =
        ["events", "--format", "{{.Type}} {{.Action}}", "--filter", "type=container", "--filter", "type=service"]
        + [
            "create", "start", "die", "oom", "stop", "pause", "unpause", "restart", "health_status", "rename",
            "update", "destroy", "remove",
        ].flatMap { ["--filter", "event=\($0)"] }

    /// `settling` is how long the command must have run to count as connected: without a daemon it ends at once.
    package init(
        cli: DockerCLI, backoff: Backoff = Backoff(), settling: Duration = .seconds(1),
        onEvent: @escaping @Sendable () -> Void
    ) {
        self.cli = cli
        self.backoff = backoff
        self.settling = settling
        self.onEvent = onEvent
    }

    package var status: Status { state.withLock { $0 } }

    package func run() async {
        var backoff = backoff
        while !Task.isCancelled {
            let start = ContinuousClock.now
            let failure = await follow()
            let wasConnected = state.withLock { state in
                let wasConnected = state.isConnected
                state.isConnected = false
                state.failure = failure?.description ?? "`docker events` ended"
                state.restarts += 1
                return wasConnected
            }
            if wasConnected {
                // The daemon may be gone: look.
                onEvent()
            }
            if .now - start >= backoff.resetAfter { backoff.reset() }
            do { try await Task.sleep(for: backoff.next(jitter: Double.random(in: 0...1))) } catch { return }
        }
    }

    /// One run of the command, from start to end.
    private func follow() async -> DockerFailure? {
        await withTaskGroup(of: DockerFailure??.self) { group in
            group.addTask {
                .some(
                    await self.cli.forEachLine(DockerEvents.arguments, lineLimit: 1 << 16) { _ in
                        self.connected()
                        self.onEvent()
                    })
            }
            group.addTask {
                do { try await Task.sleep(for: self.settling) } catch { return nil }
                if self.connected() { self.onEvent() }
                return nil
            }
            while let result = await group.next() {
                guard let failure = result else { continue }
                group.cancelAll()
                return failure
            }
            return nil
        }
    }

    /// True when it was not connected before.
    @discardableResult
    private func connected() -> Bool {
        state.withLock { state in
            defer {
                state.isConnected = true
                state.failure = nil
            }
            return !state.isConnected
        }
    }
}

/// Growing pauses between attempts.
package struct Backoff: Sendable {
    package var first: Duration
    package var limit: Duration
    /// An attempt that lasted so long was a success.
    package var resetAfter: Duration
    private var current: Duration

    package init(
        first: Duration = .milliseconds(500), limit: Duration = .seconds(30), resetAfter: Duration = .seconds(30)
    ) {
        self.first = first
        self.limit = limit
        self.resetAfter = resetAfter
        current = first
    }

    /// The pause before the next attempt, and doubles the one after it. `jitter` from 0 to 1 gives 50 to 100 % of it.
    package mutating func next(jitter: Double) -> Duration {
        let pause = current * (0.5 + jitter / 2)
        current = min(current * 2, limit)
        return pause
    }

    package mutating func reset() {
        current = first
    }
}
