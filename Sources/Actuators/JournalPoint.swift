internal import Glibc

/// The moments of one action's journal between which a crash may fall.
package enum JournalPoint: String, Sendable, CaseIterable {
    /// `planned` is durable, nothing else is.
    case beforeClaim = "before_claim"
    /// `executing` is durable, no command has run.
    case afterClaim = "after_claim"
    /// The commands have ended, their outcome is only in memory.
    case afterCommand = "after_command"
    /// Right before the outcome is written; unlike `afterCommand` also where nothing had to be run.
    case beforeFinish = "before_finish"
    /// The outcome is durable, nobody has been told.
    case afterFinish = "after_finish"
}

/// Ends the process the hardest way at one point of the journal. For the crash tests alone: `muster` makes one of
/// `MUSTER_FAILPOINT` at start, where it is set, and hands `strike` to the executor.
package struct Failpoint: Sendable {
    package let point: JournalPoint

    /// Nil when the text names no point.
    package init?(_ text: String) {
        guard let point = JournalPoint(rawValue: text) else { return nil }
        self.point = point
    }

    /// Does not return when `reached` is the point.
    package func strike(_ reached: JournalPoint) {
        guard reached == point else { return }
        kill(getpid(), SIGKILL)
        // The signal is delivered before `kill` returns to a single-threaded process only; this thread must not go on.
        while true { pause() }
    }
}
