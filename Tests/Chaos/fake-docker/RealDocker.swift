import Glibc

/// The docker that this one stands in front of.
struct RealDocker {
    let path: String
    let arguments: [String]

    /// For what changes nothing: this process becomes it.
    func become() -> Never {
        withArguments { _ = execv(path, $0) }
        Output.refuse("cannot run \(path): errno \(errno)", status: 125)
    }

    /// Its exit status, or 128 + the signal that ended it. What ends this process does not end it.
    func run() -> Int32 {
        var process: pid_t = 0
        let failure = withArguments { posix_spawn(&process, path, nil, nil, $0, environ) }
        guard failure == 0 else { Output.refuse("cannot run \(path): error \(failure)", status: 125) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    private func withArguments<Value>(
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        return words.withUnsafeMutableBufferPointer { buffer in
            // Not empty: the program's own name and the end stand in it.
            body(buffer.baseAddress!)
        }
    }
}
