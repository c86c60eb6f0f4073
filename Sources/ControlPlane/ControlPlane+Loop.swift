internal import Actuators
internal import FleetModel
internal import Leadership
internal import Logging
internal import ServiceLifecycle
internal import Store

extension ControlPlane: Service {
    /// Ticks at every wake until shutdown; then drains the executor and gives its term back.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.keepTime() }
                group.addTask { await self.watchFiles() }
                group.addTask { await self.parts.candidacy.run() }
                group.addTask { await self.listen() }
                group.addTask { await self.pollStore() }
                await self.keepTicking()
                // What runs still needs the term: only then is it given back.
                await self.executor.drain(timeout: .seconds(8))
                self.parts.onJournal(.beforeResign)
                await self.parts.candidacy.resign()
                self.parts.onJournal(.afterResign)
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.waker.finish()
        }
        hub.finish()
    }

    /// The safety net: a wake each interval, whatever else wakes the loop.
    private func keepTime() async {
        let interval = Duration.seconds(parts.settings.intervalSeconds)
        while !Task.isCancelled {
            await parts.sleep(interval)
            waker.wake(.interval)
        }
    }

    /// What other instances did wakes the loop, here as there.
    private func listen() async {
        for await notice in store.notices() {
            switch notice {
            case .approval: waker.wake(.vote)
            case .proposal: waker.wake(.proposal)
            case .hold: waker.wake(.hold)
            case .policy: waker.wake(.policy)
            case .leader: waker.wake(.leadership)
            case .event, .change: waker.wake(.store)
            }
        }
    }

    /// The safety net under the notices: one that was lost is made up for here.
    private func pollStore() async {
        guard let seconds = parts.settings.storePollSeconds else { return }
        while !Task.isCancelled {
            await parts.sleep(.seconds(seconds))
            // A store that is away is the tick's to report.
            guard let revision = try? await store.revision() else { continue }
            if lastTick?.inputs.working.revision != revision { waker.wake(.store) }
        }
    }

    /// Looks at the configuration files every two seconds and wakes the loop when they are no longer what is in use.
    private func watchFiles() async {
        while !Task.isCancelled {
            await parts.sleep(.seconds(2))
            let before = (desired.value.digest, desired.failure, policyFile.value.digest, policyFile.failure)
            reloadFiles()
            let after = (desired.value.digest, desired.failure, policyFile.value.digest, policyFile.failure)
            if before != after { waker.wake(.file) }
        }
    }

    private func keepTicking() async {
        waker.wake(.start)
        for await cause in waker.wakes {
            metricsRegistry.count(.wakes, ["cause": cause.rawValue])
            await tick()
            if Task.isCancelled { return }
        }
    }

    /// One wake in five seconds, for what could not be done now; however often it is asked for, one is under way.
    private func retrySoon() {
        guard !isRetryUnderWay else { return }
        isRetryUnderWay = true
        Task {
            await parts.sleep(.seconds(5))
            isRetryUnderWay = false
            waker.wake(.retry)
        }
    }

    // MARK: - One tick

    /// Reload, look, plan, gate, commit, hand over. Never waits for an action; never throws: what fails is said in
    /// `/readyz`, the metrics and the log, and tried again.
    package func tick() async {
        let started = ContinuousClock.now
        reloadFiles()
        await look()
        do throws(StoreError) {
            switch await stand() {
            case .leading(let tenure):
                let result = try await decideAndCommit(tenure.term)
                metricsRegistry.count(.ticks, ["result": result])
                if lastTick?.isQuiet != true { parts.afterTick() }
            case .following: try await follow()
            case .barred(let reason):
                // The store may be there all the same: the first to ask it makes its tables.
                try await follow()
                throw StoreError.unavailable(reason)
            }
            tickFailure = nil
        } catch {
            failTick(error)
        }
        metricsRegistry.observe(.tickDuration, seconds: (ContinuousClock.now - started).seconds)
    }

    /// What this process is in this tick. A change is told before anything is decided from it.
    private func stand() async -> Standing {
        let before = standing
        standing = await parts.candidacy.stand()
        if standing.tenure != nil, standing != before { parts.onJournal(.afterTerm) }
        if standing != before { tellStanding(after: before) }
        return standing
    }

    /// A follower decides nothing: it looks, and keeps what it serves as the store has it.
    private func follow() async throws(StoreError) {
        let now = now()
        let inputs = try await readInputs(at: now, term: Term(holder: parts.instance, epoch: 0))
        if let before = lastTick?.inputs.working { try await tellFollowed(from: before, to: inputs.working) }
        lastTick = LastTick(inputs: inputs, at: now, isQuiet: false, lastSuccess: now)
        countServices(inputs)
        metricsRegistry.count(.ticks, ["result": "followed"])
    }

    /// Decides from one reading and commits against it; a reading that was overtaken is thrown away, thrice at most.
    private func decideAndCommit(_ term: Term) async throws(StoreError) -> String {
        var attempt = 1
        while true {
            let now = now()
            let inputs = try await readInputs(at: now, term: term)
            // Who asked through a follower waits; the tick then decides from what these came to.
            if !inputs.working.submissions.isEmpty {
                try await answerSubmissions(term)
                continue
            }
            if isQuiet(inputs) {
                lastTick?.at = now
                lastTick?.lastSuccess = now
                return "unchanged"
            }
            let draft = TickDraft.make(inputs, makeID: idMaker(at: now))
            do {
                try await commit(draft, term: term)
            } catch {
                guard attempt < 3, error.isOvertaken else { throw error }
                attempt += 1
                continue
            }
            remember(inputs, at: now)
            tell(draft, inputs)
            handOver(inputs, draft)
            return draft.commit.isEmpty ? "unchanged" : "ok"
        }
    }

    /// Makes what was decided durable, if anything was. Nobody is told yet.
    func commit(_ draft: TickDraft, term: Term) async throws(StoreError) {
        let commit = draft.commit
        guard !commit.isEmpty else { return }
        if !commit.newApprovals.isEmpty { parts.onJournal(.beforeQueued) }
        if !commit.newActions.isEmpty { parts.onJournal(.beforePlanned) }
        try await store.commit(commit, term: term)
        if !commit.newApprovals.isEmpty { parts.onJournal(.afterQueued) }
        if !commit.newActions.isEmpty { parts.onJournal(.afterPlanned) }
    }

    /// The same desired state, snapshot, holds, policy and store as a tick that had nothing to decide.
    private func isQuiet(_ inputs: TickInputs) -> Bool {
        guard let last = lastTick, last.isQuiet, tickFailure == nil else { return false }
        return last.inputs.working.revision == inputs.working.revision
            && last.inputs.desired.digest == inputs.desired.digest
            && last.inputs.snapshot.generation == inputs.snapshot.generation && last.inputs.holds == inputs.holds
            && last.inputs.policy.digest == inputs.policy.digest
    }

    private func remember(_ inputs: TickInputs, at now: WallTime) {
        let isQuiet =
            inputs.plan.proposals.isEmpty && inputs.working.openApprovals.isEmpty
            && inputs.working.openActions.isEmpty && !inputs.plan.outcomes.contains(where: \.isTransient)
        lastTick = LastTick(inputs: inputs, at: now, isQuiet: isQuiet, lastSuccess: now)
        countServices(inputs)
    }

    private func failTick(_ error: StoreError) {
        metricsRegistry.count(.ticks, ["result": "failed"])
        // An outage is one piece of news, however many ticks it takes.
        parts.logger.log(
            level: tickFailure == error.description ? .debug : .error, "the tick failed",
            metadata: ["event": "tick_failed", "reason": .string(error.description)])
        tickFailure = error.description
        if case .staleTerm = error, let term { parts.candidacy.lose(term, reason: error.description) }
        retrySoon()
    }

    // MARK: - Acting

    /// Hands planned actions to the executor and has leftovers settled by looking. The executor knows which it has.
    private func handOver(_ inputs: TickInputs, _ draft: TickDraft) {
        let cancelled = Set(draft.commit.cancelledActions.map(\.actionID))
        let planned = inputs.working.openActions.filter { $0.state == .planned && !cancelled.contains($0.id) }
        let isLeftover = { (action: Action) in action.state == .executing || action.state == .unknown }
        let leftovers = inputs.working.openActions.filter(isLeftover)
        for action in planned + draft.commit.newActions {
            executor.dispatch(action, spec: inputs.desired.entry(for: action.proposal), term: inputs.term)
        }
        if !leftovers.isEmpty { executor.settleLeftovers(leftovers, term: inputs.term) }
        // What is starting or updating says nothing when it has ended.
        let isTransient = inputs.plan.outcomes.contains(where: \.isTransient)
        // Planned before and still not begun: the runtime could not be read. Not settled: it does not tell yet.
        if !leftovers.isEmpty || !planned.isEmpty || isTransient { retrySoon() }
    }
}

extension StoreError {
    /// Something else was committed since the reading: read again, decide again.
    var isOvertaken: Bool {
        switch self {
        case .ledgerMoved, .conflict: true
        case .unavailable, .staleTerm, .badRequest, .corrupt, .locked, .newerSchema: false
        }
    }
}

extension Outcome {
    /// A conclusion that time alone changes, without a wake: look again soon.
    fileprivate var isTransient: Bool {
        switch self {
        case .unknown(.starting), .unknown(.updating), .unknown(.beforeLastAction): true
        default: false
        }
    }
}
