import FleetModel
import Testing

@Suite struct WallTimeTests {
    @Test(
        "known moments are written and read as RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (1_795_224_600_000, "2026-11-21T01:30:00Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-62_135_596_800_000 + 366 * 86_400_000, "0002-01-02T00:00:00Z"),
        ])
    func known(_ milliseconds: Int64, _ text: String) {
        #expect(WallTime(milliseconds: milliseconds).rfc3339 == text)
        #expect(WallTime(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test("every moment survives being written and read", arguments: 0..<20)
    func roundTrip(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let time = WallTime(milliseconds: .random(in: -62_000_000_000_000...253_402_300_799_999, using: &generator))
            #expect(WallTime(rfc3339: time.rfc3339) == time)
        }
    }

    @Test(
        "offsets, fractions and lower case are read",
        arguments: [
            ("2026-11-21T02:30:00+01:00", "2026-11-21T01:30:00Z"),
            ("2026-11-20T20:00:00-05:30", "2026-11-21T01:30:00Z"),
            ("2026-11-21t01:30:00z", "2026-11-21T01:30:00Z"),
            ("2026-11-21 01:30:00Z", "2026-11-21T01:30:00Z"),
            ("2026-11-21T01:30:00.123456789Z", "2026-11-21T01:30:00.123Z"),
            ("2026-11-21T01:30:00.5Z", "2026-11-21T01:30:00.500Z"),
            ("2026-11-21T01:30:00.9999Z", "2026-11-21T01:30:00.999Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ])
    func variants(_ text: String, _ normal: String) {
        #expect(WallTime(rfc3339: text)?.rfc3339 == normal)
    }

    @Test(
        "what is no RFC 3339 time is refused",
        arguments: [
            "", "2026", "2026-11-21", "2026-11-21T01:30Z", "2026-11-21T01:30:00", "2026-11-21T01:30:00.Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z",
            "2026-11-21T23:00:61Z", "2026-11-21T01:30:00+24:00", "2026-11-21T01:30:00+01", "2026-11-21T01:30:00Zx",
            " 2026-11-21T01:30:00Z", "2026-11-21T01:30:00Ü", "0001-01-01T00:00:00Z",
        ])
    func refused(_ text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }

    @Test(
        "whole seconds between two times round down, in both directions",
        arguments: [
            (0, 0), (999, 0), (1000, 1), (1999, 1), (-1, -1), (-1000, -1), (-1001, -2),
        ])
    func seconds(_ milliseconds: Int64, _ seconds: Int) {
        let start = WallTime(rfc3339: "2026-11-21T01:30:00Z")!
        #expect(start.adding(milliseconds: milliseconds).seconds(since: start) == seconds)
    }

    @Test("a date is its days since 1970, for every day of eight centuries")
    func civilDates() {
        var date = CivilDate(year: 1600, month: 1, day: 1)
        for days in date.daysSinceEpoch..<CivilDate(year: 2400, month: 1, day: 1).daysSinceEpoch {
            guard CivilDate(daysSinceEpoch: days) == date, date.daysSinceEpoch == days else {
                Issue.record("day \(days) is not \(date)")
                return
            }
            date.day += 1
            if date.day > CivilDate.days(inMonth: date.month, year: date.year) {
                (date.day, date.month) = (1, date.month + 1)
            }
            if date.month > 12 { (date.month, date.year) = (1, date.year + 1) }
        }
    }
}
