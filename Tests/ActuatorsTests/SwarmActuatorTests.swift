import Actuators
import DockerCLI
import FleetModel
import Testing

/// On a real Swarm: enabled where the test dockerd manages one (`docker swarm init`).
@Suite(.serialized, .enabled(if: TestDocker.managesSwarm))
struct SwarmActuatorTests {
    private static let images: Result<Void, any Error> = Result {
        try TestDocker.makeImage("muster-swarm:1", ["CMD [\"/bin/sleep\",\"3600\"]"], host: TestDocker.swarmHost)
        try TestDocker.makeImage("muster-swarm:2", ["CMD [\"/bin/sleep\",\"7200\"]"], host: TestDocker.swarmHost)
    }

    @discardableResult
    private static func shell(_ line: String) throws -> String {
        try TestDocker.shell(line, host: TestDocker.swarmHost)
    }

    let actuator = DockerActuator(docker: TestDocker.client(host: TestDocker.swarmHost))
    let name = "muster-swarm-web"

    init() throws {
        try SwarmActuatorTests.images.get()
        _ = try? SwarmActuatorTests.shell("docker service rm muster-swarm-web muster-swarm-shop_web")
    }

    private func service(_ path: String, of name: String = "muster-swarm-web") throws -> String {
        try SwarmActuatorTests.shell("docker service inspect --format '{{\(path)}}' \(name)")
    }

    @Test func aServiceLivesThroughAllKinds() async throws {
        defer { _ = try? SwarmActuatorTests.shell("docker service rm muster-swarm-web") }
        let spec = ServiceSpec(name: name, image: "muster-swarm:1", runtime: .swarm, replicas: 1)
        func act(_ id: String, _ kind: ActionKind, _ params: [(String, JSONValue)] = []) async -> Performed {
            await perform(actuator, makeAction(id, kind, target: name, params: JSONObject(params)), spec: spec)
        }

        #expect(await act("action:0", .restartService).word == "refused", "it is not there yet")
        let created = await act("action:1", .deployService, [("create", true)])
        #expect(created.word == "succeeded", "\(created.detail)")
        #expect(await act("action:2", .deployService, [("create", true)]).word == "alreadyDone")

        let scaled = await act("action:3", .scaleService, [("replicas", 2), ("from_replicas", 1)])
        let id = try service(".ID")
        #expect(scaled.outcome?.commands == [["docker", "service", "scale", "--detach", "--", "\(id)=2"]])
        #expect(try service(".Spec.Mode.Replicated.Replicas") == "2")
        #expect(await act("action:4", .scaleService, [("replicas", 2)]).word == "alreadyDone")
        #expect(await act("action:5", .scaleService, [("replicas", 3), ("from_replicas", 1)]).word == "refused")

        let deployed = await act("action:6", .deployService, [("image", "muster-swarm:2")])
        #expect(deployed.word == "succeeded", "\(deployed.detail)")
        #expect(try service(".Spec.TaskTemplate.ContainerSpec.Image") == "muster-swarm:2")
        #expect(try service(#"index .Spec.Labels "muster.action""#) == "action:6")
        #expect(await act("action:7", .deployService, [("image", "muster-swarm:2")]).word == "alreadyDone")

        var rollback = makeAction("action:8", .rollbackService, target: name, startedAt: .now)
        #expect(await perform(actuator, rollback, spec: spec).word == "succeeded")
        #expect(try service(".Spec.TaskTemplate.ContainerSpec.Image") == "muster-swarm:1")
        rollback.commands = [["docker", "service", "rollback", "--detach", "--", name]]
        #expect(await actuator.settle(rollback, now: .now)?.result == .succeeded)

        let restarted = await act("action:9", .restartService)
        #expect(restarted.word == "succeeded")
        var claimed = makeAction("action:9", target: name, startedAt: .now)
        claimed.commands = restarted.outcome?.commands ?? []
        #expect(await actuator.settle(claimed, now: .now)?.result == .succeeded)
        claimed.id = "action:never"
        #expect(await actuator.settle(claimed, now: .now) == nil)
        #expect(await actuator.settle(claimed, now: WallTime.now.adding(seconds: 200))?.result == .failed)

        #expect(await act("action:10", .stopService).word == "succeeded")
        #expect(try service(".Spec.Mode.Replicated.Replicas") == "0")
        #expect(await act("action:11", .stopService).word == "alreadyDone")
        #expect(await act("action:12", .restartService).word == "succeeded", "none run: it is scaled up again")
        #expect(try service(".Spec.Mode.Replicated.Replicas") == "1")
    }

    @Test func aServiceThatAnotherHandChangedSinceIsLeftAlone() async throws {
        defer { _ = try? SwarmActuatorTests.shell("docker service rm muster-swarm-web") }
        try SwarmActuatorTests.shell("docker service create --detach --no-resolve-image --name \(name) muster-swarm:1")
        let spec = ServiceSpec(name: name, runtime: .swarm)
        let id = try service(".ID")
        func scale(seenAt version: Int) async -> Performed {
            var action = makeAction(
                "action:1", .scaleService, target: name, params: JSONObject([("replicas", 2)]), source: .reconciler)
            action.fence = Fence(runtimeID: id, specVersion: version)
            return await perform(actuator, action, spec: spec)
        }
        let seen = try #require(Int(try service(".Version.Index")))
        try SwarmActuatorTests.shell("docker service update --detach --label-add by=hand \(name)")
        let now = try #require(Int(try service(".Version.Index")))
        let refused = await scale(seenAt: seen)
        #expect(refused.word == "overtaken")
        #expect(refused.detail.hasPrefix("service changed since it was looked at: version \(seen) -> "))
        #expect(now > seen)
        #expect(try service(".Spec.Mode.Replicated.Replicas") == "1")
        let settled = try #require(Int(try service(".Version.Index")))
        #expect(await scale(seenAt: settled).word == "succeeded")
    }

    @Test func aStacksServiceIsFoundByItsShortNameAndRedeployedByTheStacks() async throws {
        let full = "muster-swarm-shop_web"
        defer { _ = try? SwarmActuatorTests.shell("docker service rm \(full)") }
        try SwarmActuatorTests.shell(
            """
            docker service create --detach --name \(full) \
            --label com.docker.stack.namespace=muster-swarm-shop muster-swarm:1
            """)
        let id = try service(".ID", of: full)
        let found = await actuator.prepare(makeAction("action:1", .stopService, target: "web"), spec: nil)
        #expect(found == .commands([["docker", "service", "scale", "--detach", "--", "\(id)=0"]]))
        let redeploy = await perform(actuator, makeAction("action:2", .redeployStack, target: "muster-swarm-shop"))
        #expect(
            redeploy.outcome?.commands == [
                [
                    "docker", "service", "update", "--detach", "--force", "--label-add", "muster.action=action:2", "--",
                    id,
                ]
            ])
        #expect(try service(#"index .Spec.Labels "muster.action""#, of: full) == "action:2")
    }
}
