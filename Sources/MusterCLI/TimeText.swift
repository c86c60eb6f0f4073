package import FleetModel

/// Times as people read and write them on a command line.
package enum TimeText {
    /// `now`, `12s ago`, `4m ago`, `3h ago`, `2d ago`; `in 4m` for what is to come. Rounded down.
    package static func age(_ time: WallTime, at now: WallTime) -> String {
        let seconds = now.seconds(since: time)
        switch seconds {
        case 0: return "now"
        case 1...: return "\(span(seconds)) ago"
        default: return "in \(span(-seconds))"
        }
    }

    /// The age of a time in JSON; nil when there is none.
    package static func age(_ value: JSONValue?, at now: WallTime) -> String? {
        value?.string.flatMap { WallTime(rfc3339: $0) }.map { age($0, at: now) }
    }

    /// The largest unit that fits at least once: `59s`, `1m`, `23h`, `2d`, `1y`.
    package static func span(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h"
        case ..<31_536_000: "\(seconds / 86_400)d"
        default: "\(seconds / 31_536_000)y"
        }
    }

    /// `90s`, `30m`, `2h`, `1d`, `1h30m` as seconds; nil for everything else, zero and more than ten years included.
    package static func duration(_ text: String) -> Int? {
        var total = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
            guard let unit = units[character], digits.count <= 9, let count = Int(digits) else { return nil }
            total += count * unit
            digits = ""
        }
        return digits.isEmpty && (1...315_360_000).contains(total) ? total : nil
    }

    /// A time as RFC 3339, or so long after `now`.
    package static func time(_ text: String, after now: WallTime) -> WallTime? {
        WallTime(rfc3339: text) ?? duration(text).map { WallTime(milliseconds: now.milliseconds).adding(seconds: $0) }
    }
}
