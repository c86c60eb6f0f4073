import DockerCLI
import FleetModel
import Foundation

let start = WallTime(rfc3339: "2026-11-21T01:43:20Z")!

/// A registry of services, each with what the note needs.
func registry(_ services: ServiceSpec..., digest: String = "digest") -> DesiredState {
    DesiredState(services: services, digest: digest)
}

/// A shell script in a folder of its own that stands in for the docker CLI.
struct FakeDocker {
    let folder: URL
    var path: String { folder.appendingPathComponent("docker").path }

    init(_ script: String) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("muster-fake-docker-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: folder.appendingPathComponent("docker"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    func cli(timeout: Duration = .seconds(10)) -> DockerCLI {
        DockerCLI(executable: path, timeout: timeout)
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }
}

/// Looks again every 10 ms until the condition holds, at most `limit`.
func eventually(within limit: Duration = .seconds(10), _ condition: () async -> Bool) async -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return await condition()
}

/// Counts wakes.
final class Wakes: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1000))
    }

    var callback: @Sendable () -> Void {
        let continuation = continuation
        return { continuation.yield() }
    }

    /// Takes the wakes that are there, then waits for one more; false when none came in time.
    func next(within limit: Duration = .seconds(5)) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in self.stream { return true }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            let result = await group.next() ?? false
            group.cancelAll()
            return result
        }
    }
}
