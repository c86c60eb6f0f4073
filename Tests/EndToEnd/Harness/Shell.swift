import Foundation
import Subprocess

/// What a command left behind.
struct ShellResult: Sendable {
    var arguments: [String]
    var status: Int32
    var output: String
    var errors: String
}

/// A command that should have ended with 0 and did not, or a condition that never came.
struct HarnessError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

enum Shell {
    /// Runs a command to its end without blocking a thread; arguments are an array, no shell is involved.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> ShellResult {
        var updates: [Environment.Key: String?] = [:]
        for (name, value) in environment { updates[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(arguments),
            environment: .inherit.updating(updates), output: .string(limit: 8 << 20), error: .string(limit: 1 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return ShellResult(
            arguments: arguments, status: status, output: result.standardOutput,
            errors: result.standardError)
    }

    /// The output without the line break at its end; throws with everything said when the status is not 0.
    @discardableResult
    static func output(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
        let result = try await run(arguments, environment: environment)
        guard result.status == 0 else {
            throw HarnessError(
                "`\(arguments.joined(separator: " "))` ended with \(result.status): \(result.errors)\(result.output)")
        }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Waits for a condition with a bound; answers what the condition found. The only place where these tests sleep.
@discardableResult
func eventually<Value: Sendable>(
    _ promise: String, within seconds: Double = 30, _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var lastError: (any Error)?
    repeat {
        do {
            if let value = try await look() { return value }
        } catch let ended as MusterEnded {
            throw ended
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            lastError = error
        }
        try await Task.sleep(for: .milliseconds(100))
    } while ContinuousClock.now < deadline
    throw HarnessError("not within \(seconds) s: \(promise)\(lastError.map { "; last error: \($0)" } ?? "")")
}
