import FleetModel
import Foundation
import Glibc
import Testing

@Suite(
    "many docker hosts, each by itself", .serialized,
    .enabled(if: geteuid() == 0, "dockerds of one's own need root"))
struct HostTests {
    private static let isPossible = Docker.containers != nil

    /// Three services, `NAME-sock`, `NAME-tls` and `NAME-ssh`, each on the host it is called after.
    private static func registry(_ name: String, _ hosts: ThreeHosts, moving moved: [String: String] = [:]) -> String {
        ["sock", "tls", "ssh"].map { host in
            "  - {name: \(name)-\(host), image: \(TestImage.repository):1, runtime: container, "
                + "host: \(moved[host] ?? host)}"
        }.joined(separator: "\n") + "\nhosts:\n" + hosts.registry
    }

    private static func muster(
        _ scratch: Scratch, _ hosts: ThreeHosts, rules: String = "", timeout: Int = 20
    ) throws -> Muster {
        // No DOCKER_HOST: nothing is on the default endpoint, and nothing listens there either.
        try Muster(
            scratch, registry: registry(scratch.prefix, hosts), rules: rules, docker: nil,
            flags: [
                "PATH": hosts.path, "DOCKER_TIMEOUT": String(timeout), "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            ])
    }

    private func withHosts(_ note: String, _ body: (Scratch, ThreeHosts) async throws -> Void) async throws {
        let hosts = try ThreeHosts()
        do {
            try await hosts.start()
            try await scenario(note, on: hosts.sock.docker) { scratch, _ in try await body(scratch, hosts) }
        } catch {
            await hosts.end()
            throw error
        }
        await hosts.end()
    }

    @Test(
        "a service is healed on its own host, whatever bears its name elsewhere",
        .enabled(if: isPossible, Comment(rawValue: Docker.skipReason)), .timeLimit(.minutes(8)))
    func healsWhereItRuns() async throws {
        try await withHosts("hosts") { scratch, hosts in
            let name = scratch.prefix
            // Each exited where it belongs; a stranger of the same name runs, or is stopped, on another host.
            for (host, daemon) in [("sock", hosts.sock), ("tls", hosts.tls), ("ssh", hosts.ssh)] {
                try await daemon.docker.run("\(name)-\(host)")
                try await daemon.docker("stop", "--time", "0", "\(name)-\(host)")
            }
            try await hosts.tls.docker.run("\(name)-sock")
            try await hosts.ssh.docker.run("\(name)-tls")
            try await hosts.ssh.docker("stop", "--time", "0", "\(name)-tls")
            let strangerStarted = try await hosts.tls.docker.inspect("\(name)-sock", "{{.State.StartedAt}}")

            let muster = try Self.muster(scratch, hosts)
            try await withRunning(muster) {
                for host in ["sock", "tls", "ssh"] {
                    let approval = try await muster.approveAndWait("restart_service", "\(name)-\(host)")
                    #expect(approval["status"]?.string == "executed", "\(approval.text)")
                }
                try await muster.converged(3, within: 60)
                for action in try await muster.list("actions") {
                    let host = action["target"]?.string.map { String($0.split(separator: "-").last ?? "") } ?? ""
                    let argv = action["argv"]?.array?.compactMap(\.string) ?? []
                    #expect(argv.starts(with: ["docker", "--host", hosts.urls[host] ?? "?"]), "\(argv)")
                }
                let service = try await muster.get("/api/fleet/services/\(name)-ssh").body
                #expect(service["desired"]?["host"]?["docker"]?.string == "ssh://ops@edge-1.example")
                let doctor = try await muster.command("doctor")
                for host in ["sock", "tls", "ssh"] {
                    #expect(doctor.output.contains("docker \(host)"), "\(doctor.output)")
                }
                let offline = try await muster.command("plan", "--offline")
                #expect(offline.status == 0, "\(offline.output)\(offline.errors)")
            }
            for (host, daemon) in [("sock", hosts.sock), ("tls", hosts.tls), ("ssh", hosts.ssh)] {
                #expect(try await daemon.docker.inspect("\(name)-\(host)", "{{.State.Status}}") == "running")
            }
            #expect(try await hosts.tls.docker.inspect("\(name)-sock", "{{.State.StartedAt}}") == strangerStarted)
            #expect(try await hosts.ssh.docker.inspect("\(name)-tls", "{{.State.Status}}") == "exited")
        }
    }

    @Test(
        "a host that hangs and one that died make their services unknown and leave the third alone",
        .enabled(if: isPossible, Comment(rawValue: Docker.skipReason)), .timeLimit(.minutes(8)))
    func deadHosts() async throws {
        try await withHosts("dead") { scratch, hosts in
            let name = scratch.prefix
            for (host, daemon) in [("sock", hosts.sock), ("tls", hosts.tls), ("ssh", hosts.ssh)] {
                try await daemon.docker.run("\(name)-\(host)")
            }
            let muster = try Self.muster(
                scratch, hosts, rules: "  - {kind: restart_service, tier: auto}", timeout: 5)
            try await withRunning(muster) {
                try await muster.converged(3)
                try await hosts.tls.crash()
                hosts.ssh.hold()
                try await eventually("two services are unknown", within: 60) {
                    try await muster.plan()["unknown"]?.array?.count == 2 ? true : nil
                }
                try await hosts.sock.docker("stop", "--time", "0", "\(name)-sock")
                try await eventually("the third is healed", within: 60) {
                    let action = try await muster.list("actions").first
                    return action?["state"]?.string == "succeeded" ? true : nil
                }
                try await muster.letTick(3)
                #expect(try await muster.list("actions").map { $0["target"]?.string } == ["\(name)-sock"])
                #expect(try await hosts.sock.docker.inspect("\(name)-sock", "{{.State.Status}}") == "running")
                for host in ["tls", "ssh"] {
                    let observed = try await muster.get("/api/fleet/services/\(name)-\(host)").body["observed"]
                    #expect(observed?["condition"]?.string == "unknown")
                    #expect(observed?["detail"]?.string?.contains("host `\(host)`") == true, "\(observed?.text ?? "")")
                }
                let ready = try await muster.get("/readyz").body
                let message = ready["checks"]?["observers"]?["message"]?.string ?? ""
                #expect(message.contains("docker on ssh: ") && message.contains("docker on tls: "), "\(message)")
                #expect(!message.contains("docker on sock"))
                let metrics = try await muster.get("/metrics").body.string ?? ""
                #expect(metrics.contains("host=\"tls\""))

                // Back again. The crash ended what ran there: now there is evidence.
                hosts.ssh.letGoOn()
                try await hosts.tls.start()
                try await muster.converged(3, within: 120)
                #expect(try await hosts.tls.docker.inspect("\(name)-tls", "{{.State.Status}}") == "running")
                #expect(try await hosts.ssh.docker.inspect("\(name)-ssh", "{{.RestartCount}}") == "0")
            }
        }
    }

    @Test(
        "a service that moves is looked at and made on its new host, without a restart of the daemon",
        .enabled(if: isPossible, Comment(rawValue: Docker.skipReason)), .timeLimit(.minutes(8)))
    func movedInTheRegistry() async throws {
        try await withHosts("moved") { scratch, hosts in
            let name = scratch.prefix
            for (host, daemon) in [("sock", hosts.sock), ("tls", hosts.tls), ("ssh", hosts.ssh)] {
                try await daemon.docker.run("\(name)-\(host)")
            }
            try await hosts.sock.docker("stop", "--time", "0", "\(name)-sock")
            let muster = try Self.muster(scratch, hosts)
            try await withRunning(muster) {
                let asked = try await muster.pendingApproval("restart_service", "\(name)-sock")
                // It moves before anybody has answered: what was asked is not for the new host.
                try scratch.write(
                    Muster.registry(Self.registry(name, hosts, moving: ["sock": "ssh"])), to: "registry.yml")
                let id = asked["id"]?.string ?? ""
                try await eventually("the question is withdrawn") {
                    let approval = try await muster.get("/api/fleet/approvals/\(id)").body
                    return approval["status"]?.string == "superseded" ? true : nil
                }
                let approval = try await muster.approveAndWait("deploy_service", "\(name)-sock")
                #expect(approval["status"]?.string == "executed", "\(approval.text)")
                try await muster.converged(3, within: 60)
                #expect(try await hosts.ssh.docker.inspect("\(name)-sock", "{{.State.Status}}") == "running")
                #expect(try await hosts.sock.docker.inspect("\(name)-sock", "{{.State.Status}}") == "exited")
            }
        }
    }

    @Test(
        "an action whose service moves before it can begin runs on neither host",
        .enabled(if: isPossible, Comment(rawValue: Docker.skipReason)), .timeLimit(.minutes(8)))
    func movedBeforeItBegins() async throws {
        try await withHosts("late") { scratch, hosts in
            let name = scratch.prefix
            for (host, daemon) in [("sock", hosts.sock), ("tls", hosts.tls), ("ssh", hosts.ssh)] {
                try await daemon.docker.run("\(name)-\(host)")
            }
            // What waits there under the same name would be hit by a command that follows the registry.
            try await hosts.sock.docker.run("\(name)-tls")
            let muster = try Self.muster(scratch, hosts, rules: "  - {kind: stop_service, tier: auto}", timeout: 5)
            try await withRunning(muster) {
                try await muster.converged(3)
                hosts.tls.hold()
                let asked = try await muster.post(
                    "/api/fleet/actions",
                    ["kind": "stop_service", "target": .string("\(name)-tls"), "params": [:], "reason": "test"])
                let id = asked.body["action_id"]?.string ?? "none: \(asked.body.text)"
                try await muster.letTick(2)
                #expect(try await muster.get("/api/fleet/actions/\(id)").body["state"]?.string == "planned")
                try scratch.write(
                    Muster.registry(Self.registry(name, hosts, moving: ["tls": "sock"])), to: "registry.yml")
                let action = try await eventually("it is cancelled", within: 60) { () -> JSONValue? in
                    let action = try await muster.get("/api/fleet/actions/\(id)").body
                    guard action["state"]?.string == "cancelled" else { return Optional.none }
                    return action
                }
                let urls = hosts.urls
                #expect(
                    action["detail"]?.string
                        == "`\(name)-tls` has moved since it was decided: from `\(urls["tls"] ?? "")` to `\(urls["sock"] ?? "")`"
                )
                hosts.tls.letGoOn()
                try await muster.converged(3, within: 60)
            }
            #expect(try await hosts.sock.docker.inspect("\(name)-tls", "{{.State.Status}}") == "running")
            #expect(try await hosts.tls.docker.inspect("\(name)-tls", "{{.State.Status}}") == "running")
        }
    }
}
