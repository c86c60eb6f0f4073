import Foundation

/// `make bench`: every figure with its unit, its input, what it is compared with in the same run, and the ratio.
/// Words on the command line select the figures whose name contains one of them.

let selected = CommandLine.arguments.dropFirst()

let benches: [(name: String, run: () async throws -> BenchRow?)] = [
    ("registry", { try benchRegistryLoad() }),
    ("plan", { PureBenches.plan() }),
    ("tick", { try await benchQuietTick() }),
    ("decisions", { PureBenches.decisions() }),
    ("ledger", { try await benchLedger() }),
    ("postgres-ledger", { try await PostgresBench.ledger() }),
    ("postgres-fence", { try await PostgresBench.fence() }),
    ("followers", { try await LeadershipBench.followers() }),
    ("hand-over", { try await LeadershipBench.handover() }),
    ("probes", { try await benchProbes() }),
    ("start", { try benchStart() }),
    ("memory", { try benchMemory() }),
    ("healing", { try benchHealing() }),
]

var failed = false
for bench in benches where selected.isEmpty || selected.contains(where: bench.name.contains) {
    do {
        guard let row = try await bench.run() else {
            print("\(bench.name): left out, this machine cannot run it (no dockerd or no Postgres answers)")
            continue
        }
        print(row.line)
    } catch {
        failed = true
        print("\(bench.name): failed: \(error)")
    }
}
exit(failed ? 1 : 0)

extension BenchRow {
    var line: String {
        let figure = String(format: "%.3g %@", value, unit)
        let compared = String(format: "%@ %.3g %@, ratio %.2f", reference, referenceValue, unit, ratio)
        return "\(name): \(figure)  [\(input)]  \(compared)  (bar: \(bar))"
    }
}
