import CLibYAML
import FleetConfig
import FleetModel
import Foundation

/// Loading and validating a registry of 100,000 services, against a bare C loop over libyaml's events of the same
/// bytes. Runs alternate, so that a noisy machine is noisy for both; medians are compared.
func benchRegistryLoad(services: Int = 100_000, runs: Int = 7) throws -> BenchRow {
    let directory = NSTemporaryDirectory() + "muster-bench-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/registry.yml"
    try Data(RegistryFile.text(services: services).utf8).write(to: URL(fileURLWithPath: path))
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))

    let clock = ContinuousClock()
    var loads: [Duration] = []
    var loops: [Duration] = []
    for _ in 0..<runs {
        loops.append(
            clock.measure {
                let events = bytes.withUnsafeBufferPointer { muster_yaml_count_events($0.baseAddress, $0.count) }
                precondition(events > services, "libyaml read the generated registry to its end")
            })
        loads.append(
            try clock.measure {
                let loader = DesiredStateLoader(registryPath: path)
                let loaded = try loader.load()
                precondition(loaded.desired.services.count == services, "every service was read")
            })
    }
    let load = middle(loads)
    let loop = middle(loops)
    return BenchRow(
        name: "load and validate a registry", value: load, unit: "s",
        input: "\(services) services, \(bytes.count / 1_000_000) MB, \(runs) runs, median",
        reference: "bare C loop over libyaml's events", referenceValue: loop, ratio: load / loop, bar: "<= 4x")
}

/// A generated registry.
enum RegistryFile {
    /// About 170 bytes an entry, with the fields that a real one has.
    static func text(services: Int) -> String {
        var text = "version: 1\ndefaults: {container_port: 8000, image_registry: docker.io/example}\nservices:\n"
        text.reserveCapacity(services * 180)
        let domains = ["media", "data", "devops", "identity", "office"]
        for number in 0..<services {
            let name = "service-\(number)-mcp"
            text += "  - name: \(name)\n    package: \(name)\n    host_port: \(1024 + number % 60_000)\n"
            text += "    profiles: [enterprise]\n    domain: \(domains[number % 5])\n    runtime: container\n"
            text += "    version: \"1.4.\(number % 10)\"\n"
            if number % 3 == 0 { text += "    probe: {http: /health, interval_s: 10}\n" }
            if number % 10 == 9 { text += "    depends_on: [service-\(number - 1)-mcp]\n" }
        }
        return text
    }
}

/// The median in seconds.
private func middle(_ times: [Duration]) -> Double {
    times.sorted()[times.count / 2] / .seconds(1)
}
