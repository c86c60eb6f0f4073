/// The rules for names, each stated once (contract, Registry; reliability.md, bad input).
package enum Names {
    /// A registry name: `^[a-z0-9][a-z0-9._-]{0,62}$`.
    package static func isServiceName(_ text: String) -> Bool {
        matches(text, maximumLength: 63) { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
        }
    }

    /// What may be handed to docker as a target: `^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`.
    package static func isTarget(_ text: String) -> Bool {
        matches(text, maximumLength: 128) { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
        }
    }

    /// A signal's name: `^[a-z][a-z0-9_]{0,127}$`.
    package static func isSignal(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
        }
    }

    /// The first byte is alphanumeric, the others alphanumeric or one of `._-`.
    private static func matches(
        _ text: String, maximumLength: Int, isAlphanumeric: (UInt8) -> Bool
    ) -> Bool {
        let utf8 = text.utf8
        guard let first = utf8.first, utf8.count <= maximumLength, isAlphanumeric(first) else { return false }
        return utf8.dropFirst().allSatisfy { byte in
            isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }
}

extension String {
    /// The text with control characters, ANSI escapes, bidirectional marks and what else cannot be seen written as
    /// `\u{…}`, and cut to `maximumLength` characters: what came from outside and is shown or logged
    /// (reliability.md, bad input).
    package func escapedForDisplay(maximumLength: Int = 1000) -> String {
        var output = String.UnicodeScalarView()
        var count = 0
        for scalar in unicodeScalars {
            guard count < maximumLength else {
                output.append("…")
                break
            }
            count += 1
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x061C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F,
                0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F:
                output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default:
                output.append(scalar)
            }
        }
        return String(output)
    }
}
