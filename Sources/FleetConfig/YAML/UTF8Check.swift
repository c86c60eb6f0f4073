/// Finds the first byte that is not valid UTF-8 (RFC 3629), by place.
enum UTF8Check {
    /// Nil when all of `bytes` is valid.
    static func firstFault(in bytes: UnsafeBufferPointer<UInt8>) -> Mark? {
        guard let offset = faultOffset(in: bytes) else { return nil }
        var line = 1
        var column = 1
        for byte in bytes[..<offset] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return Mark(line: line, column: column)
    }

    private static func faultOffset(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let raw = UnsafeRawBufferPointer(bytes)
        var index = 0
        while index < raw.count {
            // Eight bytes of ASCII at a time: nearly all of nearly every file.
            if index + 8 <= raw.count,
                raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index += 8
                continue
            }
            guard let length = sequenceLength(raw, at: index) else { return index }
            index += length
        }
        return nil
    }

    /// The length of the well-formed sequence at `index` (Unicode, table 3-7), nil when there is none.
    private static func sequenceLength(_ raw: UnsafeRawBufferPointer, at index: Int) -> Int? {
        let first = raw[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard index + length <= raw.count, second.contains(raw[index + 1]) else { return nil }
        for next in index + 2..<max(index + length, index + 2) where raw[next] & 0xC0 != 0x80 { return nil }
        return length
    }
}
