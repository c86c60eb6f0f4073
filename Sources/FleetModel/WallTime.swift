/// A point in time by the wall clock, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// It is stored and compared across hosts. Trust within one process is measured with a monotonic
/// `ContinuousClock.Instant` instead; the two types cannot be mixed up.
package struct WallTime: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package init(seconds: Int64) {
        self.milliseconds = seconds * 1000
    }

    package static func < (lhs: WallTime, rhs: WallTime) -> Bool {
        lhs.milliseconds < rhs.milliseconds
    }

    package func adding(seconds: Int) -> WallTime {
        WallTime(milliseconds: milliseconds + Int64(seconds) * 1000)
    }

    package func adding(milliseconds delta: Int64) -> WallTime {
        WallTime(milliseconds: milliseconds + delta)
    }

    /// Whole seconds from `earlier` to this time, rounded down; negative when this time is earlier.
    package func seconds(since earlier: WallTime) -> Int {
        Int((milliseconds - earlier.milliseconds).flooredQuotient(1000))
    }
}

// MARK: - RFC 3339

extension WallTime: CustomStringConvertible {
    /// RFC 3339 in UTC with `Z`; milliseconds only where they are not zero (contract, HTTP).
    package var rfc3339: String {
        let secondsOfEpoch = milliseconds.flooredQuotient(1000)
        let millisecond = Int(milliseconds - secondsOfEpoch * 1000)
        let day = secondsOfEpoch.flooredQuotient(86_400)
        let second = Int(secondsOfEpoch - day * 86_400)
        let date = CivilDate(daysSinceEpoch: Int(day))
        var text = ""
        text.reserveCapacity(24)
        text.append(padded(date.year, 4))
        text.append("-")
        text.append(padded(date.month, 2))
        text.append("-")
        text.append(padded(date.day, 2))
        text.append("T")
        text.append(padded(second / 3600, 2))
        text.append(":")
        text.append(padded(second / 60 % 60, 2))
        text.append(":")
        text.append(padded(second % 60, 2))
        if millisecond != 0 {
            text.append(".")
            text.append(padded(millisecond, 3))
        }
        text.append("Z")
        return text
    }

    package var description: String { rfc3339 }

    /// Parses RFC 3339 section 5.6, any offset, any number of fraction digits (beyond milliseconds they are cut,
    /// as docker prints nanoseconds). Nil for everything else, and for docker's zero time `0001-01-01T00:00:00Z`.
    package init?(rfc3339 text: some StringProtocol) {
        var scanner = DigitScanner(utf8: Array(text.utf8))
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"),
            let second = scanner.digits(2),
            year > 1, (1...12).contains(month), day >= 1, day <= CivilDate.days(inMonth: month, year: year),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let millisecond = scanner.fraction()
        guard let millisecond, let offsetMinutes = scanner.offset(), scanner.isAtEnd else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let seconds = Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + min(second, 59))
        self.init(milliseconds: (seconds - Int64(offsetMinutes) * 60) * 1000 + Int64(millisecond))
    }
}

/// A date of the proleptic Gregorian calendar and its distance from 1970-01-01.
///
/// The arithmetic is the era-based one of Howard Hinnant, "chrono-compatible low-level date algorithms".
package struct CivilDate: Hashable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int

    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    package init(daysSinceEpoch: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package static func days(inMonth month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }
}

private struct DigitScanner {
    let utf8: [UInt8]
    var position = 0

    init(utf8: [UInt8]) {
        self.utf8 = utf8
    }

    var isAtEnd: Bool { position == utf8.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < utf8.count, utf8[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        guard position + count <= utf8.count else { return nil }
        var value = 0
        for index in position..<position + count {
            guard let digit = decimal(utf8[index]) else { return nil }
            value = value * 10 + digit
        }
        position += count
        return value
    }

    /// Milliseconds of an optional `.ddd…`; nil when the dot has no digit after it.
    mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        var value = 0
        var count = 0
        while position < utf8.count, let digit = decimal(utf8[position]) {
            if count < 3 { value = value * 10 + digit }
            count += 1
            position += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(count, 3) { value *= 10 }
        return value
    }

    mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = digits(2), take(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }

    private func decimal(_ byte: UInt8) -> Int? {
        byte >= 0x30 && byte <= 0x39 ? Int(byte - 0x30) : nil
    }
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
