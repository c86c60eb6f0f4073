import DockerCLI
import Foundation
import Testing

/// What `run` promises of commands that do not end.
@Suite(.timeLimit(.minutes(1)))
struct DeadlineTests {
    @Test(arguments: [
        ("exec sleep 1000", 0.0...1.0, "ends at TERM"),
        ("trap '' TERM; while :; do sleep 1000; done", 0.0...3.0, "the shell ignores TERM; KILL after 2 s"),
        ("exec >&- 2>&-; exec sleep 1000", 0.0...1.0, "has closed its output and stays"),
        ("trap '' TERM; (trap '' TERM; sleep 1000; sleep 1000) & wait", 0.0...3.0, "a grandchild ignores TERM too"),
        ("sleep 1000 & trap 'exit 0' TERM; wait", 0.0...1.0, "exits with 0 at TERM: no answer all the same"),
    ])
    func answersByTheDeadlineAndGrace(script: String, after: ClosedRange<Double>, note: String) async throws {
        let docker = try FakeDocker("echo $$ > \"$(dirname \"$0\")/pid\"\n\(script)")
        defer { docker.remove() }
        let start = ContinuousClock.now
        let result = await docker.cli(timeout: .milliseconds(700)).run(["ps"])
        let took = ContinuousClock.now - start
        #expect(result == .failure(.timedOut(afterSeconds: 0.7)), "\(note)")
        #expect(took >= .milliseconds(700) && took < .seconds(0.7 + after.upperBound + slack), "\(note): \(took)")
        let session = try #require(docker.content(of: "pid").flatMap { Int($0.dropLast()) })
        #expect(await eventually { membersOfSession(session).isEmpty }, "\(note): nothing of its session is left")
    }

    /// For a busy machine; without the promise these would take 1000 s.
    private let slack = 5.0

    @Test func doesNotWaitForAGrandchildThatKeepsThePipeOpen() async throws {
        let docker = try FakeDocker(
            """
            echo $$ > "$(dirname "$0")/pid"
            (trap '' TERM; exec sleep 1000) &
            head -c 300000 /dev/zero | tr '\\0' 'x'
            exit 0
            """)
        defer { docker.remove() }
        let start = ContinuousClock.now
        let output = try await docker.cli(timeout: .seconds(20)).run(["ps"]).get()
        #expect(output.bytes.count == 300_000, "all that the child itself printed")
        #expect(ContinuousClock.now - start < .seconds(15))
        let session = try #require(docker.content(of: "pid").flatMap { Int($0.dropLast()) })
        #expect(await eventually { membersOfSession(session).isEmpty })
    }

    @Test func doesNotWaitForAGrandchildOfAnotherSession() async throws {
        let docker = try FakeDocker("setsid sh -c 'trap \"\" TERM; sleep 30' & exec sleep 1000")
        defer { docker.remove() }
        let start = ContinuousClock.now
        let result = await docker.cli(timeout: .milliseconds(500)).run(["ps"])
        #expect(result == .failure(.timedOut(afterSeconds: 0.5)))
        #expect(ContinuousClock.now - start < .seconds(3 + slack))
    }

    @Test func endsTheCommandWhenTheCallerGivesUp() async throws {
        let docker = try FakeDocker("echo $$ > \"$(dirname \"$0\")/pid\"; exec sleep 1000")
        defer { docker.remove() }
        let cli = docker.cli(timeout: .seconds(50))
        let task = Task { await cli.run(["ps"]) }
        #expect(await eventually { docker.content(of: "pid")?.hasSuffix("\n") == true })
        task.cancel()
        guard case .failure(.cancelled) = await task.value else {
            Issue.record("it was cancelled")
            return
        }
        let process = try #require(docker.content(of: "pid").flatMap { Int($0.dropLast()) })
        #expect(await eventually { isGone(process) })
    }

    @Test func runsABoundedNumberAtOnceAndCountsTheWaiting() async throws {
        let docker = try FakeDocker(
            """
            cd "$(dirname "$0")"
            echo start >> log; sleep 0.2; echo end >> log
            """)
        defer { docker.remove() }
        let cli = docker.cli(maximumCommands: 2)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask { _ = await cli.run(["ps"]) }
            }
        }
        var running = 0
        var most = 0
        for line in try #require(docker.content(of: "log")).split(separator: "\n") {
            running += line == "start" ? 1 : -1
            most = max(most, running)
        }
        #expect(running == 0)
        #expect(most == 2)
    }

    @Test func saysThatNothingWasStartedWhenNoSlotCameFree() async throws {
        let docker = try FakeDocker("exec sleep 1000")
        defer { docker.remove() }
        let cli = docker.cli(timeout: .seconds(50), maximumCommands: 1)
        let hanging = Task { await cli.run(["ps"]) }
        #expect(
            await eventually {
                guard case .failure(.notStarted) = await cli.run(["info"], timeout: .milliseconds(200)) else {
                    return false
                }
                return true
            })
        hanging.cancel()
        _ = await hanging.value
        let after = await cli.run(["info"], timeout: .milliseconds(200))
        #expect(after == .failure(.timedOut(afterSeconds: 0.2)), "the slot came free")
    }
}

/// `forEachLine`, which `docker events` runs on.
@Suite(.timeLimit(.minutes(1)))
struct LineTests {
    @Test func handsOverEachLineAsItComes() async throws {
        let docker = try FakeDocker("echo one; sleep 0.2; printf 'tw'; sleep 0.1; printf 'o\\nthree'")
        defer { docker.remove() }
        let lines = Lines()
        #expect(await docker.cli().forEachLine(["events"]) { await lines.add($0) } == nil)
        #expect(await lines.all == ["one", "two", "three"])
    }

    @Test func endsWhenCancelledAndKillsTheCommand() async throws {
        let docker = try FakeDocker("echo $$; while :; do sleep 0.05; echo again; done")
        defer { docker.remove() }
        let lines = Lines()
        let cli = docker.cli()
        let task = Task { await cli.forEachLine(["events"]) { await lines.add($0) } }
        #expect(await eventually { await lines.all.count > 2 })
        task.cancel()
        guard case .cancelled = await task.value else {
            Issue.record("it was cancelled")
            return
        }
        let process = try #require(await lines.all.first.flatMap { Int($0) })
        #expect(await eventually { isGone(process) })
    }

    @Test func refusesALineWithoutEnd() async throws {
        let docker = try FakeDocker("cat /dev/zero")
        defer { docker.remove() }
        let failure = await docker.cli().forEachLine(["events"], lineLimit: 4096) { _ in }
        #expect(failure == .outputTooLarge(limitBytes: 4096))
    }

    @Test func saysHowTheCommandEnded() async throws {
        let docker = try FakeDocker("echo 'cannot connect' >&2; exit 1")
        defer { docker.remove() }
        let failure = await docker.cli().forEachLine(["events"]) { _ in }
        #expect(failure == .exited(code: 1, message: "cannot connect"))
    }
}

private actor Lines {
    var all: [String] = []

    func add(_ line: ArraySlice<UInt8>) {
        all.append(String(decoding: line, as: UTF8.self))
    }
}

/// Processes whose session (field 6 of `/proc/<pid>/stat`, proc(5)) is this one, zombies left out.
private func membersOfSession(_ session: Int) -> [Int] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { Int($0) }.filter { process in
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = status.lastIndex(of: ")")
        else { return false }
        let fields = status[status.index(after: end)...].split(separator: " ")
        return fields.count > 3 && fields[0] != "Z" && fields[3] == "\(session)"
    }
}
