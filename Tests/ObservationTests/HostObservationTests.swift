import DockerCLI
import FleetModel
import Foundation
import Observation
import Testing

private func endpoint(_ name: String, _ url: String? = nil) -> DockerEndpoint {
    DockerEndpoint(name: name, url: try! DockerURL(url ?? "ssh://\(name)"))
}

private let one = endpoint("one")
private let two = endpoint("two")

private func id(_ letter: String) -> String { String(repeating: letter, count: 64) }

private func line(_ id: String, _ name: String, label: String = "") -> String {
    #"{"id":"\#(id)","name":"/\#(name)","state":"running","health":null,"code":0,"oom":false,"restarts":0,"#
        + #""image":"i:1","created":"2026-11-21T01:42:34Z","started":"2026-11-21T01:42:35Z","service":"\#(label)","#
        + #""compose":"","oneoff":"","task_of":"","stack":""}"#
}

/// A docker that answers for host `one`, `two` and the default one with a branch of its own.
private func docker(one: String, two: String, standard: String = "exit 1") throws -> FakeDocker {
    try FakeDocker(
        """
        cd "$(dirname "$0")"
        echo "$*" >> calls
        case "$1 $2" in
        "--host ssh://one") shift 2; \(one) ;;
        "--host ssh://two") shift 2; \(two) ;;
        *) \(standard) ;;
        esac
        """)
}

/// What a host with these containers answers.
private func healthy(_ containers: (id: String, line: String)...) -> String {
    let ids = containers.map { "echo \($0.id)" }.joined(separator: "; ")
    let lines = containers.map { "echo '\($0.line)'" }.joined(separator: "; ")
    return """
        case "$1" in
        ps) \(ids.isEmpty ? "true" : ids) ;;
        inspect) \(lines) ;;
        info) case "$3" in *Containers*) echo \(containers.count) ;; *) echo inactive false ;; esac ;;
        esac
        """
}

private func look(_ docker: FakeDocker, _ desired: DesiredState, timeout: Duration = .seconds(30)) async -> Snapshot {
    let observer = FleetObserver(
        observers: [], docker: DockerHosts(docker.cli(timeout: timeout)), deadline: timeout + .seconds(5))
    var merger = SnapshotMerger(intervalSeconds: 60)
    return merger.merge(await observer.observe(desired, now: start), desired: desired, now: start)
}

@Suite("each docker host is looked at by itself", .timeLimit(.minutes(2)))
struct HostObservationTests {
    @Test func theSameNameOnTwoHostsIsTwoThings() async throws {
        // `web` is wanted on `one`; the `web` on `two` is nobody's, and must not hide that `api` there is up.
        let docker = try docker(
            one: healthy((id("a"), line(id("a"), "other"))),
            two: healthy((id("b"), line(id("b"), "web", label: "api"))))
        defer { docker.remove() }
        let desired = registry(
            ServiceSpec(name: "api", runtime: .container, endpoint: two),
            ServiceSpec(name: "web", runtime: .container, endpoint: one))
        let snapshot = await look(docker, desired)
        #expect(snapshot["web"]?.condition == .absent)
        #expect(snapshot["web"]?.endpoint == one)
        #expect(snapshot["api"]?.condition == .up)
        #expect(snapshot["api"]?.runtimeID == id("b"))
        #expect(snapshot.sources.map(\.title) == ["docker on one", "docker on two"])
        #expect(snapshot.sources.allSatisfy { $0.failure == nil })
        let calls = try String(contentsOf: docker.folder.appendingPathComponent("calls"), encoding: .utf8)
        #expect(!calls.contains("\nps"), "the default endpoint is nobody's and not asked")
    }

    struct Fault: Sendable {
        var note: String
        var body: String
        var message: String
    }

    @Test(
        "one that hangs, fails or garbles leaves the other untouched",
        arguments: [
            Fault(note: "hangs", body: "trap '' TERM; sleep 1000 & wait; wait", message: "did not answer"),
            Fault(note: "fails", body: "echo 'Connection refused' >&2; exit 1", message: "Connection refused"),
            Fault(note: "garbles", body: "echo '<html>'", message: "is not what was asked for"),
            Fault(note: "says nothing", body: "true", message: "names no container"),
        ])
    func aDeadHost(fault: Fault) async throws {
        let docker = try docker(one: fault.body, two: healthy(), standard: healthy((id("c"), line(id("c"), "local"))))
        defer { docker.remove() }
        let desired = registry(
            ServiceSpec(name: "gone", runtime: .container, endpoint: two),
            ServiceSpec(name: "local"), ServiceSpec(name: "web", runtime: .container, endpoint: one))
        let timeout: Duration = fault.note == "hangs" ? .seconds(4) : .seconds(30)
        let snapshot = await look(docker, desired, timeout: timeout)
        #expect(snapshot["gone"]?.condition == .absent, "\(fault.note)")
        #expect(snapshot["local"]?.condition == .up, "\(fault.note)")
        guard case .unknown(.sourceFailed(.docker, let message)) = snapshot["web"]?.condition else {
            Issue.record("\(fault.note): \(String(describing: snapshot["web"]?.condition))")
            return
        }
        #expect(message.hasPrefix("host `one`: "))
        #expect(message.contains(fault.message), "\(message)")
        #expect(snapshot.sources.filter { $0.failure != nil }.map(\.title) == ["docker on one"])
        #expect(snapshot.sources.count == 3)
    }

    @Test func aHungHostTakesNoOthersSlots() async throws {
        let docker = try docker(one: "exec sleep 1000", two: healthy((id("b"), line(id("b"), "web"))))
        defer { docker.remove() }
        let hosts = DockerHosts(docker.cli(timeout: .seconds(60)))
        let hung = (0..<20).map { _ in Task { await hosts.cli(for: one).run(["ps"]) } }
        defer { for task in hung { task.cancel() } }
        let report = await DockerObserver(cli: hosts.cli(for: two), endpoint: two).observe(
            registry(ServiceSpec(name: "web", runtime: .container, endpoint: two)), now: start)
        #expect(report.failure == nil)
        #expect(report.observations.map(\.condition) == [.up])
        let calls = try String(contentsOf: docker.folder.appendingPathComponent("calls"), encoding: .utf8)
        #expect(calls.split(separator: "\n").filter { $0.hasPrefix("--host ssh://one") }.count <= 4)
    }

    @Test func aHostThatKeptOnePassWaitingDoesNotSlowTheNextAndIsTakenBack() async throws {
        let docker = try docker(
            one: "[ ! -e hang ] || exec sleep 1000; \(healthy((id("a"), line(id("a"), "web"))))",
            two: healthy((id("b"), line(id("b"), "api"))))
        defer { docker.remove() }
        let hang = docker.folder.appendingPathComponent("hang")
        try Data().write(to: hang)
        let observer = FleetObserver(
            observers: [], docker: DockerHosts(docker.cli(timeout: .seconds(10))), deadline: .seconds(14))
        let desired = registry(ServiceSpec(name: "api", endpoint: two), ServiceSpec(name: "web", endpoint: one))
        #expect(await observer.observe(desired, now: start).map(\.failure?.isEmpty) == [false, nil])

        let began = ContinuousClock.now
        let second = await observer.observe(desired, now: start)
        #expect(ContinuousClock.now - began < .seconds(8), "it is not waited for to its deadline again")
        #expect(second[0].failure != nil)
        #expect(second[1].observations.map(\.condition) == [.up])

        try FileManager.default.removeItem(at: hang)
        #expect(
            await eventually(within: .seconds(40)) {
                await observer.observe(desired, now: start)[0].observations.map(\.condition) == [.up]
            })
    }

    @Test func eventsOfEveryHostWakeAndHostsComeAndGo() async throws {
        let follow = { (name: String) in "echo \(name) >> started; echo 'container die'; exec sleep 1000" }
        let docker = try docker(one: follow("one"), two: follow("two"))
        defer { docker.remove() }
        let wakes = Wakes()
        let events = DockerEventsFleet(docker: DockerHosts(docker.cli()), onEvent: wakes.callback)
        let task = Task { await events.run() }
        defer { task.cancel() }
        let started = { () -> [String] in
            let text = try? String(contentsOf: docker.folder.appendingPathComponent("started"), encoding: .utf8)
            return (text ?? "").split(separator: "\n").map(String.init).sorted()
        }
        events.follow([one])
        #expect(await wakes.next())
        events.follow([one, two])
        #expect(await wakes.next())
        #expect(await eventually { started() == ["one", "two"] }, "the one that is followed is left alone")
        events.follow([two])
        events.follow([one, two])
        #expect(await eventually { started() == ["one", "one", "two"] || started() == ["one", "two"] })
        task.cancel()
        await task.value
    }

    @Test func nothingOfOurOwnDefaultIsSaidToANamedHost() async throws {
        let docker = try FakeDocker("env | grep ^DOCKER_ | sort; echo \"$*\"")
        defer { docker.remove() }
        let environment = [
            "PATH": "/usr/bin:/bin", "DOCKER_HOST": "tcp://x:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/x",
            "DOCKER_CONTEXT": "x", "DOCKER_CONFIG": "/config",
        ]
        let cli = DockerCLI(executable: docker.path, inheriting: environment)
        let secured = DockerEndpoint(
            name: "s", url: try DockerURL("tcp://s:2376"), tls: DockerTLS(authority: "/a", certificate: "/c", key: "/k")
        )
        let output = try await DockerHosts(cli).cli(for: secured).run(["ps"]).get().text
        #expect(
            output
                == "DOCKER_CONFIG=/config\n--host tcp://s:2376 --tlsverify --tlscacert /a --tlscert /c --tlskey /k ps\n"
        )
        #expect(try await cli.run(["ps"]).get().text.contains("DOCKER_HOST=tcp://x:1"))
    }
}
