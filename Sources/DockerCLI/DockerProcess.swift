import FleetModel
import Glibc
import Subprocess

/// One docker process on swift-subprocess, from start to the end of its whole process group.
///
/// Cancelling the task sends TERM to the group and KILL two seconds later. swift-subprocess stops reading when the
/// child has exited, also when a grandchild keeps the pipe open, after it has drained what is in it; whatever is
/// left of the group then gets KILL here. The group's number cannot have been given away: the child is reaped later.
struct DockerProcess: Sendable {
    let executable: String
    let arguments: [String]
    let environment: [String: String]

    /// Of standard error only so much is kept, the newest.
    private static let errorLimit = 16 << 10
    private static let messageLimit = 2000

    /// Standard output whole, or why not.
    func collect(
        outputLimit: Int, acceptedExitCodes: Set<Int>, mayStart: @escaping @Sendable () -> Bool,
        onStart: @escaping @Sendable () -> Void
    ) async -> Result<DockerOutput, DockerFailure> {
        await run(
            acceptedExitCodes: acceptedExitCodes, mayStart: mayStart, onStart: onStart,
            reading: { output in
                var bytes: [UInt8] = []
                for try await buffer in output {
                    guard bytes.count + buffer.count <= outputLimit else {
                        throw DockerFailure.outputTooLarge(limitBytes: outputLimit)
                    }
                    buffer.withUnsafeBytes { bytes.append(contentsOf: $0) }
                }
                return bytes
            })
    }

    /// Each line of standard output as it comes, without its line feed.
    func stream(
        lineLimit: Int, _ body: @escaping @Sendable (ArraySlice<UInt8>) async -> Void
    ) async -> Result<DockerOutput, DockerFailure> {
        await run(
            acceptedExitCodes: [0],
            reading: { output in
                var pending: [UInt8] = []
                for try await buffer in output {
                    buffer.withUnsafeBytes { pending.append(contentsOf: $0) }
                    var start = 0
                    while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                        await body(pending[start..<end])
                        start = end + 1
                    }
                    pending.removeFirst(start)
                    guard pending.count <= lineLimit else {
                        throw DockerFailure.outputTooLarge(limitBytes: lineLimit)
                    }
                }
                if !pending.isEmpty { await body(pending[...]) }
                return []
            })
    }

    private func run(
        acceptedExitCodes: Set<Int>, mayStart: @escaping @Sendable () -> Bool = { true },
        onStart: @escaping @Sendable () -> Void = {},
        reading: @escaping @Sendable (SubprocessOutputSequence) async throws -> [UInt8]
    ) async -> Result<DockerOutput, DockerFailure> {
        do {
            let configuration = try await configuration()
            guard mayStart() else { throw DockerFailure.notStarted("it may no longer be started") }
            let result = try await Subprocess.run(
                configuration, input: .none, output: .sequence, error: .sequence
            ) { execution in
                let group = execution.processIdentifier.value
                // This process may have been stopped between the question and the start: the command line needs some
                // milliseconds before it asks anything of the daemon.
                if !mayStart() { _ = kill(-group, SIGKILL) }
                onStart()
                let errors = execution.standardError
                async let errorTail = DockerProcess.tail(of: errors)
                let bytes: [UInt8]
                do {
                    bytes = try await reading(execution.standardOutput)
                } catch {
                    // What it prints is not wanted any more; nothing is to be had from a gentle end.
                    _ = kill(-group, SIGKILL)
                    throw error
                }
                let tail = await errorTail
                await DockerProcess.waitForExit(of: group)
                _ = kill(-group, SIGKILL)
                return (bytes, tail)
            }
            let (bytes, tail) = result.closureResult
            let errorText = DockerProcess.message(tail)
            switch result.terminationStatus {
            case .exited(let code) where acceptedExitCodes.contains(Int(code)):
                return .success(DockerOutput(bytes: bytes, errorText: errorText, exitCode: Int(code)))
            case .exited(let code): return .failure(.exited(code: Int(code), message: errorText))
            case .signaled(let signal): return .failure(.killed(signal: Int(signal)))
            }
        } catch let failure as DockerFailure {
            return .failure(failure)
        } catch let error as SubprocessError where DockerProcess.isStartFailure(error) {
            return .failure(.notStarted("`\(executable)`: \(error)".escapedForDisplay(maximumLength: 500)))
        } catch {
            return .failure(.garbled("its output could not be read: \(error)".escapedForDisplay(maximumLength: 500)))
        }
    }

    private func configuration() async throws -> Configuration {
        // swift-subprocess takes a path in a type of swift-system; resolving the file's name in its own folder makes
        // one without a dependency on that package.
        let slash = executable.lastIndex(of: "/") ?? executable.startIndex
        let folder = executable[..<slash]
        let name = String(executable[executable.index(after: slash)...])
        let path = try await Executable.name(name)
            .resolveExecutablePath(in: .custom(["PATH": folder.isEmpty ? "/" : String(folder)]))
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: DockerCLI.grace)
        ]
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment {
            guard let key = Environment.Key(rawValue: name) else { continue }
            variables[key] = value
        }
        return Configuration(
            executable: .path(path), arguments: Arguments(arguments), environment: .custom(variables),
            platformOptions: options)
    }

    /// Reads to the end and keeps the newest bytes; an error ends the reading, what was read counts.
    private static func tail(of sequence: SubprocessOutputSequence) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in sequence {
                buffer.withUnsafeBytes { bytes.append(contentsOf: $0) }
                if bytes.count > 2 * errorLimit { bytes.removeFirst(bytes.count - errorLimit) }
            }
        } catch {
            return bytes
        }
        return bytes
    }

    /// Returns when the process is a zombie. A child may close its output long before it exits.
    private static func waitForExit(of process: pid_t) async {
        // In a task of its own: in a cancelled one `sleep` returns at once, and the child has two seconds yet.
        await Task {
            var pause = Duration.milliseconds(1)
            var information = siginfo_t()
            while waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
                information.si_signo != SIGCHLD
            {
                do { try await Task.sleep(for: pause) } catch { return }
                pause = min(pause * 2, .milliseconds(50))
            }
        }.value
    }

    private static func isStartFailure(_ error: SubprocessError) -> Bool {
        error.code == .spawnFailed || error.code == .executableNotFound
            || error.code == .failedToChangeWorkingDirectory
    }

    /// The end of standard error in one line that may be shown.
    private static func message(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.suffix(errorLimit), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }
        var joined = lines.filter { !$0.isEmpty }.joined(separator: "; ")
        if joined.count > messageLimit { joined = "…" + joined.suffix(messageLimit) }
        return joined.escapedForDisplay(maximumLength: messageLimit + 1)
    }
}
