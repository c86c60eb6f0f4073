package import FleetModel
import Synchronization

/// The policy file in force, read again when its contents change. As `DesiredStateLoader`: `load` at start, where an
/// error stops it; then `reload` at each tick, which keeps the last good policy.
package final class PolicyLoader: Sendable {
    package let path: String
    private let files: Mutex<WatchedFiles>
    private let state = Mutex(LastGood<Policy>())

    package init(path: String) {
        self.path = path
        files = Mutex(WatchedFiles(paths: [path]))
    }

    /// The file's policy, without overrides. Nil until the first good load.
    package var current: Policy? { state.withLock { $0.value } }

    /// What is wrong with the file as it stands now; nil when what is in force is what it says.
    package var lastError: ConfigErrors? { state.withLock { $0.error } }

    @discardableResult
    package func load() throws(ConfigErrors) -> Policy {
        _ = reload()
        let (value, error) = state.withLock { ($0.value, $0.error) }
        if let error { throw error }
        guard let value else {
            throw ConfigErrors([ConfigError(file: path, line: 1, column: 1, message: "was not read")])
        }
        return value
    }

    /// Looks at the file, and reads it when it changed.
    package func reload() -> FileChange<Policy> {
        files.withLock { files in
            switch files.look() {
            case .unchanged: return .unchanged
            case .failed(let errors): return state.withLock { $0.failed(errors) }
            case .read(let contents):
                return state.withLock { state in
                    state.read(digest: Digest.sha256(contents[0].bytes)) { _ throws(ConfigErrors) in
                        try Policy.read(contents[0])
                    }
                }
            }
        }
    }
}
