/// A container image's name as docker writes it: `[registry[:port]/]path[:tag][@digest]`
/// (distribution/reference grammar).
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// Everything before the tag, registry included: `docker.io/example/vector-mcp`.
    package var repository: String
    package var tag: String?
    /// `sha256:…`, as Swarm pins an image.
    package var digest: String?

    package init(repository: String, tag: String?, digest: String? = nil) {
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Nil when the text is not an image name; a bare image id (`sha256:…` or 64 hex digits) is not one.
    package init?(_ text: String) {
        guard !ImageReference.isDigest(text) else { return nil }
        // Bytes, not characters: a registry of 100,000 services is read at every change, and all of this is ASCII.
        var rest = text.utf8[...]
        digest = nil
        tag = nil
        if let at = rest.firstIndex(of: UInt8(ascii: "@")) {
            let digest = String(Substring(rest[rest.index(after: at)...]))
            guard ImageReference.isDigest(digest) else { return nil }
            self.digest = digest
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: UInt8(ascii: ":")), !rest[colon...].contains(UInt8(ascii: "/")) {
            let tag = String(Substring(rest[rest.index(after: colon)...]))
            guard ImageReference.isTag(tag) else { return nil }
            self.tag = tag
            rest = rest[..<colon]
        }
        guard ImageReference.isRepository(rest) else { return nil }
        repository = String(Substring(rest))
    }

    package var description: String {
        repository + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0 } ?? "")
    }

    package func with(tag: String) -> ImageReference {
        ImageReference(repository: repository, tag: tag)
    }

    /// `^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`
    package static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first != UInt8(ascii: "."),
            first != UInt8(ascii: "-")
        else { return false }
        return text.utf8.allSatisfy { byte in
            isAlphanumeric(byte, uppercase: true) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "-")
        }
    }

    private static func isDigest(_ text: String) -> Bool {
        guard text.utf8.starts(with: "sha256:".utf8) else { return false }
        let hex = text.utf8.dropFirst(7)
        return hex.count == 64 && hex.allSatisfy { (0x61...0x66).contains($0) || (0x30...0x39).contains($0) }
    }

    private static func isRepository(_ utf8: Substring.UTF8View) -> Bool {
        let count = utf8.count
        guard count > 0, count <= 255 else { return false }
        if count == 64, utf8.allSatisfy({ (0x61...0x66).contains($0) || (0x30...0x39).contains($0) }) {
            return false
        }
        guard let slash = utf8.firstIndex(of: UInt8(ascii: "/")) else { return isPath(utf8) }
        let first = utf8[..<slash]
        let isHost =
            first.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
            || first.elementsEqual("localhost".utf8)
        return isHost ? isHostName(first) && isPath(utf8[utf8.index(after: slash)...]) : isPath(utf8)
    }

    /// Letters, digits, `.` and `-`, and an optional port.
    private static func isHostName(_ utf8: Substring.UTF8View) -> Bool {
        let parts = utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.first, let first = name.first, let last = name.last,
            isAlphanumeric(first, uppercase: true), isAlphanumeric(last, uppercase: true),
            name.allSatisfy({
                isAlphanumeric($0, uppercase: true) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
            })
        else { return false }
        guard parts.count == 2 else { return true }
        return (1...5).contains(parts[1].count) && parts[1].allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Components with `/` between them: lower-case letters and digits; between those `.`, `_`, `__` or any number
    /// of `-`.
    private static func isPath(_ utf8: Substring.UTF8View) -> Bool {
        var index = utf8.startIndex
        while index < utf8.endIndex, isAlphanumeric(utf8[index], uppercase: false) {
            repeat {
                utf8.formIndex(after: &index)
            } while index < utf8.endIndex && isAlphanumeric(utf8[index], uppercase: false)
            if index == utf8.endIndex { return true }
            let separator = utf8[index]
            var length = 0
            repeat {
                utf8.formIndex(after: &index)
                length += 1
            } while index < utf8.endIndex && utf8[index] == separator
            switch (separator, length) {
            case (UInt8(ascii: "-"), _), (UInt8(ascii: "/"), 1), (UInt8(ascii: "."), 1), (UInt8(ascii: "_"), 1...2):
                continue
            default: return false
            }
        }
        return false
    }

    private static func isAlphanumeric(_ byte: UInt8, uppercase: Bool) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || (uppercase && (0x41...0x5A).contains(byte))
    }
}
