import FleetModel
import Foundation

/// `"02:00-05:00"` in UTC, or `{days: [sat, sun], hours: "02:00-05:00", tz: "Europe/Berlin"}`.
extension YAMLReader {
    func maintenanceWindow(_ what: String = "maintenance_window") throws(YAMLStop) -> MaintenanceWindow? {
        if isScalar { return try hours(what).map { window($0, days: [], .utc) } }
        let start = mark
        var days: Set<Weekday> = []
        var clock: (start: Int, end: Int)?
        var zone: TimeZone? = .utc
        let before = problems.errors.count
        try mapping(what, in: "`\(what)`", WindowField.table) { field, _ throws(YAMLStop) in
            switch field {
            case .days: days = try weekdays()
            case .hours: clock = try hours("hours")
            case .timeZone: zone = try timeZone()
            }
        }
        guard problems.errors.count == before, let zone else { return nil }
        if clock == nil, days.isEmpty {
            problems.error("`\(what)` needs `hours` or `days`", at: start)
            return nil
        }
        // Days alone: the whole of them.
        return window(clock ?? (0, 0), days: days, zone)
    }

    private func window(_ clock: (start: Int, end: Int), days: Set<Weekday>, _ zone: TimeZone) -> MaintenanceWindow {
        MaintenanceWindow(days: days, startMinute: clock.start, endMinute: clock.end, timeZone: zone)
    }

    private func weekdays() throws(YAMLStop) -> Set<Weekday> {
        let start = mark
        let isList = isSequence
        let names = try uniqueStrings("days") { reader throws(YAMLStop) in
            let place = reader.mark
            guard let name = try reader.string("days") else { return nil }
            if Weekday(abbreviation: name) != nil { return name }
            reader.problems.error(
                "`days` takes `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, not `\(name.escapedForMessage)`",
                at: place)
            return nil
        }
        if isList, names.isEmpty, problems.isEmpty {
            problems.error("`days` is empty; leave it out for every day", at: start)
        }
        return Set(names.compactMap(Weekday.init(abbreviation:)))
    }

    /// `HH:MM-HH:MM`; the end may be `24:00`.
    private func hours(_ what: String) throws(YAMLStop) -> (start: Int, end: Int)? {
        let start = mark
        guard let text = try string(what) else { return nil }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        if ends.count == 2, let from = minute(ends[0]), let to = minute(ends[1]), from < 1440 { return (from, to) }
        problems.error("`\(what)` must be hours such as `02:00-05:00`, not `\(text.escapedForMessage)`", at: start)
        return nil
    }

    private func minute(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), [0, 1, 3, 4].allSatisfy({ digits.contains(bytes[$0]) })
        else { return nil }
        let number = { (tens: Int) in Int(bytes[tens] - 0x30) * 10 + Int(bytes[tens + 1] - 0x30) }
        let (hour, minute) = (number(0), number(3))
        guard hour < 24 && minute < 60 || hour == 24 && minute == 0 else { return nil }
        return hour * 60 + minute
    }

    private func timeZone() throws(YAMLStop) -> TimeZone? {
        let start = mark
        guard let name = try string("tz") else { return nil }
        if name == "UTC" { return .utc }
        // Foundation also takes `GMT+3` and abbreviations, which mean different things to different people.
        if name.contains("/") || TimeZone.knownTimeZoneIdentifiers.contains(name), let zone = TimeZone(identifier: name)
        {
            return zone
        }
        problems.error(
            "`tz` must be a time zone such as `Europe/Berlin` or `UTC`, not `\(name.escapedForMessage)`", at: start)
        return nil
    }
}

extension TimeZone {
    /// Its identifier is `GMT`, which `MaintenanceWindow` shows as `UTC`.
    fileprivate static let utc = TimeZone(secondsFromGMT: 0) ?? .gmt
}
