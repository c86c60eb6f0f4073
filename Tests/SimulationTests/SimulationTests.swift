import Foundation
import Subprocess
import Testing

/// Runs `muster-simulation` as it was built in release by scripts/test (docs/simulation.md).
@Suite(.serialized) struct SimulationTests {
    /// How many seeds; fewer on a machine that is not CI's.
    private static let seeds =
        ProcessInfo.processInfo.environment["MUSTER_SIM_SEEDS"].flatMap { Int($0) } ?? 10_000

    static let plants = [
        "act-before-claim", "approval-not-used-up", "claim-twice", "commit-not-durable", "epoch-not-raised",
        "finish-lost", "hold-ignored-at-claim", "incomplete-taken-for-absent",
        "ledger-head-ignored", "ledger-rewritten", "lost-wake", "no-fence-at-claim", "no-fence-at-commit",
        "rerun-executing", "stale-look-taken-for-fresh", "suspended-time-not-counted", "trust-never-ends",
        "unknown-taken-for-down", "vote-after-expiry", "vote-counted-twice",
    ]

    @Test("over all seeds no invariant is broken, and the fleet comes to rest when the faults stop")
    func clean() async throws {
        let (status, output) = try await simulate("--seeds", "0..<\(Self.seeds)", "--workers", "2")
        #expect(status == 0, "\(output.suffix(4000))")
        #expect(output.contains(" seeds, "))
    }

    @Test("the same seed gives the same trace, byte for byte", arguments: [0, 1, 26, 49, 4711])
    func trace(seed: Int) async throws {
        let (_, first) = try await simulate("--trace", "\(seed)")
        let (_, second) = try await simulate("--trace", "\(seed)")
        #expect(first.utf8.count > 10_000, "a trace says what happened")
        #expect(first == second)
    }

    @Test("a planted bug is found within 10,000 seeds", arguments: plants)
    func plant(_ name: String) async throws {
        let (status, output) = try await simulate("--plant", name, "--seeds", "0..<10000", "--workers", "2")
        #expect(status == 1, "`\(name)` was not found")
        #expect(output.contains("VIOLATION"))
        #expect(!output.contains("GAVE ANOTHER TRACE"))
    }

    private func simulate(_ arguments: String...) async throws -> (Int32, String) {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let folder = package + "/.build/release"
        let isBuilt = FileManager.default.isExecutableFile(atPath: folder + "/muster-simulation")
        try #require(isBuilt, "build it first: see scripts/test")
        let executable = Executable.name("muster-simulation")
        let binary = try await executable.resolveExecutablePath(in: .custom(["PATH": folder]))
        let result = try await Subprocess.run(
            .path(binary), arguments: Arguments(arguments), environment: .inherit,
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        switch result.terminationStatus {
        case .exited(let code): return (code, result.standardOutput)
        case .signaled(let signal): return (128 + signal, result.standardOutput + result.standardError)
        }
    }
}
