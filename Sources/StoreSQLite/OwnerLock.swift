internal import FleetModel
internal import Glibc
internal import Store
internal import Synchronization

/// The kernel's word that this process alone owns a data directory.
///
/// The lock is `flock(2)` on `muster.lock`, exclusive and without waiting, so it ends with the process however that
/// dies, and a file left behind means nothing. The file's text names the holder for people and for the next one
/// that is refused; it is never what decides. The descriptor is close-on-exec: a docker command started by this
/// process must not keep the lock after it.
final class OwnerLock: Sendable {
    /// Nil once it is released.
    private let descriptor: Mutex<Int32?>

    /// Takes the lock or fails with `locked` and the holder's text, or `unavailable` when the file cannot be used.
    init(path: String, now: WallTime) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError.system("open", path: path, code: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { Glibc.close(descriptor) }
            guard code == EWOULDBLOCK else { throw StoreError.system("lock", path: path, code: code) }
            throw StoreError.locked(OwnerLock.holder(descriptor))
        }
        do throws(StoreError) {
            try OwnerLock.sign(descriptor, path: path, now: now)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        release()
    }

    /// Closing the last descriptor of an open file ends its lock (flock(2)). The file stays: removing it would let a
    /// third process lock a new one while a second still waits on this one.
    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor.take() { Glibc.close(open) }
        }
    }

    private static func sign(_ descriptor: Int32, path: String, now: WallTime) throws(StoreError) {
        let text = Array("process \(getpid()) on \(hostName()), since \(now.rfc3339)\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw StoreError.system("write", path: path, code: errno)
        }
    }

    /// What the holder wrote. Empty in the instant between its lock and its signature.
    private static func holder(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        let text = String(decoding: buffer.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return text.isEmpty ? "another process" : text.escapedForDisplay(maximumLength: 300)
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let result = gethostname(&buffer, buffer.count - 1)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return result == 0 && !name.isEmpty ? name : "this host"
    }
}
