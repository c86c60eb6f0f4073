#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files that come with Muster and are the defaults of two flags.
package enum ShippedFiles {
    package static let registry = "mcp-fleet.registry.yml"
    package static let policy = "action-policy.default.yml"

    /// Where a package installs them.
    private static let installed = "/usr/share/muster"

    /// The path of the shipped file `name`, nil when it is nowhere: looked for in `deploy/` of each directory above
    /// the executable's real path, so that a build in a checkout finds its own; then where a package installs it;
    /// then in `deploy/` of the working directory.
    package static func locate(_ name: String, executable: String = "/proc/self/exe") -> String? {
        var candidates = ancestors(of: realPath(executable) ?? executable).map { $0 + "/deploy/" + name }
        candidates.append(installed + "/" + name)
        candidates.append("deploy/" + name)
        return candidates.first { FileStamp(path: $0)?.isRegular == true }
    }

    /// The directories above `path`, nearest first; the root as the empty text.
    private static func ancestors(of path: String) -> [String] {
        var directories: [String] = []
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            directories.append(String(rest))
        }
        return directories
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
