import Foundation

/// A `docker` that stands first in PATH: it writes down what it is asked and then does what the test wants of it.
struct DockerShim: Sendable {
    enum Mode: String, Sendable, CaseIterable {
        /// Hands on to the real docker.
        case pass
        /// Never answers, and does not end on TERM either.
        case hang
        case fail
        /// Exit code 0 and bytes that mean nothing.
        case garbage
        /// The beginning of what docker prints, cut off in the middle.
        case truncated
        /// 100 MB, then exit code 0.
        case flood
    }

    let scratch: Scratch
    var folder: String { scratch.path("bin") }

    init(_ scratch: Scratch) async throws {
        self.scratch = scratch
        try FileManager.default.createDirectory(atPath: scratch.path("bin"), withIntermediateDirectories: true)
        let docker = try await Shell.output(["sh", "-c", "command -v docker"])
        try scratch.write(
            """
            #!/bin/sh
            printf '%s\\n' "$*" >>'\(scratch.path("argv"))'
            read -r mode <'\(scratch.path("mode"))'
            case $mode in
            hang) trap '' TERM; while :; do sleep 0.2; done ;;
            fail) echo 'Cannot connect to the Docker daemon' >&2; exit 1 ;;
            garbage) head -c 4096 /dev/urandom; exit 0 ;;
            truncated) '\(docker)' "$@" | head -c 40; exit 0 ;;
            flood) head -c 100000000 /dev/zero | tr '\\0' x; exit 0 ;;
            esac
            exec '\(docker)' "$@"

            """, to: "bin/docker")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path("bin/docker"))
        try set(.pass)
    }

    func set(_ mode: Mode) throws {
        try scratch.write(mode.rawValue + "\n", to: "mode")
    }

    /// Everything it was asked, in order, one command line each.
    var calls: [String] {
        scratch.read("argv").split(separator: "\n").map(String.init)
    }

    /// What it was asked that changes something.
    var mutations: [String] {
        let verbs: Set = [
            "restart", "start", "stop", "kill", "rm", "rename", "create", "run", "update", "scale", "unpause", "pause",
            "rollback", "deploy",
        ]
        return calls.filter { call in
            // `container restart`, `service update` and the bare form alike; global options come first.
            let words = call.split(separator: " ").map(String.init)
            guard
                let verb = words.first(where: { !$0.hasPrefix("-") && !["container", "service", "stack"].contains($0) })
            else { return false }
            return verbs.contains(verb)
        }
    }
}
