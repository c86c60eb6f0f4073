import FleetModel
import Foundation
import Testing

@Suite struct MaintenanceWindowTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var note: String
        var window: MaintenanceWindow
        var now: String
        var isOpen: Bool
        var opens: String?

        init(_ note: String, _ window: MaintenanceWindow, _ now: String, _ isOpen: Bool, opens: String?) {
            self.note = note
            self.window = window
            self.now = now
            self.isOpen = isOpen
            self.opens = opens
        }

        var testDescription: String { "\(note), \(now)" }
    }

    static func window(_ start: Int, _ end: Int, _ days: Set<Weekday> = [], _ zone: String = "UTC") -> MaintenanceWindow
    {
        MaintenanceWindow(
            days: days, startMinute: start / 100 * 60 + start % 100, endMinute: end / 100 * 60 + end % 100,
            timeZone: TimeZone(identifier: zone)!)
    }

    private static let night = window(0200, 0500)
    private static let wrapping = window(2200, 0200, [.friday])
    private static let weekend = window(0000, 0000, [.saturday, .sunday])
    private static let berlin = window(0200, 0300, [], "Europe/Berlin")
    private static let berlinLate = window(0230, 0400, [], "Europe/Berlin")

    /// 2026-11-21 is a Saturday. Berlin goes from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25,
    /// both at 01:00 UTC.
    static let cases: [Case] = [
        Case("before", night, "2026-11-21T01:59:59.999Z", false, opens: "2026-11-21T02:00:00Z"),
        Case("the start belongs to it", night, "2026-11-21T02:00:00Z", true, opens: "2026-11-21T02:00:00Z"),
        Case("inside", night, "2026-11-21T04:59:59.999Z", true, opens: "2026-11-21T04:59:59.999Z"),
        Case("the end does not", night, "2026-11-21T05:00:00Z", false, opens: "2026-11-22T02:00:00Z"),
        Case("wraps: on its day", wrapping, "2026-11-20T22:00:00Z", true, opens: "2026-11-20T22:00:00Z"),
        Case(
            "wraps: after midnight it is still Friday's", wrapping, "2026-11-21T01:59:00Z", true,
            opens: "2026-11-21T01:59:00Z"),
        Case("wraps: over", wrapping, "2026-11-21T02:00:00Z", false, opens: "2026-11-27T22:00:00Z"),
        Case(
            "wraps: Saturday's evening is not Friday's", wrapping, "2026-11-21T23:00:00Z", false,
            opens: "2026-11-27T22:00:00Z"),
        Case(
            "wraps: Friday's first hours are Thursday's", wrapping, "2026-11-20T01:00:00Z", false,
            opens: "2026-11-20T22:00:00Z"),
        Case("whole days", weekend, "2026-11-22T23:59:00Z", true, opens: "2026-11-22T23:59:00Z"),
        Case("whole days, until they come", weekend, "2026-11-23T00:00:00Z", false, opens: "2026-11-28T00:00:00Z"),
        Case("Berlin in winter", berlin, "2026-11-21T00:59:00Z", false, opens: "2026-11-21T01:00:00Z"),
        Case("Berlin in summer", berlin, "2026-07-01T00:00:00Z", true, opens: "2026-07-01T00:00:00Z"),
        Case("spring: the hour does not exist", berlin, "2026-03-29T00:30:00Z", false, opens: "2026-03-30T00:00:00Z"),
        Case(
            "spring: at 03:00, which follows 01:59, it is over", berlin, "2026-03-29T01:00:00Z", false,
            opens: "2026-03-30T00:00:00Z"),
        Case(
            "spring: a start that is skipped opens at the change", berlinLate, "2026-03-29T00:30:00Z", false,
            opens: "2026-03-29T01:00:00Z"),
        Case("autumn: the first 02:00", berlin, "2026-10-25T00:00:00Z", true, opens: "2026-10-25T00:00:00Z"),
        Case("autumn: the second 02:59", berlin, "2026-10-25T01:59:00Z", true, opens: "2026-10-25T01:59:00Z"),
        Case("autumn: over at last", berlin, "2026-10-25T02:00:00Z", false, opens: "2026-10-26T01:00:00Z"),
        Case(
            "autumn: half an hour comes twice", window(0200, 0230, [], "Europe/Berlin"), "2026-10-25T00:30:00Z", false,
            opens: "2026-10-25T01:00:00Z"),
        Case(
            "a day by the local clock, not by UTC", window(0000, 0100, [.sunday], "Pacific/Auckland"),
            "2026-11-21T11:00:00Z", true, opens: "2026-11-21T11:00:00Z"),
    ]

    @Test("a window is open when it says so, and names when it next is", arguments: cases)
    func opening(_ example: Case) {
        let now = WallTime(rfc3339: example.now)!
        #expect(example.window.contains(now) == example.isOpen)
        #expect(example.window.nextOpening(after: now)?.rfc3339 == example.opens)
    }

    @Test("a window on the one day whose hours a change of the clocks swallows opens a week later")
    func swallowed() {
        let window = Self.window(0200, 0300, [.sunday], "Europe/Berlin")
        let now = WallTime(rfc3339: "2026-03-28T12:00:00Z")!
        #expect(window.nextOpening(after: now)?.rfc3339 == "2026-04-05T00:00:00Z")
    }

    @Test("the next opening is the first minute that a minute hand would find", arguments: 0..<60)
    func minuteByMinute(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let zones = [
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns",
        ]
        // Around the changes of the clocks of 2026 in these zones.
        let starts = ["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]
        let day = WallTime(rfc3339: starts.randomElement(using: &generator)! + "T00:00:00Z")!
        let now = day.adding(seconds: 60 * .random(in: 0..<2880, using: &generator))
        let window = MaintenanceWindow(
            days: Set(Weekday.allCases.filter { _ in Int.random(in: 0..<3, using: &generator) > 0 }),
            startMinute: .random(in: 0..<1440, using: &generator), endMinute: .random(in: 0..<1440, using: &generator),
            timeZone: TimeZone(identifier: zones.randomElement(using: &generator)!)!)
        let expected = (0..<8 * 1440).lazy.map { now.adding(seconds: 60 * $0) }.first(where: window.contains)
        #expect(window.nextOpening(after: now) == expected)
    }

    @Test(
        "a window is written as policies write it",
        arguments: [
            (night, "02:00-05:00 UTC"), (wrapping, "fri 22:00-02:00 UTC"), (berlin, "02:00-03:00 Europe/Berlin"),
            (weekend, "sat,sun 00:00-00:00 UTC"),
        ])
    func text(_ window: MaintenanceWindow, _ text: String) {
        #expect(window.description == text)
    }
}
