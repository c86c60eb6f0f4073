/// Ids of the contract's objects: a prefix and 26 characters that sort by the time of making.
package enum Identifier {
    /// `prefix:` and 48 bits of milliseconds followed by 80 random bits in Crockford's base 32 (the ULID layout).
    package static func make(
        _ prefix: String, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        let time = UInt64(max(now.milliseconds, 0)) & 0xFFFF_FFFF_FFFF
        let high = UInt64.random(in: 0..<(1 << 40), using: &generator)
        let low = UInt64.random(in: 0..<(1 << 40), using: &generator)
        var text: [UInt8] = []
        text.reserveCapacity(26)
        for shift in stride(from: 45, through: 0, by: -5) { text.append(alphabet[Int(time >> UInt64(shift) & 31)]) }
        for part in [high, low] {
            for shift in stride(from: 35, through: 0, by: -5) { text.append(alphabet[Int(part >> UInt64(shift) & 31)]) }
        }
        return "\(prefix):" + String(decoding: text, as: UTF8.self)
    }
}
