internal import Glibc

/// The moments in the life of an action, and of the term it is carried out under, between which a crash may fall.
///
/// Named by what is durable then. docs/faults.md has the state that each leads to; `Tests/Chaos` ends a process at
/// every one of them. They stand in the order in which an action comes by.
package enum JournalPoint: String, Sendable, CaseIterable {
    // Leadership begins.

    /// The term is durable, nothing has been read or decided under it.
    case afterTerm = "after_term"

    // The loop asks, a person answers, the loop plans.

    /// A proposal that must be asked for has been decided on; nothing of it is durable.
    case beforeQueued = "before_queued"
    /// The approval is durable as `pending`, nobody has been told.
    case afterQueued = "after_queued"
    /// A person's vote has come in, nothing of it is durable.
    case beforeVote = "before_vote"
    /// The vote is durable; the person has no answer yet and the loop has not been woken.
    case afterVote = "after_vote"
    /// The loop has decided to act; the decision, the intent and its budget are not durable.
    case beforePlanned = "before_planned"
    /// `planned` is durable, the executor has not been told.
    case afterPlanned = "after_planned"

    // The executor carries it out.

    /// Its turn has come; the runtime has not been looked at.
    case beforePrepare = "before_prepare"
    /// The commands are known, in memory alone.
    case afterPrepare = "after_prepare"
    /// The trust in the own term has been checked; `planned` is durable, nothing else is.
    case beforeClaim = "before_claim"
    /// `executing` is durable with the commands, none of them has run.
    case afterClaim = "after_claim"
    /// The trust has been checked a last time; the first command's process is not made yet.
    case beforeCommand = "before_command"
    /// The first command's process runs and outlives this one.
    case commandStarted = "command_started"
    /// The first command has ended well, the second one has not begun. Only where there are several.
    case betweenCommands = "between_commands"
    /// The commands have ended, their outcome is only in memory.
    case afterCommand = "after_command"
    /// Right before the outcome is written; unlike `afterCommand` also where nothing had to be run.
    case beforeFinish = "before_finish"
    /// The outcome is durable, nobody has been told.
    case afterFinish = "after_finish"

    // An exchange of containers that failed is undone.

    /// A command of the exchange has failed; nothing of it has been undone.
    case beforeUndo = "before_undo"
    /// The first command of the undoing has ended well, the second one has not begun.
    case betweenUndo = "between_undo"
    /// It has been undone; the outcome is only in memory.
    case afterUndo = "after_undo"

    // What another process left behind is settled by looking.

    /// The turn of an action left `executing` or `unknown` has come; nothing has been looked at.
    case beforeSettle = "before_settle"
    /// What became of it has been found out, in memory alone.
    case afterLook = "after_look"
    /// Right before what was found out is written.
    case beforeSettled = "before_settled"
    /// What was found out is durable, nobody has been told.
    case afterSettled = "after_settled"

    // Leadership ends.

    /// Nothing runs any more; the term is still held.
    case beforeResign = "before_resign"
    /// The term has been given back; the process has not ended.
    case afterResign = "after_resign"
}

/// Ends the process the hardest way at one point. For the crash tests alone: `muster` makes one of
/// `MUSTER_FAILPOINT` at start, where it is set, and hands `strike` to those who pass the points.
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
