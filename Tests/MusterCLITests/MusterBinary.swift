import Foundation
import Subprocess

/// The executable as it was built beside these tests.
enum MusterBinary {
    struct Run: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    private static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    /// The package's folder, where `deploy/` is.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Runs it with nothing of our own environment that it would look at.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        var updates: [Environment.Key: String?] = [
            "MUSTER_URL": nil, "MUSTER_API_KEY": nil, "MUSTER_CONFIG_DIR": "/nonexistent", "NO_COLOR": nil,
        ]
        for (name, value) in environment { updates[Environment.Key(stringLiteral: name)] = value }
        let executable = try await Executable.name("muster").resolveExecutablePath(in: .custom(["PATH": folder]))
        let result = try await Subprocess.run(
            .path(executable), arguments: Arguments(arguments), environment: .inherit.updating(updates),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Run(status: status, output: result.standardOutput, errors: result.standardError)
    }
}
