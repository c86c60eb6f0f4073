import FleetConfig
import FleetModel
import Glibc

/// Registry, overlay and policy.
enum FileFindings {
    static func all(_ flags: Flags) -> [Finding] {
        [registry(flags), policy(flags)]
    }

    private static func registry(_ flags: Flags) -> Finding {
        do {
            let path = try Offline.path(flags.registryPath, shipped: ShippedFiles.registry)
            let answer = FileChecks.registry(path, overlay: flags.desiredStatePath)
            return finding("registry", answer, file: path, command: "muster registry check")
        } catch {
            return .fail("registry", "\(error)", do: "set FLEET_REGISTRY_PATH")
        }
    }

    private static func policy(_ flags: Flags) -> Finding {
        do {
            let path = try Offline.path(flags.policyPath, shipped: ShippedFiles.policy)
            return finding("policy", FileChecks.policy(path), file: path, command: "muster policy check")
        } catch {
            return .fail("policy", "\(error)", do: "set ACTION_POLICY_PATH")
        }
    }

    private static func finding(
        _ check: String, _ answer: FileChecks.Answer, file: String, command: String
    ) -> Finding {
        let first = answer.problems.first ?? ""
        let count = answer.problems.count
        if answer.isFailure {
            return .fail(check, "\(count) errors, the first: \(first)", do: "see them all with `\(command) \(file)`")
        }
        guard count == 0 else {
            return .warn(check, "\(count) warnings, the first: \(first)", do: "see them with `\(command) \(file)`")
        }
        return .ok(check, answer.lines.joined(separator: " "))
    }
}

/// The data directory: its mode, who may write, what is free, and who holds its lock.
enum DirectoryFindings {
    private static let failBelowMebibytes = 100
    private static let warnBelowMebibytes = 1024

    static func all(_ path: String, isDaemonReachable: Bool) -> [Finding] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard let parent = nearestParent(of: path) else {
                return [.fail("data directory", "`\(path)` cannot be made", do: "set MUSTER_DATA_DIR")]
            }
            guard access(parent, W_OK | X_OK) == 0 else {
                let message = "`\(path)` does not exist, and `\(parent)` may not be written to"
                return [
                    .fail("data directory", message, do: "create it for this user, mode 0700, or set MUSTER_DATA_DIR")
                ]
            }
            return [.ok("data directory", "`\(path)` is made at the first start"), space(parent)]
        }
        return [mode(path, status), space(path), lock(path, isDaemonReachable: isDaemonReachable)]
    }

    private static func mode(_ path: String, _ status: stat) -> Finding {
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return .fail("data directory", "`\(path)` is not a directory", do: "move it away, or set MUSTER_DATA_DIR")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            let advice = "run as its owner, or give it to this user"
            return .fail("data directory", "`\(path)` may not be read and written by this user", do: advice)
        }
        let mode = status.st_mode & 0o777
        guard mode & 0o077 == 0 else {
            let message = "`\(path)` has mode 0\(String(mode, radix: 8)): others may look in"
            return .warn("data directory", message, do: "chmod 700 \(path)")
        }
        return .ok("data directory", "`\(path)`, mode 0\(String(mode, radix: 8))")
    }

    private static func space(_ path: String) -> Finding {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            return .warn("disk", "free space is not known: \(systemError())", do: "look with `df \(path)`")
        }
        let free = (Int(status.f_bavail) * Int(status.f_frsize)) >> 20
        let message = "\(free) MiB free"
        let advice = "make room; without it nothing can be recorded, and so nothing is done"
        if free < failBelowMebibytes { return .fail("disk", message, do: advice) }
        return free < warnBelowMebibytes ? .warn("disk", message, do: advice) : .ok("disk", message)
    }

    /// Looks at the lock by taking it for an instant, shared: the file is not written to.
    private static func lock(_ directory: String, isDaemonReachable: Bool) -> Finding {
        let descriptor = open(directory + "/muster.lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            return errno == ENOENT
                ? .ok("lock", "nobody has used the data directory yet")
                : .warn("lock", "cannot be read: \(systemError())", do: "run as the daemon's user")
        }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return .ok("lock", "free") }
        var buffer = [UInt8](repeating: 0, count: 300)
        let count = max(0, read(descriptor, &buffer, buffer.count))
        let holder = String(decoding: buffer.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
        if isDaemonReachable { return .ok("lock", "held by \(holder)") }
        return .warn(
            "lock", "held by \(holder), but no daemon answers",
            do: "ask at its own address with `--url`, or look after that process")
    }

    private static func nearestParent(of path: String) -> String? {
        var parts = path.split(separator: "/").map(String.init)
        while !parts.isEmpty {
            parts.removeLast()
            let parent = "/" + parts.joined(separator: "/")
            if access(parent, F_OK) == 0 { return parent }
        }
        return nil
    }

    private static func systemError() -> String {
        String(cString: strerror(errno)).lowercased()
    }
}

/// Budgets, windows and expiries are counted by the wall clock.
enum ClockFindings {
    private static let toleratedSeconds = 5

    static func own(now: WallTime) -> Finding {
        // 2025-01-01: no build of Muster is older.
        guard now >= WallTime(seconds: 1_735_689_600) else {
            return .fail("clock", "it shows \(now)", do: "set the clock, and keep it with NTP")
        }
        return .ok("clock", "it shows \(now)")
    }

    /// Dockerd's own time, which `StartedAt` and events bear.
    static func docker(_ text: String, now: WallTime) -> [Finding] {
        let trimmed = text.filter { !$0.isNewline }
        guard let time = WallTime(rfc3339: trimmed) else { return [] }
        return other("dockerd's", time, now: now)
    }

    /// `whose` clock shows `time` while this one shows `now`.
    static func other(_ whose: String, _ time: WallTime, now: WallTime) -> [Finding] {
        let difference = abs(time.seconds(since: now))
        guard difference > toleratedSeconds else { return [] }
        let message = "\(whose) clock is \(difference) s apart from this one"
        return [.warn("clock", message, do: "keep both hosts' clocks with NTP")]
    }
}
