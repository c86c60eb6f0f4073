/// What a docker command that ran to its end printed.
package struct DockerOutput: Sendable, Equatable {
    /// Standard output, whole: a command that prints more than the limit gives `outputTooLarge` instead.
    package var bytes: [UInt8]
    /// The end of standard error, bounded and escaped for display.
    package var errorText: String
    package var exitCode: Int

    package init(bytes: [UInt8], errorText: String = "", exitCode: Int = 0) {
        self.bytes = bytes
        self.errorText = errorText
        self.exitCode = exitCode
    }

    /// Standard output as text; invalid UTF-8 is replaced, so parse `bytes` where that matters.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The lines of standard output, without line feeds and without empty ones.
    package var lines: [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "\n"))
    }
}
