import DockerCLI
import FleetModel
import Foundation

/// A dockerd to test against: `MUSTER_TEST_DOCKER_HOST`, else `DOCKER_HOST`, else docker's own default.
enum TestDocker {
    static let host: String? = {
        let environment = ProcessInfo.processInfo.environment
        return environment["MUSTER_TEST_DOCKER_HOST"] ?? environment["DOCKER_HOST"]
    }()

    /// A one-node Swarm of its own where there is one, else the same dockerd.
    static let swarmHost = ProcessInfo.processInfo.environment["MUSTER_TEST_SWARM_HOST"] ?? host

    static let executable = DockerCLI.find(inPath: ProcessInfo.processInfo.environment["PATH"] ?? "")

    static let isThere: Bool = {
        let answers =
            executable != nil && FileManager.default.isExecutableFile(atPath: "/bin/busybox")
            && (try? shell("docker version --format '{{.Server.Version}}'")) != nil
        if !answers { print("skipped: no dockerd") }
        return answers
    }()

    static let managesSwarm: Bool = {
        let manages =
            isThere && (try? shell("docker info --format '{{.Swarm.ControlAvailable}}'", host: swarmHost)) == "true"
        if !manages { print("skipped: no Swarm manager") }
        return manages
    }()

    static func client(host: String? = TestDocker.host, timeout: Duration = .seconds(60)) -> DockerCLI {
        DockerCLI(executable: executable ?? "/nonexistent/docker", host: host, timeout: timeout)
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// What a shell line prints; throws when it does not exit with 0.
    @discardableResult
    static func shell(_ line: String, host: String? = TestDocker.host) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        if let host {
            process.environment = ProcessInfo.processInfo.environment.merging(["DOCKER_HOST": host]) { $1 }
        }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "`\(line)`: \(String(decoding: complaint, as: UTF8.self))")
        }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// An image of busybox alone, with a container configuration as `docker import -c` takes it.
    static func makeImage(_ name: String, _ changes: [String], host: String? = TestDocker.host) throws {
        let options = changes.map { "-c '\($0)'" }.joined(separator: " ")
        try shell(
            """
            set -e; d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; mkdir -p "$d/bin"; cp /bin/busybox "$d/bin/busybox"
            for a in sh sleep cat true; do ln -s busybox "$d/bin/$a"; done
            tar -cC "$d" . | docker import \(options) - \(name) >/dev/null
            """, host: host)
    }

    static func inspect(_ name: String, host: String? = TestDocker.host) throws -> JSONValue {
        let text = try shell("docker inspect --type container -- \(name)", host: host)
        guard let first = try JSONValue.parse(text).array?.first else { throw Failure(description: "no \(name)") }
        return first
    }

    static func removeAll(host: String? = TestDocker.host) {
        _ = try? shell(
            """
            docker ps -aq --filter label=muster.test=act | xargs -r docker rm -f
            docker ps -aq --filter name='^/?act-' | xargs -r docker rm -f
            docker network ls -q --filter label=muster.test=act | xargs -r docker network rm
            docker volume ls -q --filter label=muster.test=act | xargs -r docker volume rm
            """, host: host)
    }
}

extension WallTime {
    static var now: WallTime { WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
