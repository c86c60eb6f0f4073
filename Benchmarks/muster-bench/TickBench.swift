import Actuators
import ControlPlane
import FleetModel
import Foundation
import Leadership
import Logging
import Store
import StoreSQLite

/// A tick in which nothing changed: registry of 100,000 services, all up, observation excluded (the snapshot is
/// handed in), the real store.
func benchQuietTick() async throws -> BenchRow {
    let count = 100_000
    let services = (0..<count).map { index in
        ServiceSpec(
            name: "service-\(index)", image: "example/service-\(index):1.0", containerPort: 8000,
            domain: "domain-\(index % 40)", runtime: .container, version: "1.0")
    }
    let desired = LoadedFile(value: DesiredState(services: services, digest: "bench"))
    let policy = LoadedFile(value: Policy(defaults: PolicyDefaults(), rules: [], digest: "bench"))
    let now = WallTime(seconds: Int64(Date().timeIntervalSince1970))
    let observations = desired.value.services.map { spec in
        Observation(
            service: spec.name, source: .docker, condition: .up, at: now, runtime: .container,
            runtimeID: "id-\(spec.name)", image: spec.image)
    }
    let snapshot = Snapshot(
        observations: observations, sources: [.init(source: .docker, at: now, failure: nil)], at: now, generation: 1)
    let directory = NSTemporaryDirectory() + "muster-bench-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try SQLiteStore(directory: directory, now: now)
    var logger = Logger(label: "bench")
    logger.logLevel = .critical
    let control = ControlPlane(
        ControlParts(
            store: store, candidacy: SoleCandidacy(store: store, instance: "bench/1", now: { now }),
            actuator: DryRunActuator(), loadDesired: { desired }, loadPolicy: { policy },
            observe: { _ in snapshot },
            clock: WallClock { WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) },
            settings: ControlSettings(), instance: "bench/1", version: "bench", isOpenAccess: true, logger: logger))
    for _ in 0..<3 { await control.tick() }
    var samples: [Double] = []
    for _ in 0..<100 {
        let start = ContinuousClock.now
        await control.tick()
        samples.append((ContinuousClock.now - start).seconds * 1000)
    }
    await store.close()
    return BenchRow(
        name: "tick in which nothing changed", value: median(samples), unit: "ms",
        input: "\(count) services, 100 ticks, median", reference: "limit", referenceValue: 5,
        ratio: median(samples) / 5, bar: "<= 5 ms")
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted.count % 2 == 1
        ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
}
