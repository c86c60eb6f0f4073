#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What `stat` says of a file without its content being read. Two equal stamps mean that nothing wrote to the file in
/// between, once the stamp is settled.
struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    let size: Int
    let isRegular: Bool
    private let modifiedNanoseconds: Int64
    /// Also moves when a tool puts the old modification time back.
    private let changedNanoseconds: Int64

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        size = Int(status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        modifiedNanoseconds = FileStamp.nanoseconds(status.st_mtim)
        changedNanoseconds = FileStamp.nanoseconds(status.st_ctim)
    }

    /// Nil when there is no such file or it cannot be looked at.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// File systems stamp writes with a clock that ticks every few milliseconds, so a second write right after the
    /// first may leave the stamp as it was. Only a stamp a second older than the moment it was taken can be trusted.
    func isSettled(now nanoseconds: Int64) -> Bool {
        nanoseconds - max(modifiedNanoseconds, changedNanoseconds) > 1_000_000_000
    }

    /// The wall clock that file systems stamp with.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
