import FleetModel

/// A fixed set of files that are read together, and read again only when one of them changed.
///
/// `look` costs one `stat` a file while nothing happens. A change of stamp alone is not a change: the caller compares
/// contents. No inotify: a file on a network mount, in a bind-mounted directory or replaced by a symlink swap (as
/// Kubernetes does) would be missed by it.
struct WatchedFiles {
    let paths: [String]
    /// The stamps of the last reading, nil for a file that could not be read; empty before the first.
    private var stamps: [FileStamp?] = []
    /// Whether equal stamps prove equal contents.
    private var isSettled = false

    enum Look {
        case unchanged
        case read([YAMLFile])
        case failed(ConfigErrors)
    }

    init(paths: [String]) {
        self.paths = paths
    }

    /// Reads the files unless their stamps prove that nothing has changed since the last look.
    mutating func look() -> Look {
        let seen = paths.map(FileStamp.init(path:))
        if isSettled, seen == stamps { return .unchanged }
        let now = FileStamp.now()
        var files: [YAMLFile] = []
        var errors: [ConfigError] = []
        stamps = []
        isSettled = true
        for path in paths {
            do throws(FileReadError) {
                let content = try FileContent.read(path, limit: YAMLFile.maximumSize)
                files.append(YAMLFile(name: path, bytes: content.bytes))
                stamps.append(content.stamp)
                isSettled = isSettled && content.stamp.isSettled(now: now)
            } catch {
                errors.append(ConfigError(file: path, line: 1, column: 1, message: error.message))
                stamps.append(nil)
                isSettled = false
            }
        }
        return errors.isEmpty ? .read(files) : .failed(ConfigErrors(errors))
    }
}
