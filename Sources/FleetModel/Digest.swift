internal import Crypto

/// SHA-256 of bytes or text as 64 lower-case hex digits.
package enum Digest {
    package static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        var hasher = SHA256()
        let contiguous = Array(bytes)
        contiguous.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in hasher.finalize() {
            text.append(hexDigit(byte >> 4))
            text.append(hexDigit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func sha256(_ text: String) -> String {
        sha256(text.utf8)
    }
}
