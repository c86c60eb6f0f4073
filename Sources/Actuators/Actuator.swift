package import FleetModel

/// What an actuator would do for an action, found out by reading only.
package enum Preparation: Sendable, Equatable {
    /// These commands, in this order. Nothing has run yet.
    case commands([[String]])
    /// What is asked for is already so; nothing is run and no budget is spent.
    case alreadyDone(String)
    /// What it was decided for is not there any more: the service has moved, or something has changed it since it was
    /// looked at. Nothing is run, no budget is spent, and the loop decides anew on what is there now.
    case overtaken(String)
    /// It cannot or must not be done; the text says what to use instead.
    case refused(String)
    /// The runtime could not be read; nothing is known, the action stays planned.
    case unavailable(String)
}

/// Carries out actions. `prepare` and `settle` only read; `run` and `recover` alone change anything.
package protocol Actuator: Sendable {
    /// `dryrun` or `docker`, as actions record it.
    var name: String { get }
    var isDryRun: Bool { get }

    /// Reads the target as it is now and says what would be run. `spec` is the registry's entry, if there is one.
    func prepare(_ action: Action, spec: ServiceSpec?) async -> Preparation

    /// Runs what `prepare` said, once. Called only after the claim is durable. Never throws: what cannot be known
    /// is `unknown`.
    ///
    /// `mayBegin` is asked right before each command, the last thing before its process is made; at a `false` that
    /// command and those after it are not run.
    func run(
        _ action: Action, commands: [[String]], spec: ServiceSpec?, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome

    /// Finds out by looking what became of an action that was left `executing` or ended `unknown`.
    /// Nil when looking does not tell, or not yet.
    func settle(_ action: Action, now: WallTime) async -> ActionOutcome?

    /// Leaves a working service where an action of several commands stopped between two of them, by looking at what
    /// stands there; never by running the action's commands again. Called before `settle` for the same actions, by
    /// the leader alone. Nil when there is nothing to put right, or not yet. `mayBegin` is asked as by `run`.
    func recover(_ action: Action, now: WallTime, mayBegin: @escaping @Sendable () -> Bool) async -> ActionOutcome?
}

extension ActionOutcome {
    /// Leadership was lost. What ran before is for the next leader to find out, and to put right.
    package static func stopped(before index: Int, of commands: [[String]]) -> ActionOutcome {
        let reason = "this process no longer trusts that it leads"
        if index == 0 { return ActionOutcome(.failed, "nothing was run: \(reason)", commands: commands) }
        return ActionOutcome(
            .unknown, "stopped before command \(index + 1) of \(commands.count): \(reason)", commands: commands)
    }
}

extension Actuator {
    package func recover(
        _ action: Action, now: WallTime, mayBegin: @escaping @Sendable () -> Bool
    ) async -> ActionOutcome? { nil }
}
