import DockerCLI
import Foundation

/// A shell script in a folder of its own that stands in for the docker CLI: the real part under test is the process.
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

    func cli(timeout: Duration = .seconds(10), host: String? = nil, maximumCommands: Int = 8) -> DockerCLI {
        DockerCLI(executable: path, host: host, timeout: timeout, maximumCommands: maximumCommands)
    }

    func content(of file: String) -> String? {
        try? String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }
}

/// The process is gone or a zombie that nobody has reaped yet.
func isGone(_ process: Int) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
    return status.contains(") Z ")
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
