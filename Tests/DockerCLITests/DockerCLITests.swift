import DockerCLI
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DockerCLITests {
    @Test func givesWhatTheCommandPrintedAndItsArgumentsAsTheyAre() async throws {
        let docker = try FakeDocker(#"for a in "$@"; do printf '%s\n' "$a"; done; echo warned >&2"#)
        defer { docker.remove() }
        let output = try await docker.cli().run(["inspect", "--", "a b", "$(id)", "*", ";ls"]).get()
        #expect(output.text == "inspect\n--\na b\n$(id)\n*\n;ls\n")
        #expect(output.lines.count == 6)
        #expect(output.errorText == "warned")
        #expect(output.exitCode == 0)
    }

    @Test func passesOnlyWhatDockerNeedsOfTheEnvironment() async throws {
        let docker = try FakeDocker("/usr/bin/env")
        defer { docker.remove() }
        let cli = DockerCLI(
            executable: docker.path, host: "unix:///run/other.sock", timeout: .seconds(10),
            inheriting: [
                "PATH": "/usr/bin:/bin", "HOME": "/h", "DOCKER_CONFIG": "/c", "DOCKER_HOST": "tcp://old",
                "STATE_DB_URI": "secret", "LD_PRELOAD": "x.so", "http_proxy": "p",
            ])
        let text = try await cli.run([], extraEnvironment: ["DOCKER_CLI_HINTS": "false"]).get().text
        let names = Set(text.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) })
        #expect(
            names.subtracting(["PWD", "SHLVL", "_", "OLDPWD"])
                == ["PATH", "HOME", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CLI_HINTS"])
        #expect(text.contains("DOCKER_HOST=unix:///run/other.sock\n"))
    }

    @Test(arguments: [
        ("echo 'Error: No such container: x' >&2; exit 1", 1, "Error: No such container: x", "one line"),
        ("printf 'a\\n\\n  b\\n' >&2; exit 125", 125, "a; b", "several lines are joined"),
        ("printf '\\033[31mred\\033[0m' >&2; exit 2", 2, "\\u{1b}[31mred\\u{1b}[0m", "escapes are shown, not sent"),
        ("exit 3", 3, "", "no message"),
    ])
    func namesExitCodeAndMessage(script: String, code: Int, message: String, note: String) async throws {
        let docker = try FakeDocker(script)
        defer { docker.remove() }
        let result = await docker.cli().run(["ps"])
        #expect(result == .failure(.exited(code: code, message: message)), "\(note)")
    }

    @Test func boundsTheErrorMessage() async throws {
        let docker = try FakeDocker("head -c 50000000 /dev/zero | tr '\\0' 'e' >&2; echo the end >&2; exit 1")
        defer { docker.remove() }
        guard case .failure(.exited(1, let message)) = await docker.cli().run(["ps"]) else {
            Issue.record("it exits with 1")
            return
        }
        #expect(message.count <= 2002)
        #expect(message.hasSuffix("the end"), "the end of what docker says is what counts")
    }

    @Test func acceptsAnExitCodeThatTheCallerExpects() async throws {
        let docker = try FakeDocker("echo one; echo 'no such object: two' >&2; exit 1")
        defer { docker.remove() }
        let output = try await docker.cli().run(["inspect"], acceptedExitCodes: [0, 1]).get()
        #expect(output.text == "one\n")
        #expect(output.exitCode == 1)
        #expect(output.errorText == "no such object: two")
    }

    @Test(arguments: ["/nonexistent/docker", "/tmp", "/etc/hostname"])
    func saysThatNothingWasStarted(path: String) async {
        let result = await DockerCLI(executable: path, timeout: .seconds(5)).run(["ps"])
        guard case .failure(.notStarted(let message)) = result else {
            Issue.record("\(path): \(result)")
            return
        }
        #expect(message.contains(path))
    }

    @Test func asksWhetherItMayStartWhenAllWaitingIsOver() async throws {
        let docker = try FakeDocker(
            "echo \"$1\" >> \"$(dirname \"$0\")/calls\"; read -r _ < \"$(dirname \"$0\")/gate\"")
        defer { docker.remove() }
        #expect(mkfifo(docker.folder.appendingPathComponent("gate").path, 0o600) == 0)
        let cli = docker.cli(timeout: .seconds(30), maximumCommands: 1)
        let isTrusted = Mutex(true)
        async let first = cli.run(["first"])
        #expect(await eventually { docker.content(of: "calls") == "first\n" })
        async let second = cli.run(["second"], mayStart: { isTrusted.withLock { $0 } })
        isTrusted.withLock { $0 = false }
        try "go\n".write(toFile: docker.folder.appendingPathComponent("gate").path, atomically: false, encoding: .utf8)
        _ = try await first.get()
        guard case .failure(.notStarted) = await second else {
            Issue.record("it was started without being asked for again")
            return
        }
        #expect(docker.content(of: "calls") == "first\n")
    }

    @Test func namesASignalThatWasNotOurs() async throws {
        let docker = try FakeDocker("kill -9 $$")
        defer { docker.remove() }
        #expect(await docker.cli().run(["ps"]) == .failure(.killed(signal: 9)))
    }

    @Test func readsBothStreamsWhileTheyAreFull() async throws {
        let docker = try FakeDocker(
            """
            (head -c 3000000 /dev/zero | tr '\\0' 'e' >&2) &
            head -c 3000000 /dev/zero | tr '\\0' 'o'
            wait
            """)
        defer { docker.remove() }
        let output = try await docker.cli().run(["ps"]).get()
        #expect(output.bytes.count == 3_000_000)
        #expect(output.bytes.allSatisfy { $0 == UInt8(ascii: "o") })
    }

    @Test func killsACommandThatPrintsTooMuch() async throws {
        let docker = try FakeDocker("trap '' TERM; echo $$ > \"$(dirname \"$0\")/pid\"; head -c 100000000 /dev/zero")
        defer { docker.remove() }
        let start = ContinuousClock.now
        let result = await docker.cli(timeout: .seconds(30)).run(["ps"], outputLimit: 1 << 20)
        #expect(result == .failure(.outputTooLarge(limitBytes: 1 << 20)))
        #expect(ContinuousClock.now - start < .seconds(15), "long before its deadline")
        let process = try #require(docker.content(of: "pid").flatMap { Int($0.dropLast()) })
        #expect(await eventually { isGone(process) })
    }

    @Test func findsTheFirstExecutableInAbsoluteFolders() throws {
        let docker = try FakeDocker("true")
        defer { docker.remove() }
        let folder = docker.folder.path
        #expect(DockerCLI.find(inPath: "relative:/nonexistent:\(folder):/usr/bin") == docker.path)
        #expect(DockerCLI.find(inPath: "/nonexistent") == nil)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: docker.path)
        #expect(DockerCLI.find(inPath: folder) == nil, "not executable")
    }
}
