import ControlPlane
import FleetModel
import Foundation

/// From exec of `muster serve` to the first 200 of `/readyz`, on an empty store and the shipped registry.
func benchStart() throws -> BenchRow {
    var samples: [Double] = []
    for _ in 0..<10 {
        let daemon = try BenchDaemon()
        defer { daemon.stop() }
        let start = ContinuousClock.now
        try daemon.start()
        while daemon.get("/readyz")?.status != 200 {
            guard ContinuousClock.now - start < .seconds(30) else { throw BenchError("`/readyz` never said 200") }
            usleep(2000)
        }
        samples.append((ContinuousClock.now - start).seconds * 1000)
    }
    return BenchRow(
        name: "muster serve from exec to /readyz 200", value: median(samples), unit: "ms",
        input: "68 services, empty store, 10 starts, median", reference: "limit", referenceValue: 300,
        ratio: median(samples) / 300, bar: "<= 300 ms")
}

/// Resident memory of the daemon with 100,000 services, a third of them probed, after ten ticks. None names a
/// `runtime`, so that on a docker that runs none of them nothing is proposed; with 100,000 proposals it is more.
func benchMemory() throws -> BenchRow {
    let path = NSTemporaryDirectory() + "muster-bench-registry-\(UUID().uuidString).yml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let text = RegistryFile.text(services: 100_000).replacingOccurrences(of: "    runtime: container\n", with: "")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let daemon = try BenchDaemon(["FLEET_REGISTRY_PATH": path, "FLEET_RECONCILER_INTERVAL": "1"])
    defer { daemon.stop() }
    try daemon.start()
    let start = ContinuousClock.now
    while ticks(daemon) < 10 {
        guard ContinuousClock.now - start < .seconds(120) else { throw BenchError("ten ticks never came") }
        usleep(200_000)
    }
    guard let resident = daemon.residentMegabytes else { throw BenchError("the daemon is gone") }
    return BenchRow(
        name: "memory of the daemon after 10 ticks", value: resident, unit: "MB",
        input: "100000 services, a third probed, none diverging",
        reference: "limit", referenceValue: 300, ratio: resident / 300, bar: "<= 300 MB")
}

private func ticks(_ daemon: BenchDaemon) -> Int {
    guard let text = daemon.get("/metrics")?.body else { return 0 }
    return text.split(separator: "\n").filter { $0.hasPrefix("muster_ticks_total") }
        .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
}

/// From a container's death to its next start under an `auto` rule, by dockerd's own timestamps, beside a bare
/// `docker start` of the same container in the same run. Nil where no dockerd answers.
func benchHealing() throws -> BenchRow? {
    let host = ProcessInfo.processInfo.environment["MUSTER_TEST_DOCKER_HOST"]
    let docker = host.map { ["DOCKER_HOST": $0] } ?? [:]
    guard (try? shell(["docker", "info"], environment: docker)) != nil else { return nil }
    let name = "muster-bench-heal"
    try prepareContainer(name, docker)
    defer { _ = try? shell(["docker", "rm", "-f", name], environment: docker) }

    var bare: [Double] = []
    for _ in 0..<9 {
        try shell(["docker", "kill", name], environment: docker)
        let start = ContinuousClock.now
        try shell(["docker", "start", name], environment: docker)
        bare.append((ContinuousClock.now - start).seconds * 1000)
    }

    let folder = NSTemporaryDirectory() + "muster-bench-heal-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "version: 1\nservices:\n  - {name: \(name), runtime: container}\n".write(
        toFile: folder + "/registry.yml", atomically: true, encoding: .utf8)
    try "version: 1\nrules:\n  - {kind: restart_service, tier: auto, rate_limit: {max: 1000, window_s: 60}}\n".write(
        toFile: folder + "/policy.yml", atomically: true, encoding: .utf8)
    let daemon = try BenchDaemon(
        [
            "FLEET_REGISTRY_PATH": folder + "/registry.yml", "ACTION_POLICY_PATH": folder + "/policy.yml",
            "FLEET_ACTUATOR": "docker",
        ].merging(docker) { $1 })
    defer { daemon.stop() }
    try daemon.start()
    sleep(4)  // Until the event stream stands; before that a death waits for the interval.
    var healed: [Double] = []
    for _ in 0..<9 {
        let before = try inspect(name, docker).started
        try shell(["docker", "kill", name], environment: docker)
        let deadline = ContinuousClock.now + .seconds(60)
        var now = try inspect(name, docker)
        while now.started == before || !now.running {
            guard ContinuousClock.now < deadline else { throw BenchError("the container was not started again") }
            usleep(50_000)
            now = try inspect(name, docker)
        }
        healed.append(Double(now.started.milliseconds - now.finished.milliseconds))
        sleep(1)
    }
    return BenchRow(
        name: "container killed -> running again", value: median(healed), unit: "ms",
        input: "`auto` rule, real dockerd, 9 kills, median", reference: "bare `docker start`",
        referenceValue: median(bare), ratio: median(healed) / median(bare), bar: "<= 2 x")
}

private func prepareContainer(_ name: String, _ docker: [String: String]) throws {
    _ = try? shell(["docker", "rm", "-f", name], environment: docker)
    let root = NSTemporaryDirectory() + "muster-bench-root-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: root) }
    try shell([
        "sh", "-c",
        "mkdir -p \(root)/bin && cp \"$(command -v busybox)\" \(root)/bin/busybox && ln -s busybox \(root)/bin/sleep",
    ])
    try shell(
        [
            "sh", "-c",
            "tar -C \(root) -c . | docker import -c 'CMD [\"/bin/sleep\",\"100000\"]' - muster-bench:1",
        ], environment: docker)
    try shell(["docker", "run", "-d", "--network", "none", "--name", name, "muster-bench:1"], environment: docker)
}

private func inspect(
    _ name: String, _ docker: [String: String]
) throws -> (running: Bool, started: WallTime, finished: WallTime) {
    let format = "{{.State.Running}} {{.State.StartedAt}} {{.State.FinishedAt}}"
    let words = try shell(["docker", "inspect", "--format", format, name], environment: docker).split(separator: " ")
    guard words.count == 3, let started = WallTime(rfc3339: words[1]) else { throw BenchError("docker inspect") }
    return (words[0] == "true", started, WallTime(rfc3339: words[2]) ?? WallTime(milliseconds: 0))
}
