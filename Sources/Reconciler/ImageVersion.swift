internal import FleetModel

/// Whether a service runs the version that the registry wants: the image's tag, compared as text.
enum ImageVersion: Hashable {
    case same
    /// The image that runs, without the digest that Swarm pins it by.
    case other(observed: String)
    /// Not an image's name, or pinned by digest alone.
    case unreadable

    /// True only where `compare` would answer `same`; what nearly every service of a fleet passes, so it looks at
    /// the last bytes and builds nothing. The image may end in `@sha256:` and 64 digits.
    static func isTagged(_ image: String, _ version: String) -> Bool {
        let answer = image.utf8.withContiguousStorageIfAvailable { image in
            version.utf8.withContiguousStorageIfAvailable { version in
                let digestLength = 72
                var end = image.count
                if end > digestLength, image[end - digestLength] == UInt8(ascii: "@") { end -= digestLength }
                let start = end - version.count
                guard start > 1, image[start - 1] == UInt8(ascii: ":") else { return false }
                for offset in 0..<version.count where image[start + offset] != version[offset] { return false }
                return true
            }
        }
        return answer == .some(.some(true))
    }

    /// A name without tag and digest means `latest`.
    static func compare(_ image: String, wanted version: String) -> ImageVersion {
        guard let reference = ImageReference(image) else { return .unreadable }
        guard let tag = reference.tag ?? (reference.digest == nil ? "latest" : nil) else { return .unreadable }
        if tag == version { return .same }
        return .other(observed: ImageReference(repository: reference.repository, tag: reference.tag).description)
    }

    /// The registry's image at the version wanted; where it names none, the one that runs, at that version.
    static func image(wanted version: String, of spec: UnsafePointer<ServiceSpec>, running observed: String) -> String {
        let named = spec.pointee.image ?? observed
        guard let reference = ImageReference(named), reference.tag != version else { return named }
        return reference.with(tag: version).description
    }
}
