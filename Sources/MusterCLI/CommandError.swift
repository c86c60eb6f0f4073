/// Why a command did not do what it was asked. Printed behind `Error: `; the exit status is 1.
package enum CommandError: Error, Equatable, Sendable {
    /// Nobody answers at the daemon's address.
    case noDaemon(origin: String, String)
    /// The daemon's answer is an error of the contract, or no answer of Muster's at all.
    case refused(status: Int, code: String, message: String, requestID: String?)
    /// What came back is not what the contract says.
    case garbled(origin: String, String)
    /// Something on this machine: a file, docker.
    case local(String)
}

extension CommandError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noDaemon(_, let message):
            "\(message). Is the daemon running there? Start it with `muster serve`, or say where it is with "
                + "`--url` or MUSTER_URL."
        case .refused(401, _, let message, _):
            "\(message). Set MUSTER_API_KEY to a key of the daemon's `API_KEYS`, or to a token of its issuer."
        case .refused(let status, let code, let message, let requestID):
            "\(message) (\(code), status \(status)" + (requestID.map { ", request \($0)" } ?? "") + ")"
        case .garbled(let origin, let message):
            "\(origin) does not answer as Muster does: \(message)"
        case .local(let message): message
        }
    }
}

/// The exit statuses of the contract that are not 0. Wrong usage ends with 64 (EX_USAGE of sysexits.h).
package enum ExitStatus {
    package static let failure: Int32 = 1
    /// `plan`: changes are proposed.
    package static let changesProposed: Int32 = 2
    /// `audit verify`: the chain is broken.
    package static let chainBroken: Int32 = 2
}
