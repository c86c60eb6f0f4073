import FleetModel
import Testing

@testable import Actuators

private let imageOne = JSONObject([("Env", ["FOO=image"]), ("Cmd", ["/bin/sleep", "3600"])])
private let fullID = "24b2e23bd35036d7d345fcce08db1a76f56b74ea9723fb94f9c5402e94f29212"

private func container(_ change: (inout JSONObject) -> Void = { _ in }) throws -> ContainerRecord {
    var object = try #require(try JSONValue.parse(Recorded.fullContainer).object)
    change(&object)
    return try #require(ContainerRecord(.object(object)))
}

private func with(_ path: [String], _ value: JSONValue) -> (inout JSONObject) -> Void {
    { object in
        var inner = object[path[0]]?.object ?? JSONObject()
        inner[path[1]] = value
        object[path[0]] = .object(inner)
    }
}

@Suite struct PlanningTests {
    @Test func aDeployOfARecordedContainerIsExactlyThis() throws {
        let action = makeAction(
            "action:1", .deployService, target: "act-full", params: JSONObject([("image", "example/app:2")]))
        let prepared = ContainerPlanning.deploy(
            action, image: "example/app:2", container: try container(), imageConfiguration: imageOne,
            surroundings: ContainerPlanning.Surroundings(keptID: "kept", nextID: "leftover"))
        guard case .commands(let commands) = prepared else {
            Issue.record("\(prepared)")
            return
        }
        let lines = commands.map { $0.joined(separator: " ") }
        #expect(
            lines == [
                "docker rm --force -- leftover",
                "docker create --name act-full.muster-next --domainname dd.example --env FOO --env BAR "
                    + "--expose 9999/tcp "
                    + "--health-cmd true --health-interval 5000000000ns --health-timeout 3000000000ns "
                    + "--health-start-period 1000000000ns --health-retries 2 --hostname hh --label muster.test=act "
                    + "--interactive --stop-signal SIGINT --stop-timeout 7 --tty --user 1000:1000 --workdir /bin "
                    + "--cap-add CAP_NET_ADMIN --cap-drop CAP_MKNOD --cgroupns host --cpu-shares 512 --cpuset-cpus 0 "
                    + "--device /dev/null:/dev/xnull:rw --dns 1.1.1.1 --dns-option ndots:2 --dns-search ex.com "
                    + "--add-host h:1.2.3.4 --group-add 20 --init=true --ipc private --log-driver json-file "
                    + "--log-opt max-size=1m --memory 67108864 --memory-reservation 33554432 "
                    + "--memory-swap 134217728 --cpus 0.500000000 --oom-score-adj 100 --pid host --pids-limit 99 "
                    + "--publish 127.0.0.1:18999:80/tcp --publish 19000:81/udp --read-only --restart on-failure:3 "
                    + "--runtime runc --security-opt no-new-privileges --shm-size 33554432 "
                    + "--sysctl net.ipv4.ip_forward=1 --ulimit nofile=1024:2048 --volume /srv/bind:/bind:ro "
                    + "--volume act-vol:/vol --mount type=tmpfs,target=/mnt,tmpfs-size=1048576 --tmpfs /tmp:size=1m "
                    + "--network act-net --network-alias al1 --ip 172.31.77.10 --entrypoint /bin/sleep "
                    + "--label muster.action=action:1 -- example/app:2 1800",
                "docker network connect --alias al2 --alias hh --ip 172.31.78.5 -- act-net2 act-full.muster-next",
                "docker stop -t 7 -- \(fullID)",
                "docker rm --force -- kept",
                "docker rename -- \(fullID) act-full.muster-previous",
                "docker rename -- act-full.muster-next act-full",
                "docker start -- act-full",
            ])
    }

    @Test func whatHasNoOptionIsRefusedByItsName() throws {
        let cases: [(path: [String], value: JSONValue)] = [
            (["HostConfig", "AutoRemove"], true),
            (["HostConfig", "DeviceRequests"], [["Driver": "nvidia"]]),
            (["HostConfig", "VolumesFrom"], ["other"]),
            (["HostConfig", "Links"], ["/a:/b/c"]),
            (["HostConfig", "KernelMemory"], 4096),
            (["HostConfig", "SomethingNew"], "on"),
            (["HostConfig", "SecurityOpt"], [.string(#"seccomp={"defaultAction":"x"}"#)]),
            (["Config", "SomethingNew"], ["x"]),
            (["Config", "NetworkDisabled"], true),
        ]
        for (path, value) in cases {
            let prepared = ContainerPlanning.deploy(
                makeAction("action:1", .deployService, target: "act-full"), image: "example/app:2",
                container: try container(with(path, value)), imageConfiguration: imageOne,
                surroundings: ContainerPlanning.Surroundings())
            guard case .refused(let reason) = prepared else {
                Issue.record("\(path): \(prepared)")
                continue
            }
            #expect(reason.contains("`\(path.joined(separator: "."))`"), "\(path): \(reason)")
        }
    }

    @Test func entrypointAndCommandMakeTheSameProcess() throws {
        let cases: [(note: String, own: (JSONValue, JSONValue), image: (JSONValue, JSONValue), [String], [String])] = [
            ("both the image's", (["/e"], ["c"]), (["/e"], ["c"]), [], []),
            ("neither anywhere", (.null, .null), (.null, .null), [], []),
            ("another command", (["/e"], ["x", "y"]), (["/e"], ["c"]), [], ["x", "y"]),
            ("another entrypoint", (["/f", "-a"], ["x"]), (["/e"], ["c"]), ["--entrypoint", "/f"], ["-a", "x"]),
            ("the same command is still named", (["/f"], ["c"]), (["/e"], ["c"]), ["--entrypoint", "/f"], ["c"]),
            ("no entrypoint", (.null, ["/x"]), (["/e"], ["c"]), ["--entrypoint", ""], ["/x"]),
        ]
        for (note, own, image, entrypoint, arguments) in cases {
            let record = try container { object in
                with(["Config", "Entrypoint"], own.0)(&object)
                with(["Config", "Cmd"], own.1)(&object)
            }
            let command = try CommandOptions(
                of: record, image: JSONObject([("Entrypoint", image.0), ("Cmd", image.1)]))
            #expect(command.entrypoint == entrypoint, "\(note)")
            #expect(command.arguments == arguments, "\(note)")
        }
    }

    @Test func imagesAreComparedAsDockerResolvesThem() {
        let digest = "@sha256:" + String(repeating: "a", count: 64)
        let cases: [(String, String, Bool)] = [
            ("nginx", "nginx:latest", true), ("nginx", "docker.io/library/nginx", true), ("nginx:1", "nginx:2", false),
            ("example/app:1\(digest)", "example/app:1", true), ("example/app:1", "other/app:1", false),
            ("sha256:aa bb", "sha256:aa bb", true), ("localhost:5000/a:1", "localhost:5000/a:1", true),
        ]
        for (one, other, same) in cases { #expect(ImageComparison.isSame(one, other) == same, "\(one) \(other)") }
    }

    @Test func eachBlindCommandIsExactlyThis() {
        let swarm = ServiceSpec(name: "web", image: "example/web:1", containerPort: 80, hostPort: 8080, runtime: .swarm)
        let cases: [(ActionKind, [(String, JSONValue)], ServiceSpec?, String)] = [
            (.restartService, [], nil, "docker restart -t 10 -- web"),
            (
                .restartService, [], swarm,
                "docker service update --detach --force --label-add muster.action=action:1 -- web"
            ),
            (.stopService, [], nil, "docker stop -t 10 -- web"),
            (.stopService, [], swarm, "docker service scale --detach -- web=0"),
            (.scaleService, [("replicas", 3)], swarm, "docker service scale --detach -- web=3"),
            (
                .deployService, [("image", "example/web:2")], swarm,
                "docker service update --detach --with-registry-auth --image example/web:2 "
                    + "--label-add muster.action=action:1 -- web"
            ),
            (
                .deployService, [("create", true)], swarm,
                "docker service create --detach --with-registry-auth --name web --label muster.service=web "
                    + "--label muster.action=action:1 --replicas 1 --publish published=8080,target=80 -- example/web:1"
            ),
            (.rollbackService, [], swarm, "docker service rollback --detach -- web"),
        ]
        for (kind, params, spec, line) in cases {
            let action = makeAction("action:1", kind, target: "web", params: JSONObject(params))
            let commands = UnseenCommands.commands(for: action, spec: spec)
            #expect(commands.map { $0.joined(separator: " ") } == [line])
        }
    }
}
