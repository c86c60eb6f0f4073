internal import Glibc

/// A moment by the clock that runs from boot and counts suspended time: what trust within one process is measured by.
///
/// `CLOCK_BOOTTIME` (clock_gettime(2)) goes on while the machine is suspended, and setting the wall clock does not
/// touch it. A process that was stopped or suspended finds on waking how long it really was away. It means nothing
/// to another host and nothing after a boot, so it is never stored.
package struct BootTime: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (lhs: BootTime, rhs: BootTime) -> Bool { lhs.nanoseconds < rhs.nanoseconds }

    package static func + (moment: BootTime, span: Duration) -> BootTime {
        BootTime(nanoseconds: moment.nanoseconds + span.inNanoseconds)
    }

    package static func - (moment: BootTime, span: Duration) -> BootTime {
        BootTime(nanoseconds: moment.nanoseconds - span.inNanoseconds)
    }

    /// Negative when `end` is before `start`.
    package static func - (end: BootTime, start: BootTime) -> Duration {
        .nanoseconds(end.nanoseconds - start.nanoseconds)
    }
}

extension BootTime {
    /// The system's, read now.
    package static func system() -> BootTime {
        var time = timespec()
        // The only failure is a clock that does not exist; Linux has had this one since 2.6.39.
        clock_gettime(CLOCK_BOOTTIME, &time)
        return BootTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension Duration {
    /// Cut below; a span is never longer than the 292 years that fit.
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    package var inMilliseconds: Int64 { inNanoseconds / 1_000_000 }
}
