import Actuators
import DockerCLI
import FleetModel
import Foundation
import Synchronization
import Testing

private let containerID = String(repeating: "a", count: 64)

private func endpoint(_ name: String, _ url: String? = nil) -> DockerEndpoint {
    DockerEndpoint(name: name, url: try! DockerURL(url ?? "ssh://\(name)"))
}

/// A docker of two hosts and a default one. Each has a container `web`; each writes down what it is asked.
private struct FakeHosts {
    let folder: URL
    let hosts: DockerHosts

    init(service: String = "echo 'This node is not a swarm manager.' >&2; exit 1") throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("muster-hosts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent("docker").path
        let listed = #"["\#(containerID)","web","","","","","","","Up 3 hours"]"#
        let record = """
            [{"Id":"\(containerID)","Name":"/web","State":{"Status":"running","StartedAt":"2023-11-15T00:00:00Z"},\
            "Config":{},"HostConfig":{}}]
            """
        let script = """
            #!/bin/sh
            cd '\(folder.path)'
            host=default
            if [ "$1" = --host ]; then host=${2##*/}; shift 2; fi
            echo "$*" >> "calls-$host"
            case "$1" in
            ps) echo '\(listed)' ;;
            inspect) echo '\(record)' ;;
            service) \(service) ;;
            esac
            """
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        hosts = DockerHosts(DockerCLI(executable: path, timeout: .seconds(30)))
    }

    var actuator: DockerActuator { DockerActuator(hosts: hosts) }

    /// What that host was asked, first words only.
    func calls(_ host: String) -> [String] {
        let text = try? String(contentsOf: folder.appendingPathComponent("calls-\(host)"), encoding: .utf8)
        return (text ?? "").split(separator: "\n").map { $0.split(separator: " ")[0...].prefix(1).joined() }
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

private func action(
    _ id: String = "action:1", _ kind: ActionKind = .restartService, params: JSONObject = JSONObject(), fence: Fence?
) -> Action {
    var action = makeAction(id, kind, target: "web", params: params)
    action.fence = fence
    return action
}

/// What a Swarm manager answers of one service, `web`, at a version.
private func swarm(version: Int, id: String = "swarm-id") -> String {
    """
    case "$2" in
    ls) echo '["\(id)","web"]' ;;
    inspect) echo '[{"ID":"\(id)","Version":{"Index":\(version)},"Spec":{"Name":"web","Mode":{"Replicated":{"Replicas":1}}}}]' ;;
    esac
    """
}

@Suite("an action runs on the docker host that it was decided for", .timeLimit(.minutes(2)))
struct HostActuatorTests {
    @Test func everyCommandGoesToTheServicesHost() async throws {
        let fake = try FakeHosts()
        defer { fake.remove() }
        let one = endpoint("one")
        let action = action(fence: Fence(host: "ssh://one", runtimeID: containerID))
        let spec = ServiceSpec(name: "web", runtime: .container, endpoint: one)
        let performed = await perform(fake.actuator, action, spec: spec)
        #expect(performed.word == "succeeded", "\(performed.detail)")
        #expect(
            performed.outcome?.commands == [
                ["docker", "--host", "ssh://one", "restart", "-t", "10", "--", containerID]
            ])
        #expect(performed.detail.contains("docker --host ssh://one restart"))
        #expect(fake.calls("one") == ["ps", "inspect", "restart"])
        #expect(fake.calls("default").isEmpty)
    }

    struct Move: Sendable {
        var note: String
        var decided: String?
        var now: DockerEndpoint?
        var says: String
    }

    @Test(
        "a service that has moved since is left alone, there and here",
        arguments: [
            Move(
                note: "to another host", decided: "ssh://one", now: endpoint("two"),
                says: "`web` has moved since it was decided: from `ssh://one` to `ssh://two`"),
            Move(
                note: "to the default one, or out of the registry", decided: "ssh://one", now: nil,
                says: "from `ssh://one` to the default docker host"),
            Move(
                note: "from the default one", decided: nil, now: endpoint("one"),
                says: "from the default docker host to `ssh://one`"),
            Move(
                note: "the host's name stands for another machine", decided: "ssh://one",
                now: endpoint("one", "ssh://one.example"), says: "to `ssh://one.example`"),
        ])
    func moved(move: Move) async throws {
        let fake = try FakeHosts()
        defer { fake.remove() }
        let action = action(fence: move.decided.map { Fence(host: $0) })
        let spec = move.now.map { ServiceSpec(name: "web", endpoint: $0) }
        for actuator in [fake.actuator as any Actuator, DryRunActuator(base: fake.actuator), DryRunActuator()] {
            guard case .overtaken(let reason) = await actuator.prepare(action, spec: spec) else {
                Issue.record("\(move.note): it would run")
                continue
            }
            #expect(reason.contains(move.says), "\(move.note): \(reason)")
        }
        #expect(["one", "two", "one.example", "default"].allSatisfy { fake.calls($0).isEmpty }, "\(move.note)")
    }

    @Test func whatBecameOfItIsLookedForWhereItRan() async throws {
        let fake = try FakeHosts()
        defer { fake.remove() }
        var action = action(fence: nil)
        action.state = .executing
        action.startedAt = WallTime(seconds: 1_700_000_000)
        action.commands = [["docker", "--host", "ssh://one", "restart", "-t", "10", "--", containerID]]
        #expect(await fake.actuator.settle(action, now: testNow)?.result == .succeeded)
        #expect(fake.calls("one") == ["inspect"])
        #expect(fake.calls("default").isEmpty)

        // A row of a version that knew no hosts.
        action.commands = [["docker", "restart", "-t", "10", "--", containerID]]
        #expect(await fake.actuator.settle(action, now: testNow)?.result == .succeeded)
        #expect(fake.calls("default") == ["inspect"])

        // One that this version did not write: nobody knows where it ran.
        action.commands = [["docker", "--context", "x", "restart", "-t", "10", "--", containerID]]
        #expect(await fake.actuator.settle(action, now: testNow.adding(seconds: 9999)) == nil)
        #expect(
            await fake.actuator.run(action, commands: action.commands, spec: nil, mayBegin: { true }).result == .failed)
        #expect(fake.calls("default") == ["inspect"])
    }

    @Test func aDryRunShowsTheHost() async throws {
        let spec = ServiceSpec(name: "web", image: "i:1", endpoint: endpoint("one"))
        let action = action(fence: Fence(host: "ssh://one"))
        #expect(
            await DryRunActuator().prepare(action, spec: spec)
                == .commands([["docker", "--host", "ssh://one", "restart", "-t", "10", "--", "web"]]))
    }

    struct Fenced: Sendable {
        var note: String
        var kind: ActionKind
        var params: JSONObject
        var fence: Fence
        /// Nil when it may run.
        var says: String?
    }

    static let scale = JSONObject([("replicas", 3)])

    @Test(
        "a Swarm service that anybody changed since it was looked at is left alone",
        arguments: [
            Fenced(
                note: "as it was", kind: .scaleService, params: scale,
                fence: Fence(runtimeID: "swarm-id", specVersion: 14)),
            Fenced(
                note: "changed", kind: .scaleService, params: scale,
                fence: Fence(runtimeID: "swarm-id", specVersion: 12),
                says: "service changed since it was looked at: version 12 -> 14"),
            Fenced(
                note: "made anew under its name", kind: .restartService, params: JSONObject(),
                fence: Fence(runtimeID: "old-id", specVersion: 14), says: "another one since it was looked at"),
            Fenced(
                note: "a person's request, which rests on no version", kind: .scaleService, params: scale,
                fence: Fence()),
        ])
    func fenced(wanted: Fenced) async throws {
        let fake = try FakeHosts(service: swarm(version: 14))
        defer { fake.remove() }
        let action = action(wanted.kind.rawValue, wanted.kind, params: wanted.params, fence: wanted.fence)
        let prepared = await fake.actuator.prepare(action, spec: ServiceSpec(name: "web", runtime: .swarm))
        switch (prepared, wanted.says) {
        case (.commands(let commands), nil):
            #expect(commands == [["docker", "service", "scale", "--detach", "--", "swarm-id=3"]], "\(wanted.note)")
        case (.overtaken(let reason), let says?): #expect(reason.contains(says), "\(wanted.note): \(reason)")
        default: Issue.record("\(wanted.note): \(prepared)")
        }
    }

    @Test func whatIsSoAlreadyIsNoSurprise() async throws {
        let fake = try FakeHosts(service: swarm(version: 14))
        defer { fake.remove() }
        let action = action(
            "action:1", .scaleService, params: JSONObject([("replicas", 1)]),
            fence: Fence(runtimeID: "swarm-id", specVersion: 12))
        guard case .alreadyDone = await fake.actuator.prepare(action, spec: ServiceSpec(name: "web", runtime: .swarm))
        else {
            Issue.record("it is scaled to 1")
            return
        }
    }

    @Test func aContainerThatTookTheNameIsNotTheOneThatWasLookedAt() async throws {
        let fake = try FakeHosts()
        defer { fake.remove() }
        let other = action(fence: Fence(runtimeID: String(repeating: "b", count: 64)))
        let prepared = await fake.actuator.prepare(other, spec: ServiceSpec(name: "web"))
        #expect(prepared == .overtaken("`web` is another one since it was looked at: bbbbbbbbbbbb -> aaaaaaaaaaaa"))
    }

    @Test func aStackIsRedeployedOnTheHostThatIsNamed() async throws {
        let fake = try FakeHosts(service: swarm(version: 14))
        defer { fake.remove() }
        let desired = DesiredState(services: [], hosts: [endpoint("two")], digest: "d")
        var action = makeAction(
            "action:1", .redeployStack, target: "shop", params: JSONObject([("host", "two")]))
        let spec = desired.entry(for: action.proposal)
        action.fence = Fence(spec?.endpoint, nil)
        let prepared = await fake.actuator.prepare(action, spec: spec)
        #expect(
            prepared
                == .commands([
                    [
                        "docker", "--host", "ssh://two", "service", "update", "--detach", "--force", "--label-add",
                        "muster.action=action:1", "--", "swarm-id",
                    ]
                ]))
        #expect(fake.calls("default").isEmpty)
    }

    @Test func aHostThatHangsHoldsUpNoOthersActions() async {
        let stuck = (0..<8).map { index in
            var action = makeAction("stuck:\(index)", target: "stuck-\(index)")
            action.fence = Fence(host: "ssh://one")
            return action
        }
        let free = makeAction("free", target: "free")
        let store = MemoryStore(stuck + [free])
        let gate = Gate(isOpen: false)
        let actuator = HangingHost(gate: gate)
        let executor = Executor(store: store, actuator: actuator, now: { testNow }, logger: silentLogger)
        for action in stuck { executor.dispatch(action, spec: nil, term: testTerm) }
        executor.dispatch(free, spec: nil, term: testTerm)
        #expect(await eventually { store.state("free") == .succeeded })
        #expect(executor.load.running == 4)
        #expect(executor.load.waiting == 4)
        gate.open()
        #expect(await eventually { stuck.allSatisfy { store.state($0.id) == .succeeded } })
    }
}

/// Hangs while it prepares what is for a named host, until the gate is opened.
private struct HangingHost: Actuator {
    let name = "docker"
    let isDryRun = false
    let gate: Gate

    func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation {
        if action.fence?.host != nil { await gate.pass() }
        return .commands([["docker", action.proposal.target]])
    }

    func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome { ActionOutcome(.succeeded, "done", commands: commands) }

    func settle(_ action: Action, now: WallTime) async -> ActionOutcome? { nil }
}
