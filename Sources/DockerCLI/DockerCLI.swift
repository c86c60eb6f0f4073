package import FleetModel
import Glibc
import Synchronization

/// Runs the docker command line, one process a command, never through a shell.
///
/// Every command has a deadline and is in a session of its own. At the deadline TERM goes to its process group, KILL
/// two seconds later; `run` answers then even when something it left behind keeps its pipes open or cannot be killed.
/// Killing the command does not cancel the work in the daemon: `timedOut` means that the result is not known.
///
/// Copies share the bound on commands at once. Safe to use from everywhere.
package struct DockerCLI: Sendable {
    /// Absolute.
    package let executable: String
    /// `DOCKER_HOST` for the commands; nil leaves it as it is in our own environment.
    package let host: String?
    /// The deadline of a command that names none of its own; waiting for a slot counts.
    package let timeout: Duration

    /// How long a command may take to end after TERM.
    static let grace = Duration.seconds(2)
    /// What `run` waits for a killed command to be gone before it answers without it.
    static let margin = Duration.milliseconds(500)

    let environment: [String: String]
    /// Global options that stand before every command: where a named endpoint is.
    private let options: [String]
    private let slots: CommandSlots

    /// `inherited` is the environment to take from: only `PATH`, `HOME`, `DOCKER_*` and what locates an ssh agent
    /// (for `ssh://` hosts) go to the commands.
    package init(
        executable: String, host: String? = nil, timeout: Duration = .seconds(60), maximumCommands: Int = 8,
        inheriting inherited: [String: String] = DockerCLI.processEnvironment()
    ) {
        self.executable = executable
        self.host = host
        self.timeout = timeout
        var environment = inherited.filter { name, _ in
            name == "PATH" || name == "HOME" || name == "SSH_AUTH_SOCK" || name.hasPrefix("DOCKER_")
        }
        if environment["PATH"] == nil { environment["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        if let host { environment["DOCKER_HOST"] = host }
        self.environment = environment
        options = []
        slots = CommandSlots(maximumCommands)
    }

    private init(_ other: DockerCLI, at endpoint: DockerEndpoint, maximumCommands: Int) {
        executable = other.executable
        host = endpoint.url.description
        timeout = other.timeout
        environment = other.environment.filter { !DockerCLI.placeVariables.contains($0.key) }
        options = endpoint.options
        slots = CommandSlots(maximumCommands)
    }

    /// What says in our own environment where the default endpoint is and how it is spoken to. None of it is for the
    /// endpoints of the registry; registry logins (`DOCKER_CONFIG`) are.
    private static let placeVariables: Set = [
        "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION",
    ]

    /// The same for another endpoint, with a bound on commands of its own: a host that hangs takes no other's slots.
    package func at(_ endpoint: DockerEndpoint, maximumCommands: Int = 4) -> DockerCLI {
        DockerCLI(self, at: endpoint, maximumCommands: maximumCommands)
    }

    /// The first `docker` in the absolute folders of `path` (as in `PATH`) that may be executed.
    package static func find(inPath path: String) -> String? {
        path.split(separator: ":").lazy
            .filter { $0.hasPrefix("/") }
            .map { "\($0)/docker" }
            .first { candidate in
                var status = stat()
                return stat(candidate, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
                    && access(candidate, X_OK) == 0
            }
    }

    /// Our own environment as it is now.
    package static func processEnvironment() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return result
    }

    /// Runs one command to its end and gives what it printed.
    ///
    /// - Parameters:
    ///   - arguments: All after `docker`. What came from outside has been checked by the caller and stands after `--`.
    ///   - outputLimit: In bytes of standard output; a command that prints more is killed at once.
    ///   - acceptedExitCodes: With these `DockerOutput` is given, with others `DockerFailure.exited`.
    ///   - mayStart: Asked right before the process is made, after any waiting; at a `false` none is, and the failure is
    ///     `notStarted`. Asked once more when it is made: at a `false` then, it is killed at once, and what it did is
    ///     not known.
    ///   - onStart: Called once the process is made, before anything is read of it; must not block.
    package func run(
        _ arguments: [String], timeout: Duration? = nil, outputLimit: Int = 16 << 20,
        acceptedExitCodes: Set<Int> = [0], extraEnvironment: [String: String] = [:],
        mayStart: @escaping @Sendable () -> Bool = { true }, onStart: @escaping @Sendable () -> Void = {}
    ) async -> Result<DockerOutput, DockerFailure> {
        let limit = timeout ?? self.timeout
        let command = DockerProcess(
            executable: executable, arguments: options + arguments,
            environment: environment.merging(extraEnvironment) { $1 })
        return await Supervision.run(limit: limit, hardLimit: limit + DockerCLI.grace + DockerCLI.margin) {
            guard await slots.acquire() else {
                return .failure(.notStarted("too many docker commands are running already"))
            }
            defer { slots.release() }
            return await command.collect(
                outputLimit: outputLimit, acceptedExitCodes: acceptedExitCodes, mayStart: mayStart, onStart: onStart)
        }
    }

    /// Runs a command that goes on until it ends by itself or the task is cancelled, and hands over each line.
    ///
    /// The next line is read when `body` has returned. A line longer than `lineLimit` bytes ends the command with
    /// `outputTooLarge`. Takes no slot. Nil when the command ended with exit code 0.
    package func forEachLine(
        _ arguments: [String], lineLimit: Int = 1 << 20, _ body: @escaping @Sendable (ArraySlice<UInt8>) async -> Void
    ) async -> DockerFailure? {
        let command = DockerProcess(
            executable: executable, arguments: options + arguments, environment: environment)
        let result = await Supervision.run(limit: nil, hardLimit: nil) {
            await command.stream(lineLimit: lineLimit, body)
        }
        switch result {
        case .success: return nil
        case .failure(let failure): return failure
        }
    }
}

private final class DeadlineFlag: Sendable {
    let passed = Mutex(false)
}

/// Runs work that may not come to its end: cancels it at `limit` and no longer waits for it at `hardLimit`.
enum Supervision {
    /// A process in uninterruptible sleep survives KILL; then the abandoned task ends when the kernel lets it.
    static func run<Output: Sendable>(
        limit: Duration?, hardLimit: Duration?,
        _ work: @escaping @Sendable () async -> Result<Output, DockerFailure>
    ) async -> Result<Output, DockerFailure> {
        let start = ContinuousClock.now
        let deadline = DeadlineFlag()
        let task = Task { await work() }
        return await withTaskCancellationHandler {
            let answers = AsyncStream<Result<Output, DockerFailure>?>.makeStream(bufferingPolicy: .bufferingOldest(1))
            let waiter = Task {
                answers.continuation.yield(await task.value)
            }
            let timer = Task {
                guard let limit, let hardLimit else { return }
                do {
                    try await Task.sleep(until: start + limit, clock: .continuous)
                    deadline.passed.withLock { $0 = true }
                    task.cancel()
                    try await Task.sleep(until: start + hardLimit, clock: .continuous)
                    answers.continuation.yield(nil)
                } catch { return }
            }
            defer {
                timer.cancel()
                waiter.cancel()
            }
            var iterator = answers.stream.makeAsyncIterator()
            // The stream itself ends when this task is cancelled; the work's own end is what is waited for.
            let answer: Result<Output, DockerFailure>
            if let next = await iterator.next() {
                answer = next ?? .failure(.timedOut(afterSeconds: (limit ?? .zero).inSeconds))
            } else {
                answer = await task.value
            }
            return settle(answer, timedOut: deadline.passed.withLock { $0 }, limit: limit, start: start)
        } onCancel: {
            task.cancel()
        }
    }

    /// What a stopped command seems to have answered is not an answer, except that nothing was started.
    private static func settle<Output>(
        _ answer: Result<Output, DockerFailure>, timedOut: Bool, limit: Duration?, start: ContinuousClock.Instant
    ) -> Result<Output, DockerFailure> {
        if case .failure(.notStarted) = answer { return answer }
        if timedOut, let limit { return .failure(.timedOut(afterSeconds: limit.inSeconds)) }
        if Task.isCancelled { return .failure(.cancelled(afterSeconds: (.now - start).inSeconds)) }
        return answer
    }
}

extension Duration {
    /// In seconds, to the millisecond.
    var inSeconds: Double {
        Double(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000) / 1000
    }
}
