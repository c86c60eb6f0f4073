import Foundation
import Observation
import Testing

/// What the watcher does when `docker events` does not behave.
@Suite(.timeLimit(.minutes(1)))
struct DockerEventsTests {
    @Test func everyLineIsAWake() async throws {
        let docker = try FakeDocker("echo 'container die'; sleep 0.3; echo 'container start'; exec sleep 1000")
        defer { docker.remove() }
        let wakes = Wakes()
        let events = DockerEvents(cli: docker.cli(), settling: .seconds(60), onEvent: wakes.callback)
        let task = Task { await events.run() }
        defer { task.cancel() }
        #expect(await wakes.next())
        #expect(await wakes.next())
        #expect(await !wakes.next(within: .milliseconds(300)), "no more lines, no more wakes")
        #expect(events.status.isConnected)
    }

    @Test func asksForWhatMattersOnly() async throws {
        let docker = try FakeDocker("echo \"$*\" > \"$(dirname \"$0\")/arguments\"; exec sleep 1000")
        defer { docker.remove() }
        let events = DockerEvents(cli: docker.cli(), onEvent: {})
        let task = Task { await events.run() }
        defer { task.cancel() }
        let file = docker.folder.appendingPathComponent("arguments")
        #expect(await eventually { (try? String(contentsOf: file, encoding: .utf8))?.hasSuffix("\n") == true })
        let arguments = try String(contentsOf: file, encoding: .utf8)
        #expect(arguments.hasPrefix("events --format {{.Type}} {{.Action}} --filter type=container"))
        #expect(!arguments.contains("exec_"))
        for event in ["die", "oom", "health_status", "start", "pause", "unpause", "destroy", "rename", "remove"] {
            #expect(arguments.contains("--filter event=\(event)"))
        }
    }

    @Test func startsAgainWithGrowingPausesAndNeverSpins() async throws {
        let docker = try FakeDocker("echo x >> \"$(dirname \"$0\")/starts\"; echo 'no daemon' >&2; exit 1")
        defer { docker.remove() }
        let wakes = Wakes()
        let events = DockerEvents(
            cli: docker.cli(), backoff: Backoff(first: .milliseconds(100), limit: .seconds(30)),
            settling: .seconds(60), onEvent: wakes.callback)
        let task = Task { await events.run() }
        #expect(await eventually { events.status.restarts >= 3 })
        task.cancel()
        await task.value
        let starts = try String(contentsOf: docker.folder.appendingPathComponent("starts"), encoding: .utf8)
        #expect(starts.split(separator: "\n").count <= 5)
        #expect(events.status.isConnected == false)
        #expect(events.status.failure?.contains("exited with 1: no daemon") == true)
        #expect(await !wakes.next(within: .milliseconds(10)), "it was never connected: nothing to look at")
    }

    @Test func anEndThatFollowsAConnectionWakes() async throws {
        let docker = try FakeDocker("sleep 2; exit 0")
        defer { docker.remove() }
        let wakes = Wakes()
        let events = DockerEvents(
            cli: docker.cli(), backoff: Backoff(first: .seconds(20)), settling: .milliseconds(100),
            onEvent: wakes.callback)
        let task = Task { await events.run() }
        defer { task.cancel() }
        #expect(await wakes.next(), "connected")
        #expect(await wakes.next(), "ended")
        #expect(events.status == .init(isConnected: false, failure: "`docker events` ended", restarts: 1))
    }

    @Test func pausesDoubleUpToTheLimitAndBeginAnew() {
        var backoff = Backoff()
        let pauses = (0..<8).map { _ in backoff.next(jitter: 1) }
        #expect(pauses == [0.5, 1, 2, 4, 8, 16, 30, 30].map { Duration.seconds($0) })
        backoff.reset()
        #expect(backoff.next(jitter: 0) == .milliseconds(250), "jitter takes up to half off")
    }
}
