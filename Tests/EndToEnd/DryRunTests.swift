import FleetModel
import Foundation
import Testing

@Suite(
    "dry run takes every step but the last",
    .enabled(if: Docker.containers != nil, Comment(rawValue: Docker.skipReason)))
struct DryRunTests {
    static let cases: [ContainerScenario] = [
        .exited, .unhealthy, .paused, .restarting, .outOfMemory, .missing, .drifted, .stopped,
    ]

    @Test("the same differences, approved, leave dockerd untouched", .timeLimit(.minutes(8)))
    func untouched() async throws {
        try await scenario("dry-run") { scratch, docker in
            var registry: [String] = []
            for wanted in Self.cases {
                let name = "\(scratch.prefix)-\(wanted.note)"
                let version = wanted.fields.contains("version") ? "" : ":1"
                registry.append("  - {name: \(name), image: \(TestImage.repository)\(version)\(wanted.fields)}")
                try await wanted.arrange(docker, name, scratch)
            }
            let before = try await states(docker, scratch.prefix)
            let witness = try EventWitness(docker, scratch)
            defer { witness.stop() }
            try await witness.ready()

            let muster = try Muster(
                scratch, registry: registry.joined(separator: "\n"), docker: docker, actuator: "dryrun",
                flags: ["FLEET_RECONCILER_MAX_ACTIONS": "20"])
            try await withRunning(muster) {
                for wanted in Self.cases {
                    let approval = try await muster.approveAndWait(wanted.kind, "\(scratch.prefix)-\(wanted.note)")
                    #expect(approval["status"]?.string == "executed", "\(approval.text)")
                }
                let actions = try await muster.list("actions")
                #expect(actions.count >= Self.cases.count)
                #expect(actions.allSatisfy { $0["dry_run"]?.bool == true && $0["actuator"]?.string == "dryrun" })
                try await muster.letTick()
            }
            // The witness has seen everything up to an event of our own.
            try await docker.run("\(scratch.prefix)-last")
            try await eventually("the witness has seen the last event") {
                witness.actions(of: "\(scratch.prefix)-last").contains("start") ? true : nil
            }
            let touched = Self.cases.flatMap { wanted in
                witness.actions(of: "\(scratch.prefix)-\(wanted.note)").filter { !wanted.ownEvents.contains($0) }
                    .map { "\(wanted.note): \($0)" }
            }
            #expect(touched == [])
            #expect(try await states(docker, scratch.prefix).filter { !$0.contains("-last ") } == before)
        }
    }

    /// Name, id and image of each container; its state may change by docker's own doing.
    private func states(_ docker: Docker, _ prefix: String) async throws -> [String] {
        let format = "{{.Names}} {{.ID}} {{.Image}}"
        return try await docker("ps", "-a", "--filter", "name=\(prefix)", "--format", format)
            .split(separator: "\n").map(String.init).sorted()
    }
}

extension ContainerScenario {
    /// What dockerd reports of such a container by itself.
    fileprivate var ownEvents: Set<String> {
        switch note {
        case "unhealthy": ["health_status"]
        case "restarting": ["start", "die"]
        default: []
        }
    }
}

/// `docker events` over a run, in a file.
final class EventWitness: Sendable {
    private let scratch: Scratch
    private let docker: Docker
    private let process: Process

    init(_ docker: Docker, _ scratch: Scratch) throws {
        self.docker = docker
        self.scratch = scratch
        try scratch.write("", to: "events")
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "docker", "-H", docker.host, "events", "--format", "{{.Action}} {{.Actor.Attributes.name}}",
        ]
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path("events")))
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Returns once it is known to see: an event made for it has arrived.
    func ready() async throws {
        let name = "\(scratch.prefix)-first"
        try await eventually("docker events are seen") { () -> Bool? in
            try await docker("create", "--name", name, "\(TestImage.repository):1")
            try await docker("rm", "-f", name)
            return actions(of: name).isEmpty ? nil : true
        }
    }

    /// What happened to the container of that name, in order; probes of a health check left out.
    func actions(of name: String) -> [String] {
        scratch.read("events").split(separator: "\n").compactMap { line in
            guard line.hasSuffix(" \(name)"), !line.hasPrefix("exec_") else { return nil }
            return String(line.prefix { $0 != " " && $0 != ":" })
        }
    }

    func stop() {
        process.terminate()
    }
}
