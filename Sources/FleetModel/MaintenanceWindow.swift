package import Foundation

package enum Weekday: Int, Sendable, CaseIterable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// The three letters that a policy file uses: `mon` … `sun`.
    package var abbreviation: String {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][rawValue]
    }

    package init?(abbreviation: String) {
        guard let day = Weekday.allCases.first(where: { $0.abbreviation == abbreviation }) else { return nil }
        self = day
    }

    /// 1970-01-01 was a Thursday.
    package init(daysSinceEpoch: Int) {
        self = Weekday(rawValue: ((daysSinceEpoch % 7) + 10) % 7) ?? .monday
    }
}

/// When a rule may act by itself: hours of the day in a time zone, on some or all days of the week.
///
/// Minutes count from local midnight; the start belongs to the window, the end does not. A window that wraps
/// midnight belongs to the day it starts on. Equal start and end mean the whole day.
package struct MaintenanceWindow: Hashable, Sendable {
    /// Empty: every day.
    package var days: Set<Weekday>
    package var startMinute: Int
    package var endMinute: Int
    package var timeZone: TimeZone

    package init(days: Set<Weekday> = [], startMinute: Int, endMinute: Int, timeZone: TimeZone) {
        self.days = days
        self.startMinute = startMinute
        self.endMinute = endMinute
        self.timeZone = timeZone
    }

    package func contains(_ now: WallTime) -> Bool {
        let (day, minute) = local(now)
        if startMinute == endMinute { return includes(day: day) }
        if startMinute < endMinute {
            return includes(day: day) && minute >= startMinute && minute < endMinute
        }
        return (minute >= startMinute && includes(day: day)) || (minute < endMinute && includes(day: day - 1))
    }

    /// The first minute at or after `now` that lies in the window, looked for over the next eight days; nil when a
    /// change of the clocks swallows every start in them.
    package func nextOpening(after now: WallTime) -> WallTime? {
        if contains(now) { return now }
        let firstMinute = now.milliseconds / 60_000 + 1
        for minute in firstMinute..<firstMinute + 8 * 1440 {
            let candidate = WallTime(milliseconds: minute * 60_000)
            if contains(candidate) { return candidate }
        }
        return nil
    }

    private func includes(day: Int) -> Bool {
        days.isEmpty || days.contains(Weekday(daysSinceEpoch: day))
    }

    /// Days since the epoch and minutes since midnight by the window's clock.
    private func local(_ now: WallTime) -> (day: Int, minute: Int) {
        let date = Date(timeIntervalSince1970: Double(now.milliseconds) / 1000)
        let seconds = Int(now.milliseconds / 1000) + timeZone.secondsFromGMT(for: date)
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        return (day, (seconds - day * 86_400) / 60)
    }
}

extension MaintenanceWindow: CustomStringConvertible {
    /// `02:00-05:00 UTC`, `sat,sun 02:00-05:00 Europe/Berlin`.
    package var description: String {
        let names = Weekday.allCases.filter(days.contains).map(\.abbreviation).joined(separator: ",")
        let zone = timeZone.secondsFromGMT() == 0 && timeZone.identifier == "GMT" ? "UTC" : timeZone.identifier
        return (names.isEmpty ? "" : names + " ") + "\(clock(startMinute))-\(clock(endMinute)) \(zone)"
    }

    private func clock(_ minute: Int) -> String {
        let text = String(minute / 60 * 100 + minute % 60)
        let digits = String(repeating: "0", count: 4 - text.count) + text
        return digits.prefix(2) + ":" + digits.suffix(2)
    }
}
