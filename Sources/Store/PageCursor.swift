internal import FleetModel

/// The place after the last row of a page. Its text is opaque to callers: hexadecimal of the list's name and the row's
/// place in the order.
struct PageCursor {
    var position: Int64
    /// Empty for `PageOrder.sequence`.
    var id: String

    init(position: Int64, id: String) {
        self.position = position
        self.id = id
    }

    init(_ text: String, list: String) throws(StoreError) {
        let parts = PageCursor.bytes(hexadecimal: text)
            .flatMap { String(validating: $0, as: UTF8.self) }?
            .split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard let parts, parts.count == 3, parts[0] == list, let position = Int64(parts[1]) else {
            throw StoreError.badRequest("`cursor` is not one that this list handed out")
        }
        self.init(position: position, id: String(parts[2]))
    }

    func text(list: String) -> String {
        var text: [UInt8] = []
        for byte in "\(list)/\(position)/\(id)".utf8 {
            text.append(hexDigit(byte >> 4))
            text.append(hexDigit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), digits.count <= 1000 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
