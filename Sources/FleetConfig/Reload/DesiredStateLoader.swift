import FleetModel
import Synchronization

/// The desired state in force: registry and overlay, read again when their contents change.
///
/// `load` once at start, where every error stops it; then `reload` at each tick, which never replaces a good value by
/// a broken or shrunken one. Safe from any task; a reload holds the lock while it reads and parses, so callers that
/// only want the value use `current`, which the same lock guards: call it where a second's wait does no harm.
package final class DesiredStateLoader: Sendable {
    private let registryPath: String
    private let profiles: [String]
    private let files: Mutex<WatchedFiles>
    /// Apart from `files`, so that a reader of `current` waits for no parsing.
    private let state = Mutex(LastGood<LoadedDesiredState>())

    package init(registryPath: String, overlayPath: String? = nil, profiles: [String] = []) {
        self.registryPath = registryPath
        self.profiles = profiles
        files = Mutex(WatchedFiles(paths: [registryPath] + (overlayPath.map { [$0] } ?? [])))
    }

    /// Nil until the first good load.
    package var current: LoadedDesiredState? { state.withLock { $0.value } }

    /// What is wrong with the files as they stand now; nil when what is in force is what they say.
    package var lastError: ConfigErrors? { state.withLock { $0.error } }

    /// The first reading. A process that is started on a small or empty registry means it: no guard here.
    @discardableResult
    package func load() throws(ConfigErrors) -> LoadedDesiredState {
        _ = reload()
        let (value, error) = state.withLock { ($0.value, $0.error) }
        if let error { throw error }
        guard let value else {
            throw ConfigErrors([ConfigError(file: registryPath, line: 1, column: 1, message: "was not read")])
        }
        return value
    }

    /// Looks at the files, and reads them when they changed.
    package func reload() -> FileChange<LoadedDesiredState> {
        files.withLock { files in
            switch files.look() {
            case .unchanged: return .unchanged
            case .failed(let errors): return state.withLock { $0.failed(errors) }
            case .read(let contents): return take(contents)
            }
        }
    }

    private func take(_ contents: [YAMLFile]) -> FileChange<LoadedDesiredState> {
        let digest = contents.map { Digest.sha256($0.bytes) }.joined(separator: "\n")
        // Judged on a copy, outside the lock: only this function changes the state, and `files` lets one in at a time.
        var next = state.withLock { $0 }
        let change = next.read(digest: digest) { inForce throws(ConfigErrors) in
            let loaded = try LoadedDesiredState.read(
                registry: contents[0], overlay: contents.count > 1 ? contents[1] : nil, profiles: profiles)
            if let inForce { try guardAgainstShrinking(from: inForce, to: loaded) }
            return loaded
        }
        state.withLock { $0 = next }
        return change
    }

    /// An empty or shrunken registry is a fault, not a wish (design, rules that hold everywhere).
    private func guardAgainstShrinking(
        from inForce: LoadedDesiredState, to loaded: LoadedDesiredState
    ) throws(ConfigErrors) {
        let before = inForce.desired.services
        let gone = before.count { loaded.desired[$0.name] == nil }
        guard gone * 2 > before.count, !loaded.allowShrink else { return }
        let message =
            "drops \(gone) of \(before.count) services, more than half; what was in force stays. "
            + "Write `allow_shrink: true` at the top of the file if that is meant"
        throw ConfigErrors([ConfigError(file: registryPath, line: 1, column: 1, message: message)])
    }
}
