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
    package let timeZone: TimeZone
    private let isUTC: Bool

    package init(days: Set<Weekday> = [], startMinute: Int, endMinute: Int, timeZone: TimeZone) {
        self.days = days
        self.startMinute = startMinute
        self.endMinute = endMinute
        self.timeZone = timeZone
        self.isUTC = ["GMT", "UTC", "Etc/UTC"].contains(timeZone.identifier)
    }

    package func contains(_ now: WallTime) -> Bool {
        let (day, minute) = local(now)
        if startMinute == endMinute { return includes(day: day) }
        if startMinute < endMinute {
            return includes(day: day) && minute >= startMinute && minute < endMinute
        }
        return (minute >= startMinute && includes(day: day)) || (minute < endMinute && includes(day: day - 1))
    }

    /// The first moment at or after `now` that lies in the window, looked for over the next nine days; nil when a
    /// change of the clocks swallows every start in them.
    ///
    /// A window opens at its start by the local clock, which a change of the clocks may skip or repeat, or at such
    /// a change.
    package func nextOpening(after now: WallTime) -> WallTime? {
        if contains(now) { return now }
        let opening = startMinute == endMinute ? 0 : startMinute
        let today = local(now).day
        let end = now.adding(seconds: 9 * 86_400)
        var candidates = clockChanges(from: now, to: end)
        for day in today...today + 9 where includes(day: day) {
            let localSeconds = Int64(day) * 86_400 + Int64(opening) * 60
            // A zone's offset changes by hours at most, so the offsets half a day away are those before and after.
            for probe in [localSeconds - 43_200, localSeconds + 43_200] {
                candidates.append(WallTime(seconds: localSeconds - offset(at: WallTime(seconds: probe))))
            }
        }
        return candidates.filter { $0 > now && contains($0) }.min()
    }

    /// The seconds at which the zone's offset from UTC changes, found by bisection between points half a day apart.
    private func clockChanges(from start: WallTime, to end: WallTime) -> [WallTime] {
        var changes: [WallTime] = []
        var low = start.milliseconds / 1000
        while low < end.milliseconds / 1000 {
            let next = low + 43_200
            let before = offset(at: WallTime(seconds: low))
            if offset(at: WallTime(seconds: next)) != before {
                var (unchanged, changed) = (low, next)
                while changed - unchanged > 1 {
                    let middle = (unchanged + changed) / 2
                    if offset(at: WallTime(seconds: middle)) == before { unchanged = middle } else { changed = middle }
                }
                changes.append(WallTime(seconds: changed))
            }
            low = next
        }
        return changes
    }

    private func includes(day: Int) -> Bool {
        days.isEmpty || days.contains(Weekday(daysSinceEpoch: day))
    }

    /// Days since the epoch and minutes since midnight by the window's clock.
    private func local(_ now: WallTime) -> (day: Int, minute: Int) {
        let milliseconds = Int(now.milliseconds)
        let wholeSeconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
        let seconds = wholeSeconds + Int(offset(at: now))
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        return (day, (seconds - day * 86_400) / 60)
    }

    /// Seconds that the window's clock is ahead of UTC. Asking Foundation costs most of a decision, and most
    /// windows are in UTC.
    private func offset(at time: WallTime) -> Int64 {
        if isUTC { return 0 }
        return Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)))
    }
}

extension MaintenanceWindow: CustomStringConvertible {
    /// `02:00-05:00 UTC`, `sat,sun 02:00-05:00 Europe/Berlin`.
    package var description: String {
        let names = Weekday.allCases.filter(days.contains).map(\.abbreviation).joined(separator: ",")
        return (names.isEmpty ? "" : names + " ")
            + "\(clock(startMinute))-\(clock(endMinute)) \(isUTC ? "UTC" : timeZone.identifier)"
    }

    private func clock(_ minute: Int) -> String {
        let text = String(minute / 60 * 100 + minute % 60)
        let digits = String(repeating: "0", count: 4 - text.count) + text
        return digits.prefix(2) + ":" + digits.suffix(2)
    }
}
