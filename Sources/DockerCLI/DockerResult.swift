/// How one docker command ended without giving an answer that can be used. Each case says what is known of it.
package enum DockerFailure: Error, Equatable, Sendable {
    /// The executable could not be started: nothing happened.
    case notStarted(String)
    /// The deadline passed; TERM, then KILL went to the process group. The daemon may still do what was asked.
    case timedOut(afterSeconds: Double)
    /// The caller gave up; TERM, then KILL went to the process group. The daemon may still do what was asked.
    case cancelled(afterSeconds: Double)
    /// Ended by a signal that we did not send: what the daemon did is not known.
    case killed(signal: Int)
    /// Docker answered with an error: the exit code and what it printed on standard error, bounded and escaped.
    case exited(code: Int, message: String)
    /// More output than the bound; what was read is thrown away.
    case outputTooLarge(limitBytes: Int)
    /// Exit code 0, but the output is not what docker prints.
    case garbled(String)
}

extension DockerFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notStarted(let message): "docker could not be started: \(message)"
        case .timedOut(let seconds): "docker did not answer within \(seconds) s"
        case .cancelled(let seconds): "given up after \(Int(seconds)) s, before docker had answered"
        case .killed(let signal): "docker was ended by signal \(signal)"
        case .exited(let code, let message): "docker exited with \(code): \(message)"
        case .outputTooLarge(let limit): "docker printed more than \(limit) bytes"
        case .garbled(let message): "docker's output is not understood: \(message)"
        }
    }
}
