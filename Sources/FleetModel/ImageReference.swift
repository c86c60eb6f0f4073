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
        var rest = Substring(text)
        digest = nil
        tag = nil
        if let at = rest.firstIndex(of: "@") {
            let digest = String(rest[rest.index(after: at)...])
            guard ImageReference.isDigest(digest) else { return nil }
            self.digest = digest
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let tag = String(rest[rest.index(after: colon)...])
            guard ImageReference.isTag(tag) else { return nil }
            self.tag = tag
            rest = rest[..<colon]
        }
        repository = String(rest)
        guard ImageReference.isRepository(repository) else { return nil }
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
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    private static func isDigest(_ text: String) -> Bool {
        guard text.hasPrefix("sha256:") else { return false }
        let hex = text.utf8.dropFirst(7)
        return hex.count == 64 && hex.allSatisfy { (0x61...0x66).contains($0) || (0x30...0x39).contains($0) }
    }

    private static func isRepository(_ text: String) -> Bool {
        let utf8 = text.utf8
        guard !utf8.isEmpty, utf8.count <= 255 else { return false }
        if utf8.count == 64, utf8.allSatisfy({ (0x61...0x66).contains($0) || (0x30...0x39).contains($0) }) {
            return false
        }
        let components = text.split(separator: "/", omittingEmptySubsequences: false)
        for (index, component) in components.enumerated() {
            let isHost = index == 0 && components.count > 1 && component.contains { $0 == "." || $0 == ":" }
            guard let first = component.utf8.first, isAlphanumeric(first, uppercase: isHost) else { return false }
            let allowed = component.utf8.allSatisfy { byte in
                isAlphanumeric(byte, uppercase: isHost) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: "_") || (isHost && byte == UInt8(ascii: ":"))
            }
            guard allowed else { return false }
        }
        return true
    }

    private static func isAlphanumeric(_ byte: UInt8, uppercase: Bool) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || (uppercase && (0x41...0x5A).contains(byte))
    }
}
