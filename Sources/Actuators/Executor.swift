package import FleetModel
package import Logging
package import Store
internal import Synchronization

/// Carries planned actions through the journal `planned -> executing -> succeeded | failed | unknown`, beside the
/// tick that planned them.
///
/// At most one action is in flight per target and `capacity` per docker host. An action runs only after its claim is durable,
/// and its commands run once: what fails after them, the store above all, is tried again without them. What an
/// earlier process left behind is settled by looking, never by running it again.
package final class Executor: Sendable {
    /// What the control plane is asked and told. All are called from the executor's tasks and must not block.
    private struct Hooks: Sendable {
        var isStillTrusted: @Sendable (Term) -> Bool
        var onJournal: @Sendable (JournalPoint) -> Void
        var onChange: @Sendable (Action) -> Void
        var onUnavailable: @Sendable (Action, String) -> Void
    }

    private enum Job: Sendable {
        case execute(Action, ServiceSpec?, Term)
        case settle(Action, Term)
    }

    private struct State: Sendable {
        var queue: ExecutionQueue<Job>
        /// The bound of `drain` has passed: nothing is tried again.
        var isAbandoned = false
        var drainWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let store: any ActionStore
    private let actuator: any Actuator
    private let hooks: Hooks
    private let logger: Logger
    private let now: @Sendable () -> WallTime
    private let retryDelay: Duration
    private let sleep: @Sendable (Duration) async -> Void
    private let state: Mutex<State>

    /// The closures are called from the executor's tasks and must not block.
    ///
    /// - Parameters:
    ///   - now: the wall clock, read for `startedAt` and `finishedAt`.
    ///   - capacity: actions in flight at once on one docker host.
    ///   - waitingLimit: actions that may wait; more stay planned in the store until a later tick offers them again.
    ///   - retryDelay: the first pause before an outcome is written again; doubles up to 50 times as long.
    ///   - isStillTrusted: whether this process may still believe that it leads in that term; asked right before the
    ///     claim and right before each command.
    ///   - onJournal: at each point of the journal; for `Failpoint.strike`.
    ///   - onChange: after each durable change of an action's state.
    ///   - sleep: how it waits; returns early when its task is cancelled.
    ///   - onUnavailable: an action stays planned because runtime or store could not be reached; dispatch it again at
    ///     the next tick.
    package init(
        store: any ActionStore, actuator: any Actuator, now: @escaping @Sendable () -> WallTime, logger: Logger,
        capacity: Int = 4, waitingLimit: Int = 1024, retryDelay: Duration = .milliseconds(100),
        isStillTrusted: @escaping @Sendable (Term) -> Bool = { _ in true },
        onJournal: @escaping @Sendable (JournalPoint) -> Void = { _ in },
        onChange: @escaping @Sendable (Action) -> Void = { _ in },
        onUnavailable: @escaping @Sendable (Action, String) -> Void = { _, _ in },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.store = store
        self.actuator = actuator
        self.now = now
        self.logger = logger
        self.retryDelay = retryDelay
        self.sleep = sleep
        hooks = Hooks(
            isStillTrusted: isStillTrusted, onJournal: onJournal, onChange: onChange, onUnavailable: onUnavailable)
        state = Mutex(State(queue: ExecutionQueue(capacity: capacity, waitingLimit: waitingLimit)))
    }

    /// How many actions run and wait now; for metrics.
    package var load: (running: Int, waiting: Int) {
        state.withLock { ($0.queue.runningCount, $0.queue.waitingCount) }
    }

    /// Takes a planned action, answers at once and runs it when its turn comes. An action that waits or runs already
    /// is not taken again, so every tick may offer all that is planned.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    package func dispatch(_ action: Action, spec: ServiceSpec?, term: Term) -> Bool {
        enqueue(.execute(action, spec, term), for: action)
    }

    /// Takes actions that the store has as `executing` or `unknown` and finds out what became of them, each in its
    /// target's turn. Answers at once; those that run here and now are passed over. What looking does not tell yet
    /// is left as it is, so every tick may offer all of them.
    package func settleLeftovers(_ actions: [Action], term: Term) {
        for action in actions where action.state == .executing || action.state == .unknown {
            _ = enqueue(.settle(action, term), for: action)
        }
    }

    /// Takes nothing new and waits until what runs has ended, at most `timeout`. What waits stays planned. A command
    /// that still runs then is left alone: its action stays `executing` and is settled at the next start.
    package func drain(timeout: Duration) async {
        state.withLock { $0.queue.close() }
        let timer = Task {
            await self.sleep(timeout)
            guard !Task.isCancelled else { return }
            self.abandon()
        }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.queue.isIdle && !state.isAbandoned { state.drainWaiters.append(continuation) }
                return state.queue.isIdle || state.isAbandoned
            }
            if isIdle { continuation.resume() }
        }
        timer.cancel()
    }

    // MARK: - Turns

    private func enqueue(_ job: Job, for action: Action) -> Bool {
        let entry = ExecutionQueue<Job>.Entry(
            id: action.id, target: action.proposal.target, host: action.fence?.host,
            runsAlone: action.proposal.kind == .redeployStack, job: job)
        let (admission, started) = state.withLock { state in
            let admission = state.queue.add(entry)
            return (admission, admission == .taken ? state.queue.start() : [])
        }
        launch(started)
        return admission == .taken
    }

    private func launch(_ entries: [ExecutionQueue<Job>.Entry]) {
        for entry in entries {
            Task {
                await self.work(entry.job)
                self.ended(entry.id)
            }
        }
    }

    private func ended(_ id: String) {
        let (started, waiters) = state.withLock { state in
            state.queue.ended(id)
            let started = state.queue.start()
            guard state.queue.isIdle else { return (started, [CheckedContinuation<Void, Never>]()) }
            defer { state.drainWaiters = [] }
            return (started, state.drainWaiters)
        }
        launch(started)
        for waiter in waiters { waiter.resume() }
    }

    private func abandon() {
        let waiters = state.withLock { state in
            state.isAbandoned = true
            defer { state.drainWaiters = [] }
            return state.drainWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func work(_ job: Job) async {
        switch job {
        case .execute(let action, let spec, let term): await execute(action, spec: spec, term: term)
        case .settle(let action, let term): await settle(action, term: term)
        }
    }

    // MARK: - One action

    private func execute(_ action: Action, spec: ServiceSpec?, term: Term) async {
        let logger = logger.about(action)
        guard action.dryRun == actuator.isDryRun else {
            let detail = "planned for the `\(action.actuator)` actuator; this process runs `\(actuator.name)`"
            await finish(action, ActionOutcome(.cancelled, detail), term: term)
            return
        }
        if let problem = ActionValidation.problem(action.proposal) {
            await refuse(action, problem, term: term)
            return
        }
        hooks.onJournal(.beforePrepare)
        let preparation = await actuator.prepare(action, spec: spec)
        hooks.onJournal(.afterPrepare)
        switch preparation {
        case .alreadyDone(let reason), .overtaken(let reason):
            await finish(action, ActionOutcome(.cancelled, reason), term: term)
        case .refused(let reason):
            await refuse(action, reason, term: term)
        case .unavailable(let reason):
            logger.warning("action stays planned", metadata: ["reason": "\(reason)"])
            hooks.onUnavailable(action, reason)
        case .commands(let commands):
            guard let claimed = await claim(action, commands: commands, domain: spec?.domain, term: term) else {
                return
            }
            await run(claimed, commands: commands, spec: spec, term: term)
        }
    }

    /// A refusal is an outcome of the action, not a cancellation: who approved it is to see that it failed and why.
    private func refuse(_ action: Action, _ reason: String, term: Term) async {
        guard let claimed = await claim(action, commands: [], domain: nil, term: term) else { return }
        await finish(claimed, ActionOutcome(.failed, "refused: \(reason)"), term: term)
    }

    /// Nil when the action is not ours to run: withdrawn, claimed by another, no longer trusted, or not claimable now.
    private func claim(_ action: Action, commands: [[String]], domain: String?, term: Term) async -> Action? {
        let logger = logger.about(action)
        guard hooks.isStillTrusted(term) else {
            logger.warning("action stays planned: this process no longer trusts that it leads")
            return nil
        }
        hooks.onJournal(.beforeClaim)
        do {
            let claimed = try await store.claim(
                actionID: action.id, commands: commands, at: now(), term: term,
                unlessHeld: action.proposal.scopes(domain: domain))
            guard let claimed else {
                logger.info("action is no longer planned; nothing is run")
                return nil
            }
            hooks.onJournal(.afterClaim)
            hooks.onChange(claimed)
            return claimed
        } catch {
            logger.warning("action was not claimed", metadata: ["error": "\(error)"])
            hooks.onUnavailable(action, error.description)
            return nil
        }
    }

    private func run(_ claimed: Action, commands: [[String]], spec: ServiceSpec?, term: Term) async {
        logger.about(claimed).info("action begins", metadata: ["commands": "\(commands)"])
        let hooks = hooks
        let outcome = await actuator.run(
            claimed, commands: commands, spec: spec, mayBegin: { hooks.isStillTrusted(term) })
        hooks.onJournal(.afterCommand)
        await finish(claimed, outcome, term: term)
    }

    private func settle(_ offered: Action, term: Term) async {
        let logger = logger.about(offered)
        do {
            // What was offered may be old by the time its turn comes.
            guard var action = try await store.action(id: offered.id),
                action.state == .executing || action.state == .unknown, hooks.isStillTrusted(term)
            else { return }
            // What puts it right is done under this term, not under the one it was begun in.
            action.epoch = term.epoch
            hooks.onJournal(.beforeSettle)
            let hooks = hooks
            let recovered = await actuator.recover(action, now: now()) { hooks.isStillTrusted(term) }
            let looked = recovered == nil ? await actuator.settle(action, now: now()) : nil
            guard let outcome = recovered ?? looked else {
                logger.debug("what became of the action is not known yet")
                return
            }
            hooks.onJournal(.afterLook)
            await finish(action, outcome, term: term, at: (.beforeSettled, .afterSettled))
        } catch {
            logger.warning("action could not be settled", metadata: ["error": "\(error)"])
        }
    }

    /// Writes the outcome, again and again while the store is not available, until `drain` gives up. The commands
    /// have had their effect: they are never run again for the sake of the record.
    private func finish(
        _ action: Action, _ outcome: ActionOutcome, term: Term,
        at points: (before: JournalPoint, after: JournalPoint) = (.beforeFinish, .afterFinish)
    ) async {
        let logger = logger.about(action)
        let finishedAt = now()
        var delay = retryDelay
        hooks.onJournal(points.before)
        while true {
            do {
                let finished = try await store.finish(actionID: action.id, outcome, at: finishedAt, term: term)
                hooks.onJournal(points.after)
                guard let finished else {
                    logger.info("action had ended otherwise before its outcome could be written")
                    return
                }
                log(outcome, logger)
                hooks.onChange(finished)
                return
            } catch .unavailable(let message) where !state.withLock({ $0.isAbandoned }) {
                logger.warning("outcome is not written yet", metadata: ["error": "\(message)"])
            } catch {
                // A newer term settles it by looking; so does the next start.
                logger.error(
                    "outcome was not written", metadata: ["error": "\(error)", "outcome": "\(outcome.result)"])
                return
            }
            await sleep(delay)
            delay = min(delay * 2, retryDelay * 50)
        }
    }

    private func log(_ outcome: ActionOutcome, _ logger: Logger) {
        let metadata: Logger.Metadata = ["outcome": "\(outcome.result)", "detail": "\(outcome.detail)"]
        switch outcome.result {
        case .succeeded, .cancelled: logger.info("action ended", metadata: metadata)
        case .failed, .unknown: logger.warning("action ended", metadata: metadata)
        }
    }
}

extension Logger {
    fileprivate func about(_ action: Action) -> Logger {
        var logger = self
        logger[metadataKey: "action"] = "\(action.id)"
        logger[metadataKey: "kind"] = "\(action.proposal.kind)"
        logger[metadataKey: "target"] = "\(action.proposal.target.escapedForDisplay(maximumLength: 128))"
        return logger
    }
}
