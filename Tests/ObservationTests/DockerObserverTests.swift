import DockerCLI
import FleetModel
import Foundation
import Observation
import Testing

private let first = String(repeating: "a", count: 64)
private let second = String(repeating: "b", count: 64)

private func line(_ id: String, _ name: String) -> String {
    #"{"id":"\#(id)","name":"/\#(name)","state":"running","health":null,"code":0,"oom":false,"restarts":0,"#
        + #""image":"i:1","created":"2026-11-21T01:42:34Z","started":"2026-11-21T01:42:35Z","service":"","#
        + #""compose":"","oneoff":"","task_of":"","stack":""}"#
}

/// A docker that answers each command with a branch of its own.
private func docker(ps: String, inspect: String, info: String, service: String = "exit 9") throws -> FakeDocker {
    try FakeDocker(
        """
        cd "$(dirname "$0")"
        case "$1" in
        ps) \(ps) ;;
        inspect) \(inspect) ;;
        info) \(info) ;;
        service) \(service) ;;
        esac
        """)
}

private let fleet = registry(
    ServiceSpec(name: "either"), ServiceSpec(name: "swarmed", runtime: .swarm),
    ServiceSpec(name: "web", runtime: .container))

/// A docker that hangs, fails, garbles or floods never makes anything down or absent.
@Suite(.timeLimit(.minutes(1)))
struct DockerObserverTests {
    struct Fault: Sendable {
        var note: String
        var ps: String
        var inspect = "echo unused"
        var message: String
        /// Short only where the deadline is what ends it: on a busy machine starting a shell takes its time.
        var timeout = Duration.seconds(30)
    }

    @Test(arguments: [
        Fault(note: "hangs", ps: "exec sleep 1000", message: "did not answer", timeout: .seconds(1)),
        Fault(
            note: "hangs, deaf to TERM", ps: "trap '' TERM; sleep 1000 & wait; wait", message: "did not answer",
            timeout: .seconds(1)),
        Fault(note: "fails", ps: "echo 'Cannot connect' >&2; exit 1", message: "exited with 1: Cannot connect"),
        Fault(note: "prints nothing", ps: "true", message: "names no container"),
        Fault(note: "garbage for ids", ps: "echo '<html>'", message: "is not what was asked for"),
        Fault(
            note: "garbage for containers", ps: "echo \(first)", inspect: "echo '{}'",
            message: "is not what was asked for"),
        Fault(note: "floods", ps: "exec head -c 100000000 /dev/zero", message: "more than 16777216 bytes"),
        Fault(
            note: "inspect fails", ps: "echo \(first)", inspect: "echo 'permission denied' >&2; exit 1",
            message: "permission denied"),
        Fault(
            note: "inspect never shows it", ps: "echo \(first)", inspect: "echo 'No such container' >&2; exit 1",
            message: "vanish faster"),
        Fault(note: "killed", ps: "kill -9 $$", message: "ended by signal 9"),
    ])
    func aFaultMakesUnknownWhatItCovers(_ fault: Fault) async throws {
        let docker = try docker(ps: fault.ps, inspect: fault.inspect, info: "echo inactive false")
        defer { docker.remove() }
        let began = ContinuousClock.now
        let report = await DockerObserver(cli: docker.cli(timeout: fault.timeout)).observe(fleet, now: start)
        #expect(ContinuousClock.now - began < .seconds(25), "\(fault.note)")
        let failure = try #require(report.failure)
        #expect(failure.contains(fault.message), "\(fault.note)")
        #expect(report.observations.map(\.service) == ["either", "swarmed", "web"])
        for observation in report.observations {
            guard case .unknown(.sourceFailed(.docker, _)) = observation.condition else {
                Issue.record("\(fault.note): \(observation.service) is \(observation.condition)")
                continue
            }
        }
    }

    @Test(arguments: [
        ("exec sleep 1000", "did not answer within"), ("echo active false", "Swarm worker"),
        ("echo pending false", "not ready"), ("echo nonsense", "is not what was asked for"),
        ("exit 1", "exited with 1"), ("echo active true", "exited with 9"),
    ])
    func aFaultOfTheSwarmHalfLeavesTheContainers(info: String, message: String) async throws {
        let docker = try docker(ps: "echo \(first)", inspect: "echo '\(line(first, "web"))'", info: info)
        defer { docker.remove() }
        let report = await DockerObserver(cli: docker.cli(timeout: info.contains("sleep") ? .seconds(5) : .seconds(30)))
            .observe(fleet, now: start)
        #expect(report.failure?.contains(message) == true)
        #expect(report.observations[2].condition == .up)
        for index in 0...1 {
            guard case .unknown(.sourceFailed(.docker, let text)) = report.observations[index].condition else {
                Issue.record("\(report.observations[index].condition)")
                continue
            }
            #expect(text.contains(message))
        }
    }

    @Test func aContainerThatVanishesBeforeItIsInspectedIsNoFault() async throws {
        // The first list has both; by the second one `b` is gone.
        let docker = try docker(
            ps: "echo \(first); [ -e again ] || echo \(second); touch again",
            inspect: "echo '\(line(first, "web"))'; echo 'Error: No such container: \(second)' >&2; exit 1",
            info: "echo inactive false")
        defer { docker.remove() }
        let report = await DockerObserver(cli: docker.cli()).observe(
            registry(ServiceSpec(name: "gone", runtime: .container), ServiceSpec(name: "web")), now: start)
        #expect(report.failure == nil)
        #expect(report.observations.map(\.condition) == [.absent, .up])
    }

    @Test func oneThatTookItsPlaceMeanwhileIsSeen() async throws {
        let docker = try docker(
            ps: "if [ -e again ]; then echo \(second); else echo \(first); fi; touch again",
            inspect:
                "case \"$*\" in *\(first)*) echo 'Error: No such container' >&2; exit 1;; "
                + "*) echo '\(line(second, "web"))';; esac",
            info: "echo inactive false")
        defer { docker.remove() }
        let report = await DockerObserver(cli: docker.cli()).observe(
            registry(ServiceSpec(name: "web", runtime: .container)), now: start)
        #expect(report.observations.map(\.condition) == [.up])
    }

    @Test func inspectsInBatches() async throws {
        let ids = (0..<250).map { number in
            String(repeating: "0", count: 64 - String(number).count) + String(number)
        }
        let docker = try docker(
            ps: ids.map { "echo \($0)" }.joined(separator: "; "),
            inspect: "shift 6; echo $# >> batches; for i in \"$@\"; do echo '\(line("ID", "NAME"))' | "
                + "sed \"s/\\\"ID\\\"/\\\"$i\\\"/; s/NAME/n$i/\"; done",
            info: "echo inactive false")
        defer { docker.remove() }
        let name = "n\(ids[249])"
        let report = await DockerObserver(cli: docker.cli(timeout: .seconds(30))).observe(
            registry(ServiceSpec(name: name, runtime: .container)), now: start)
        #expect(report.failure == nil)
        #expect(report.observations.map(\.condition) == [.up])
        let batches = try String(contentsOf: docker.folder.appendingPathComponent("batches"), encoding: .utf8)
        #expect(batches.split(separator: "\n").sorted() == ["100", "100", "50"])
    }

    @Test func noDockerAtAllIsAFailure() async {
        let report = await DockerObserver(cli: .init(executable: "/nonexistent/docker", timeout: .seconds(5)))
            .observe(fleet, now: start)
        #expect(report.failure?.contains("could not be started") == true)
        #expect(report.observations.allSatisfy { $0.condition.word == "unknown" })
    }
}
