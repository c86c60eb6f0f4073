import Actuators
import DockerCLI
import FleetModel
import Testing

enum Performed {
    case ran(ActionOutcome)
    case notRun(Preparation)

    var outcome: ActionOutcome? { if case .ran(let outcome) = self { outcome } else { nil } }

    /// `alreadyDone`, `refused`, `unavailable` or the outcome's result.
    var word: String {
        switch self {
        case .ran(let outcome): outcome.result.rawValue
        case .notRun(.alreadyDone): "alreadyDone"
        case .notRun(.overtaken): "overtaken"
        case .notRun(.refused): "refused"
        case .notRun(.unavailable): "unavailable"
        case .notRun(.commands): "commands"
        }
    }

    var detail: String {
        switch self {
        case .ran(let outcome): outcome.detail
        case .notRun(.alreadyDone(let text)), .notRun(.overtaken(let text)), .notRun(.refused(let text)),
            .notRun(.unavailable(let text)):
            text
        case .notRun(.commands): ""
        }
    }
}

/// Prepares and runs as the executor does, without its journal.
func perform(_ actuator: any Actuator, _ action: Action, spec: ServiceSpec? = nil) async -> Performed {
    switch await actuator.prepare(action, spec: spec) {
    case .commands(let commands):
        var claimed = action
        claimed.state = .executing
        claimed.commands = commands
        claimed.startedAt = .now
        return .ran(await actuator.run(claimed, commands: commands, spec: spec, mayBegin: { true }))
    case .alreadyDone(let reason): return .notRun(.alreadyDone(reason))
    case .overtaken(let reason): return .notRun(.overtaken(reason))
    case .refused(let reason): return .notRun(.refused(reason))
    case .unavailable(let reason): return .notRun(.unavailable(reason))
    }
}

private let deployTwo = JSONObject([("image", "muster-act:2")])

/// On a real dockerd. Serialized: the containers' names and ports are shared.
@Suite(.serialized, .enabled(if: TestDocker.isThere))
struct DockerActuatorTests {
    let actuator = DockerActuator(docker: TestDocker.client())

    /// Made once for all tests.
    private static let images: Result<Void, any Error> = Result {
        try TestDocker.makeImage(
            "muster-act:1",
            [
                "CMD [\"/bin/sleep\",\"3600\"]", "ENV FROM_IMAGE=one KEPT=image", "LABEL from.image=one",
                "WORKDIR /bin",
            ])
        try TestDocker.makeImage(
            "muster-act:2",
            ["CMD [\"/bin/sleep\",\"7200\"]", "ENV FROM_IMAGE=two", "LABEL from.image=two"])
        try TestDocker.makeImage("muster-act:broken", ["CMD [\"/bin/not-there\"]"])
    }

    init() throws {
        TestDocker.removeAll()
        try DockerActuatorTests.images.get()
    }

    /// With `--init`, so that it ends at TERM: `sleep` as a container's first process does not.
    private func start(_ name: String, _ options: String = "", image: String = "muster-act:1") throws -> String {
        try TestDocker.shell("docker run -d --init --label muster.test=act --name \(name) \(options) \(image)")
    }

    private func status(_ name: String) throws -> String {
        try TestDocker.shell("docker inspect -f '{{.State.Status}}' \(name)")
    }

    @Test func restartsWhatRunsWhatHasExitedAndWhatIsPaused() async throws {
        for (state, line) in [
            ("running", "true"), ("exited", "docker kill act-web"), ("paused", "docker pause act-web"),
        ] {
            TestDocker.removeAll()
            let id = try start("act-web")
            try TestDocker.shell(line)
            let before = try TestDocker.inspect("act-web")["State"]?["StartedAt"]
            let done = await perform(actuator, makeAction("action:1", target: "act-web"))
            #expect(done.word == "succeeded", "\(state): \(done.detail)")
            #expect(done.outcome?.commands == [["docker", "restart", "-t", "10", "--", id]])
            let after = try TestDocker.inspect("act-web")
            #expect(after["State"]?["Status"] == "running", "\(state)")
            #expect(after["State"]?["StartedAt"] != before, "\(state)")
        }
    }

    @Test func findsAContainerByItsLabels() async throws {
        let id = try start("act-other", "--label muster.service=act-web -l com.docker.compose.service=act-api")
        for target in ["act-other", "act-web", "act-api"] {
            let done = await actuator.prepare(makeAction("action:1", target: target), spec: nil)
            #expect(done == .commands([["docker", "restart", "-t", "10", "--", id]]), "\(target)")
        }
        _ = try start("act-twin", "--label muster.service=act-web")
        let both = await perform(actuator, makeAction("action:1", target: "act-web"))
        #expect(both.word == "refused" && both.detail.contains("2 containers"))
        let unknown = await perform(actuator, makeAction("action:1", target: "act-nobody"))
        #expect(unknown.word == "refused")
    }

    @Test func anIDOfAContainerIsNotItsName() async throws {
        let id = try start("act-web")
        #expect(await perform(actuator, makeAction("action:1", target: String(id.prefix(12)))).word == "refused")
    }

    @Test func theLoopsRestartIsNotRunOnWhatHasRecovered() async throws {
        let planned = WallTime.now
        _ = try start("act-web")
        let recovered = makeAction("action:1", target: "act-web", source: .reconciler, plannedAt: planned)
        #expect(await perform(actuator, recovered).word == "alreadyDone")
        let later = makeAction(
            "action:2", target: "act-web", source: .reconciler, plannedAt: WallTime.now.adding(seconds: 1))
        #expect(await perform(actuator, later).word == "succeeded")
        let manual = makeAction("action:3", target: "act-web", source: .manual, plannedAt: planned)
        #expect(await perform(actuator, manual).word == "succeeded")
    }

    @Test func stopsOnceAndKnowsWhatIsStopped() async throws {
        let id = try start("act-web", "--stop-timeout 1 --restart always")
        let done = await perform(actuator, makeAction("action:1", .stopService, target: "act-web"))
        #expect(done.outcome?.commands == [["docker", "stop", "-t", "1", "--", id]])
        #expect(done.word == "succeeded")
        #expect(try status("act-web") == "exited")
        #expect(await perform(actuator, makeAction("action:2", .stopService, target: "act-web")).word == "alreadyDone")
    }

    @Test func aContainerIsNotScaled() async throws {
        _ = try start("act-web")
        let action = makeAction("action:1", .scaleService, target: "act-web", params: JSONObject([("replicas", 3)]))
        let done = await perform(actuator, action)
        #expect(done.word == "refused" && done.detail.contains("Swarm"))
    }

    @Test func createsAServiceFromTheRegistryOnce() async throws {
        let spec = ServiceSpec(
            name: "act-web", image: "muster-act:1", containerPort: 80, hostPort: 18_997, runtime: .container)
        let action = makeAction("action:1", .deployService, target: "act-web", params: JSONObject([("create", true)]))
        let done = await perform(actuator, action, spec: spec)
        #expect(
            done.outcome?.commands == [
                [
                    "docker", "run", "--detach", "--name", "act-web", "--label", "muster.service=act-web", "--label",
                    "muster.action=action:1", "--restart", "unless-stopped", "--publish", "18997:80", "--",
                    "muster-act:1",
                ]
            ])
        #expect(done.word == "succeeded", "\(done.detail)")
        #expect(try status("act-web") == "running")
        #expect(await perform(actuator, action, spec: spec).word == "alreadyDone")
        var claimed = action
        claimed.commands = done.outcome?.commands ?? []
        claimed.startedAt = .now
        #expect(await actuator.settle(claimed, now: .now)?.result == .succeeded)
    }

    @Test func deploysAndRollsBackAndForth() async throws {
        let first = try start("act-web")
        let done = await perform(actuator, makeAction("action:1", .deployService, target: "act-web", params: deployTwo))
        #expect(done.word == "succeeded", "\(done.detail)")
        let new = try TestDocker.inspect("act-web")
        #expect(new["Config"]?["Image"] == "muster-act:2")
        #expect(new["State"]?["Status"] == "running")
        #expect(new["Config"]?["Labels"]?["muster.action"] == "action:1")
        #expect(try TestDocker.inspect("act-web.muster-previous")["Id"]?.string == first)
        let again = await perform(
            actuator, makeAction("action:2", .deployService, target: "act-web", params: deployTwo))
        #expect(again.word == "alreadyDone")

        let back = await perform(actuator, makeAction("action:3", .rollbackService, target: "act-web"))
        #expect(back.word == "succeeded", "\(back.detail)")
        #expect(try TestDocker.inspect("act-web")["Id"]?.string == first)
        #expect(try status("act-web") == "running")
        #expect(try TestDocker.inspect("act-web.muster-previous")["Id"] == new["Id"])
        let forth = await perform(actuator, makeAction("action:4", .rollbackService, target: "act-web"))
        #expect(forth.word == "succeeded", "\(forth.detail)")
        #expect(try TestDocker.inspect("act-web")["Id"] == new["Id"])

        let third = await perform(
            actuator,
            makeAction(
                "action:5", .deployService, target: "act-web", params: JSONObject([("image", "muster-act:1")])))
        #expect(third.word == "succeeded", "\(third.detail)")
        #expect(try TestDocker.inspect("act-web.muster-previous")["Id"] == new["Id"], "the older kept one is removed")
    }

    @Test func nothingToRollBackToIsRefused() async throws {
        _ = try start("act-web")
        let done = await perform(actuator, makeAction("action:1", .rollbackService, target: "act-web"))
        #expect(done.word == "refused" && done.detail.contains("act-web.muster-previous"))
    }

    @Test func aDeployThatCannotStartPutsTheOldContainerBack() async throws {
        // Without `--init`, which starts and only then finds that there is nothing to run.
        let old = try TestDocker.shell(
            "docker run -d --label muster.test=act --name act-web --stop-timeout 1 muster-act:1")
        let broken = JSONObject([("image", "muster-act:broken")])
        let done = await perform(actuator, makeAction("action:1", .deployService, target: "act-web", params: broken))
        #expect(done.word == "failed")
        #expect(done.detail.contains("undone"), "\(done.detail)")
        #expect(try TestDocker.inspect("act-web")["Id"]?.string == old)
        #expect(try status("act-web") == "running")
        #expect(try TestDocker.shell("docker ps -aq --filter name=act-web | wc -l") == "1")
    }

    @Test func aDeployOfAnImageThatIsNowhereTouchesNothing() async throws {
        let old = try start("act-web")
        let before = try TestDocker.inspect("act-web")["State"]?["StartedAt"]
        let missing = JSONObject([("image", "localhost:1/muster-act-missing:1")])
        let done = await perform(actuator, makeAction("action:1", .deployService, target: "act-web", params: missing))
        #expect(done.word == "failed", "\(done.detail)")
        let after = try TestDocker.inspect("act-web")
        #expect(after["Id"]?.string == old)
        #expect(after["State"]?["StartedAt"] == before)
    }

    @Test func aDeployFromAnotherImageThanWasSeenIsRefused() async throws {
        _ = try start("act-web")
        let params = JSONObject([("image", "muster-act:2"), ("from_image", "muster-act:0")])
        let done = await perform(actuator, makeAction("action:1", .deployService, target: "act-web", params: params))
        #expect(done.word == "refused" && done.detail.contains("changed since"))
    }

    @Test func redeploysAComposeProjectButNotItsFinishedJobs() async throws {
        let project = "-l com.docker.compose.project=act-shop"
        let web = try start("act-b-web", project)
        let api = try start("act-a-api", project)
        _ = try TestDocker.shell("docker run --label muster.test=act --name act-job \(project) muster-act:1 /bin/true")
        let done = await perform(actuator, makeAction("action:1", .redeployStack, target: "act-shop"))
        #expect(done.word == "succeeded", "\(done.detail)")
        #expect(done.outcome?.commands.map { $0.last } == [api, web])
        #expect(await perform(actuator, makeAction("action:2", .redeployStack, target: "act-none")).word == "refused")
    }

    @Test func aDryRunOfADeployLeavesDockerAsItIs() async throws {
        _ = try start("act-web")
        let list = "docker ps -a --no-trunc --filter name=act- --format '{{.ID}} {{.Names}} {{.State}} {{.Image}}'"
        let before = try TestDocker.shell(list)
        let dry = DryRunActuator(base: actuator)
        let action = makeAction("action:1", .deployService, target: "act-web", params: deployTwo, dryRun: true)
        guard case .commands(let commands) = await dry.prepare(action, spec: nil) else {
            Issue.record("a deploy was expected")
            return
        }
        let outcome = await dry.run(action, commands: commands, spec: nil, mayBegin: { true })
        #expect(outcome.result == .succeeded)
        #expect(outcome.detail.hasPrefix("dry run: would run `docker create --name act-web.muster-next"))
        #expect(try TestDocker.shell(list) == before)
    }

    // MARK: - Carry-over

    @Test func everySettingIsCarriedOver() async throws {
        try TestDocker.shell(
            """
            docker network create --label muster.test=act --subnet 172.31.87.0/24 act-net
            docker network create --label muster.test=act --subnet 172.31.88.0/24 act-net2
            docker volume create --label muster.test=act act-vol
            """)
        try TestDocker.shell(
            """
            docker create --label muster.test=act --name act-web --env FROM_IMAGE=mine --env SECRET='a b=c$d' \
            --env PATH=/bin --volume /tmp:/bind:ro --volume act-vol:/vol --volume /anonymous \
            --mount type=tmpfs,dst=/mnt,tmpfs-size=1m --tmpfs /tmp:size=1m --publish 127.0.0.1:18999:80 \
            --publish 18998:81/udp --expose 9999 --network act-net --network-alias al1 --ip 172.31.87.10 \
            --restart on-failure:3 --user 0:0 --workdir / --hostname hh --domainname dd.example \
            --entrypoint /bin/sleep --health-cmd true --health-interval 5s --health-retries 2 \
            --health-start-period 1s --health-timeout 3s --memory 64m --memory-swap 128m --memory-reservation 32m \
            --cpus 0.25 --cpu-shares 512 --cpuset-cpus 0 --cap-add NET_ADMIN --cap-drop MKNOD \
            --device /dev/null:/dev/xnull:rw --security-opt no-new-privileges --ulimit nofile=1024:2048 \
            --sysctl net.ipv4.ip_forward=1 --log-driver json-file --log-opt max-size=1m --add-host h:1.2.3.4 \
            --dns 1.1.1.1 --dns-search ex.com --dns-option ndots:2 --init --pid host --ipc private --shm-size 32m \
            --stop-signal SIGINT --stop-timeout 1 --read-only --group-add 20 --pids-limit 99 --oom-score-adj 100 \
            --tty --interactive --label with.comma='a,b="c"' muster-act:1 1800
            """)
        try TestDocker.shell("docker network connect --alias al2 --ip 172.31.88.5 act-net2 act-web")
        try TestDocker.shell("docker start act-web")
        let old = try TestDocker.inspect("act-web")
        let done = await perform(actuator, makeAction("action:1", .deployService, target: "act-web", params: deployTwo))
        #expect(done.word == "succeeded", "\(done.detail)")
        let arguments = done.outcome?.commands.flatMap { $0 } ?? []
        #expect(!arguments.contains { $0.contains("a b=c$d") }, "a value of the environment is recorded")
        let new = try TestDocker.inspect("act-web")
        expectCarriedOver(old, new)
        #expect(new["Config"]?["Env"]?.array?.contains("SECRET=a b=c$d") == true)
        #expect(new["Config"]?["Cmd"] == ["1800"])
        #expect(new["State"]?["Status"] == "running")
        #expect(volume(of: new, at: "/anonymous") == volume(of: old, at: "/anonymous"))
        #expect(volume(of: old, at: "/anonymous") != nil)
        for (network, alias, address) in [("act-net", "al1", "172.31.87.10"), ("act-net2", "al2", "172.31.88.5")] {
            let endpoint = new["NetworkSettings"]?["Networks"]?[network]
            #expect(endpoint?["IPAddress"]?.string == address)
            #expect(endpoint?["Aliases"]?.array?.contains(.string(alias)) == true)
        }
    }

    private func volume(of container: JSONValue, at path: String) -> String? {
        container["Mounts"]?.array?.first { $0["Destination"]?.string == path }?["Name"]?.string
    }

    /// All of HostConfig and Config is equal, but for what the deploy is there to change.
    private func expectCarriedOver(_ old: JSONValue, _ new: JSONValue) {
        let changed: Set<String> = [
            "Config.Image", "Config.Labels", "Config.Env", "HostConfig.Binds", "Config.Volumes",
        ]
        for part in ["HostConfig", "Config"] {
            let names = Set(old[part]?.object?.names ?? []).union(new[part]?.object?.names ?? [])
            for name in names.sorted() where !changed.contains("\(part).\(name)") {
                #expect(old[part]?[name]?.canonical == new[part]?[name]?.canonical, "\(part).\(name)")
            }
        }
        var labels = new["Config"]?["Labels"]?.object ?? JSONObject()
        labels["muster.action"] = nil
        labels["from.image"] = "one"
        #expect(labels == old["Config"]?["Labels"]?.object)
        let environment = Set((new["Config"]?["Env"]?.array ?? []).compactMap(\.string))
        #expect(environment == ["FROM_IMAGE=mine", "SECRET=a b=c$d", "PATH=/bin"])
        let binds = Set((new["HostConfig"]?["Binds"]?.array ?? []).compactMap(\.string))
        #expect(binds.isSuperset(of: (old["HostConfig"]?["Binds"]?.array ?? []).compactMap(\.string)))
    }

    @Test func aSettingThatTheCommandLineCannotSetIsRefusedByName() async throws {
        let cases: [(field: String, options: String)] = [
            ("HostConfig.AutoRemove", "--rm"),
            ("HostConfig.VolumesFrom", "--volumes-from act-source"),
            ("HostConfig.Links", "--link act-source:src"),
            ("Config.Env.DOCKER_AUTH_CONFIG", "--env DOCKER_AUTH_CONFIG=x"),
        ]
        for (field, options) in cases {
            TestDocker.removeAll()
            _ = try start("act-source")
            let id = try start("act-web", options)
            let done = await perform(
                actuator, makeAction("action:1", .deployService, target: "act-web", params: deployTwo))
            #expect(done.word == "refused" && done.detail.contains("`\(field)`"), "\(field): \(done.detail)")
            #expect(try TestDocker.inspect("act-web")["Id"]?.string == id)
        }
    }

    // MARK: - After a crash

    /// The commands of a deploy run up to each of its steps, then a new process finds the action `executing`.
    @Test func aDeployCutOffAtAnyStepLeavesAWorkingService() async throws {
        var steps = 1
        var step = 0
        while step <= steps {
            TestDocker.removeAll()
            let old = try start("act-web", "--stop-timeout 1")
            var action = makeAction("action:1", .deployService, target: "act-web", params: deployTwo)
            guard case .commands(let commands) = await actuator.prepare(action, spec: nil) else {
                Issue.record("a deploy was expected")
                return
            }
            steps = commands.count
            for command in commands.prefix(step) { try TestDocker.shell(CommandLine.quoted(command)) }
            action.state = .executing
            action.commands = commands
            action.startedAt = .now
            let later = WallTime.now.adding(seconds: 600)
            let recovered = await actuator.recover(action, now: later, mayBegin: { true })
            let settled = await actuator.settle(action, now: later)
            let outcome = recovered ?? settled
            let isNew = try TestDocker.inspect("act-web")["Id"]?.string != old
            #expect(try status("act-web") == "running", "after \(step) commands")
            #expect(outcome?.result == (isNew ? .succeeded : .failed), "after \(step): \(outcome?.detail ?? "none")")
            #expect(isNew == (step >= steps - 1), "after \(step) commands")
            #expect(try TestDocker.shell("docker ps -aq --filter name=muster-next | wc -l") == "0", "after \(step)")
            #expect(
                await actuator.recover(action, now: later, mayBegin: { true }) == nil,
                "after \(step): a second look finds it whole")
            step += 1
        }
        #expect(steps == 5)
    }

    @Test func aRollbackCutOffAtAnyStepLeavesAWorkingService() async throws {
        for step in 0...5 {
            TestDocker.removeAll()
            let kept = try start("act-web", "--stop-timeout 1")
            try TestDocker.shell("docker stop act-web; docker rename act-web act-web.muster-previous")
            let current = try start("act-web", "--stop-timeout 1")
            var action = makeAction("action:1", .rollbackService, target: "act-web")
            guard case .commands(let commands) = await actuator.prepare(action, spec: nil) else {
                Issue.record("a rollback was expected")
                return
            }
            #expect(commands.count == 5)
            action.startedAt = .now
            for command in commands.prefix(step) { try TestDocker.shell(CommandLine.quoted(command)) }
            action.state = .executing
            action.commands = commands
            let later = WallTime.now.adding(seconds: 600)
            let recovered = await actuator.recover(action, now: later, mayBegin: { true })
            let settled = await actuator.settle(action, now: later)
            let isBack = try TestDocker.inspect("act-web")["Id"]?.string == kept
            #expect(try status("act-web") == "running", "after \(step) commands")
            #expect((recovered ?? settled)?.result == (isBack ? .succeeded : .failed), "after \(step) commands")
            let other = try TestDocker.inspect("act-web.muster-previous")["Id"]?.string
            #expect(other == (isBack ? current : kept), "after \(step) commands")
        }
    }

    @Test func aRestartIsSettledByItsEffect() async throws {
        let id = try start("act-web")
        var action = makeAction("action:1", target: "act-web", state: .executing, startedAt: .now)
        action.commands = [["docker", "restart", "-t", "10", "--", id]]
        #expect(await actuator.settle(action, now: .now) == nil, "it may be under way")
        #expect(await actuator.settle(action, now: WallTime.now.adding(seconds: 200))?.result == .failed)
        try TestDocker.shell("docker restart -t 0 act-web")
        #expect(await actuator.settle(action, now: .now)?.result == .succeeded)
    }
}

enum CommandLine {
    static func quoted(_ arguments: [String]) -> String {
        arguments.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
    }
}
