#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a file was not read.
enum FileReadError: Error, Equatable {
    case system(Int32)
    case notAFile
    case tooLarge(limit: Int)
    /// It changed while it was read, more than once: somebody is writing it right now.
    case beingWritten

    var message: String {
        switch self {
        case .system(let code): "cannot be read: \(String(cString: strerror(code)).lowercased())"
        case .notAFile: "is not a file"
        case .tooLarge(let limit): "is larger than \(limit >> 20) MiB"
        case .beingWritten: "is being written to; it is read again later"
        }
    }
}

/// A whole file and the stamp that it had before and after it was read.
struct FileContent {
    let bytes: [UInt8]
    let stamp: FileStamp

    /// Reads the file at once, and once more when it changed meanwhile.
    static func read(_ path: String, limit: Int) throws(FileReadError) -> FileContent {
        for _ in 0..<3 {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { throw .system(errno) }
            defer { close(descriptor) }
            let before = try stamp(of: descriptor)
            guard before.isRegular else { throw .notAFile }
            guard before.size <= limit else { throw .tooLarge(limit: limit) }
            let bytes = try contents(of: descriptor, size: before.size)
            if bytes.count == before.size, try stamp(of: descriptor) == before {
                return FileContent(bytes: bytes, stamp: before)
            }
        }
        throw .beingWritten
    }

    private static func stamp(of descriptor: Int32) throws(FileReadError) -> FileStamp {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
        return FileStamp(status)
    }

    /// At most `size` bytes and one more, which shows that the file has grown.
    private static func contents(of descriptor: Int32, size: Int) throws(FileReadError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
            while count < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let got = Self.read(descriptor, rest)
                if got > 0 {
                    count += got
                } else if got < 0, errno == EINTR {
                    continue
                } else {
                    failure = got < 0 ? errno : 0
                    return
                }
            }
        }
        guard failure == 0 else { throw .system(failure) }
        return bytes
    }

    private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}

extension YAMLFile {
    /// Reads the file at `path`, which is also its name in errors.
    package static func load(_ path: String) throws(ConfigErrors) -> YAMLFile {
        do {
            return YAMLFile(name: path, bytes: try FileContent.read(path, limit: maximumSize).bytes)
        } catch {
            throw ConfigErrors([ConfigError(file: path, line: 1, column: 1, message: error.message)])
        }
    }
}

extension FileReadError {
    /// There is no such file, nor a place where it could be.
    var meansAbsent: Bool { self == .system(ENOENT) || self == .system(ENOTDIR) }
}
