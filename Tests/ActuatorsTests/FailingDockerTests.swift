import Actuators
import DockerCLI
import FleetModel
import Foundation
import Synchronization
import Testing

/// A docker command line that misbehaves, made as a script: what the outcome says of it.
@Suite struct FailingDockerTests {
    private static let id = String(repeating: "a", count: 64)

    /// Answers `ps`, `inspect` and `service ls` well, and everything else with `body`.
    private func docker(_ body: String, timeout: Duration = .milliseconds(700)) throws -> DockerCLI {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-act-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent("docker").path
        let listed = #"["\#(FailingDockerTests.id)","web","","","","","","","Up 3 hours"]"#
        let record = """
            [{"Id":"\(FailingDockerTests.id)","Name":"/web","State":{"Status":"running"},"Config":{},"HostConfig":{}}]
            """
        let script = """
            #!/bin/sh
            echo "$@" >> '\(folder.path)/calls'
            case "$1" in
            ps) echo '\(listed)' ;;
            inspect) echo '\(record)' ;;
            service) echo "This node is not a swarm manager." >&2; exit 1 ;;
            *) \(body) ;;
            esac
            """
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return DockerCLI(executable: path, timeout: timeout)
    }

    @Test func eachWayToFailHasItsOutcome() async throws {
        let cases: [(note: String, body: String, ActionOutcome.Result, says: String)] = [
            ("it works", "exit 0", .succeeded, "ran `docker restart"),
            ("it hangs", "sleep 60", .unknown, "did not answer"),
            ("it hangs and ignores TERM", "trap '' TERM; sleep 60; sleep 60", .unknown, "did not answer"),
            ("docker says no", "echo 'Error response from daemon: no' >&2; exit 1", .failed, "no"),
            ("it is killed by another", "kill -9 $$", .unknown, "signal 9"),
            ("the daemon goes away meanwhile", "echo 'error during connect: EOF' >&2; exit 1", .unknown, "EOF"),
            (
                "the daemon was not there", "echo 'Cannot connect to the Docker daemon at unix://x' >&2; exit 1",
                .failed, "Cannot connect"
            ),
        ]
        for (note, body, result, says) in cases {
            // TERM and KILL take their grace; a slow machine gets more than the deadline that is being tested.
            let timeout: Duration = result == .unknown && says == "did not answer" ? .milliseconds(1500) : .seconds(20)
            let actuator = DockerActuator(docker: try docker(body, timeout: timeout))
            var action = makeAction("action:1", target: "web")
            let commands = [["docker", "restart", "-t", "0", "--", FailingDockerTests.id]]
            action.commands = commands
            let outcome = await actuator.run(action, commands: commands, spec: nil, mayBegin: { true })
            #expect(outcome.result == result, "\(note): \(outcome.detail)")
            #expect(outcome.detail.contains(says), "\(note): \(outcome.detail)")
        }
    }

    @Test func aDockerThatIsNotThereRanNothing() async {
        let actuator = DockerActuator(docker: DockerCLI(executable: "/nonexistent/docker"))
        let outcome = await actuator.run(
            makeAction("action:1", target: "web"), commands: [["docker", "restart", "-t", "0", "--", "web"]], spec: nil,
            mayBegin: { true })
        #expect(outcome.result == .failed)
        #expect(outcome.detail.hasPrefix("nothing was run"))
    }

    @Test func whatCannotBeReadLeavesTheActionPlanned() async throws {
        let bodies = ["echo garbage", "echo '[1,2]'", "exit 1", "sleep 60", "head -c 100000000 /dev/zero"]
        for body in bodies {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                "muster-act-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let path = folder.appendingPathComponent("docker").path
            try "#!/bin/sh\n\(body)\n".write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            let actuator = DockerActuator(docker: DockerCLI(executable: path, timeout: .seconds(2)))
            for kind in ActionKind.builtIn {
                let params = kind == .scaleService ? JSONObject([("replicas", 1)]) : JSONObject()
                let prepared = await actuator.prepare(
                    makeAction("action:1", kind, target: "web", params: params), spec: nil)
                guard case .unavailable = prepared else {
                    Issue.record("`\(body)`, \(kind): \(prepared)")
                    continue
                }
                if body.hasPrefix("sleep") { break }
            }
        }
    }

    /// The last command of an exchange fails, and by then another may lead: the undoing is left to that one.
    @Test func nothingIsUndoneWithoutTrust() async throws {
        let docker = try docker("case \"$1\" in start) exit 1 ;; esac")
        let action = makeAction("action:1", .rollbackService, target: "web")
        let commands = [
            ["docker", "stop", "-t", "0", "--", FailingDockerTests.id],
            ["docker", "rename", "--", String(repeating: "b", count: 64), "api"],
            ["docker", "start", "--", String(repeating: "b", count: 64)],
        ]
        // What is listed is the old container under another name than its own, so there is something to undo. Trust is
        // asked for by the actuator and twice by the process, for each command.
        let asked = Mutex(0)
        let outcome = await DockerActuator(docker: docker).run(
            action, commands: commands, spec: nil,
            mayBegin: {
                asked.withLock { count in
                    count += 1
                    return count <= 3 * commands.count
                }
            })
        #expect(outcome.result == .unknown, "\(outcome.detail)")
        let folder = URL(fileURLWithPath: docker.executable).deletingLastPathComponent()
        let calls = try String(contentsOf: folder.appendingPathComponent("calls"), encoding: .utf8)
        let changes = calls.split(separator: "\n").filter { !$0.hasPrefix("ps") && !$0.hasPrefix("inspect") }
        #expect(changes.count == commands.count, "\(changes)")
    }

    @Test func afterACommandThatDidNotAnswerNothingMoreIsRun() async throws {
        let actuator = DockerActuator(docker: try docker("sleep 60"))
        let commands = [["docker", "stop", "-t", "0", "--", "one"], ["docker", "stop", "-t", "0", "--", "two"]]
        let outcome = await actuator.run(
            makeAction("action:1", target: "web"), commands: commands, spec: nil, mayBegin: { true })
        #expect(outcome.result == .unknown)
        #expect(outcome.detail.hasPrefix("command 1 of 2: "))
        #expect(outcome.commands == commands)
    }
}
