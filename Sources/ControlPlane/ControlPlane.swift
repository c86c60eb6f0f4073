package import Actuators
package import FleetModel
package import Leadership
package import Logging
internal import Reconciler
package import Signals
package import Store

/// A file in use: its value, and why the file on disk is not it, if it is not.
package struct LoadedFile<Value: Sendable>: Sendable {
    package var value: Value
    /// Why the file's present content was refused; the value is the last good one then.
    package var failure: String?
    /// Warnings about the value, each with its place: a dropped `scaling:` block.
    package var warnings: [String]

    package init(value: Value, failure: String? = nil, warnings: [String] = []) {
        self.value = value
        self.failure = failure
        self.warnings = warnings
    }
}

/// What the loop is made of. The executable puts it together; tests put in parts of their own.
package struct ControlParts: Sendable {
    package var store: any FleetStore
    package var candidacy: any Candidacy
    package var actuator: any Actuator
    /// Reads registry and overlay again if their content changed. Called at the start of each tick.
    package var loadDesired: @Sendable () -> LoadedFile<DesiredState>
    /// The same for the policy file.
    package var loadPolicy: @Sendable () -> LoadedFile<Policy>
    /// One pass over all observers, merged. Answers within its own deadline.
    package var observe: @Sendable (DesiredState) async -> Snapshot
    /// Where the autoscaler's signals are read.
    package var signals: SignalReader
    package var clock: WallClock
    package var settings: ControlSettings
    /// Who holds this process's terms: `host/pid`.
    package var instance: String
    package var version: String
    /// No identity is configured: every caller is `local`.
    package var isOpenAccess: Bool
    package var logger: Logger
    /// Called at each point of an action's journal; tests end the process there.
    package var onJournal: @Sendable (JournalPoint) -> Void
    /// Called after each tick that looked further than "nothing changed".
    package var afterTick: @Sendable () -> Void
    /// How the loops wait; the simulation's waits take no time. Returns early when its task is cancelled.
    package var sleep: @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    /// Makes an id with this prefix at this time; the simulation's come from its seed.
    package var makeID: @Sendable (String, WallTime) -> String = { prefix, time in
        var generator = SystemRandomNumberGenerator()
        return Identifier.make(prefix, at: time, using: &generator)
    }

    package init(
        store: any FleetStore, candidacy: any Candidacy, actuator: any Actuator,
        loadDesired: @escaping @Sendable () -> LoadedFile<DesiredState>,
        loadPolicy: @escaping @Sendable () -> LoadedFile<Policy>,
        observe: @escaping @Sendable (DesiredState) async -> Snapshot, signals: SignalReader = SignalReader(),
        clock: WallClock, settings: ControlSettings,
        instance: String, version: String, isOpenAccess: Bool, logger: Logger,
        onJournal: @escaping @Sendable (JournalPoint) -> Void = { _ in },
        afterTick: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.candidacy = candidacy
        self.actuator = actuator
        self.loadDesired = loadDesired
        self.loadPolicy = loadPolicy
        self.observe = observe
        self.signals = signals
        self.clock = clock
        self.settings = settings
        self.instance = instance
        self.version = version
        self.isOpenAccess = isOpenAccess
        self.logger = logger
        self.onJournal = onJournal
        self.afterTick = afterTick
    }
}

/// The loop: wakes, looks, plans, gates, commits, and hands what is to be done to the executor.
///
/// Ticks follow one another; requests run between a tick's steps. What a tick or a request decides is committed
/// only if the ledger and the objects it touches are still as they were read, else it is decided anew.
package actor ControlPlane: FleetControl {
    package nonisolated let parts: ControlParts
    package nonisolated let metricsRegistry = Metrics()
    package nonisolated let hub = StreamHub()
    package nonisolated let waker = Waker()
    /// Read all signals anew; the gauges alone.
    nonisolated let signalWaker = Waker()
    nonisolated let gaugeWaker = Waker()
    nonisolated let executor: Executor

    let startedAt: WallTime
    /// What the newest tick found this process to be.
    var standing: Standing
    var desired: LoadedFile<DesiredState>
    var policyFile: LoadedFile<Policy>
    var snapshot: Snapshot
    var lastTick: LastTick?
    var signals = SignalReadings()
    var lastPoints: [String: ScalingPoint] = [:]
    /// Why the newest tick did not end well, if it did not.
    var tickFailure: String?
    var isRetryUnderWay = false
    private var passesBegun = 0
    private var newestPass = 0
    private var cache: ReadCache?

    /// What is known of the newest tick.
    struct LastTick {
        var inputs: TickInputs
        var at: WallTime
        /// The same again would decide nothing: no proposal, no open approval, no open action.
        var isQuiet: Bool
        var lastSuccess: WallTime?
    }

    /// What was read of the store at one revision, and the plan made from it.
    private struct ReadCache {
        var working: WorkingSet
        var ledger: LedgerView
        var ledgerSince: WallTime
        var plan: Plan?
        var planDigest: String = ""
        var planGeneration: UInt64 = 0
        var planHolds: HoldSet?
    }

    package init(_ parts: ControlParts) {
        self.parts = parts
        startedAt = parts.clock.now()
        standing = parts.candidacy.standing
        desired = parts.loadDesired()
        policyFile = parts.loadPolicy()
        snapshot = Snapshot(observations: [], sources: [], at: parts.clock.now(), generation: 0)
        let hub = hub
        let waker = waker
        let metrics = metricsRegistry
        executor = Executor(
            store: parts.store, actuator: parts.actuator, now: parts.clock.now, logger: parts.logger,
            isStillTrusted: parts.candidacy.mayDispatch, onJournal: parts.onJournal,
            onChange: { ActionNews.tell($0, metrics: metrics, hub: hub, waker: waker) }, sleep: parts.sleep)
        metrics.set(.buildInfo, ["version": parts.version], to: 1)
    }

    package nonisolated var store: any FleetStore { parts.store }
    var term: Term? { standing.tenure?.term }
    package nonisolated var isOpenAccess: Bool { parts.isOpenAccess }

    nonisolated func now() -> WallTime { parts.clock.now() }

    /// Ids of the contract's objects, made at `time`.
    nonisolated func idMaker(at time: WallTime) -> @Sendable (String) -> String {
        { [makeID = parts.makeID] prefix in makeID(prefix, time) }
    }

    // MARK: - Reading

    /// Reads the store as far as it changed and plans as far as anything changed.
    func readInputs(at now: WallTime, term: Term) async throws(StoreError) -> TickInputs {
        var read = try await readStore(at: now)
        let holds = HoldSet(read.working.holds, at: now)
        let policy = try effectivePolicy(read.working.overrides, at: now)
        let history = History(
            openActions: Dictionary(
                read.working.openActions.map { ($0.proposal.target, $0) }, uniquingKeysWith: { first, _ in first }),
            // What was done in dry run says nothing of the real fleet, and the other way round.
            lastActions: read.working.lastActions.filter { $0.value.dryRun == parts.settings.isDryRun },
            holds: holds)
        let plan: Plan
        if let cached = read.plan, read.planDigest == desired.value.digest,
            read.planGeneration == snapshot.generation, read.planHolds == holds
        {
            plan = cached
        } else if parts.settings.reconcilerEnabled {
            plan = Reconciler.plan(desired.value, snapshot, history, now: now)
        } else {
            plan = Plan.observingOnly(desired.value)
        }
        // A conclusion drawn from times does not outlive them: generations tell no times apart.
        let reusable = !plan.outcomes.contains(.unknown(.beforeLastAction))
        read.plan = reusable ? plan : nil
        read.planDigest = desired.value.digest
        read.planGeneration = snapshot.generation
        read.planHolds = holds
        cache = read
        var inputs = TickInputs(
            desired: desired.value, snapshot: snapshot, plan: plan, working: read.working, holds: holds,
            policy: policy, ledger: read.ledger, settings: parts.settings, term: term, now: now)
        inputs.scaling = evaluateScaling(inputs)
        if isScaling { inputs.plan = ScalingStage.leavingZeros(inputs) }
        return inputs
    }

    private func readStore(at now: WallTime) async throws(StoreError) -> ReadCache {
        var window = policyFile.value.longestWindowSeconds
        let revision = try await store.revision()
        if let cache, cache.working.revision == revision, cache.ledgerSince <= now.adding(seconds: -window) {
            return cache
        }
        while true {
            let since = now.adding(seconds: -window)
            // The ledger first: what is decided between the two readings has moved its head by the commit.
            let ledger = try await store.ledgerView(since: since, dryRun: parts.settings.isDryRun)
            var working = try await store.workingSet()
            let longest = try effectivePolicy(working.overrides, at: now).longestWindowSeconds
            guard longest <= window else {
                window = longest
                continue
            }
            // Of the older of the two: what has changed since is read anew.
            working.revision = revision
            return ReadCache(working: working, ledger: ledger, ledgerSince: since)
        }
    }

    /// Observes once and keeps the result.
    func look() async {
        let started = ContinuousClock.now
        let before = snapshot
        passesBegun += 1
        let pass = passesBegun
        let seen = await parts.observe(desired.value)
        metricsRegistry.observe(.observeDuration, seconds: (ContinuousClock.now - started).seconds)
        for source in seen.sources where source.failure != nil {
            // Docker hosts are few and all from the registry; the default one has no name.
            if let host = source.host {
                metricsRegistry.count(.observerErrors, ["source": source.source.rawValue, "host": host])
            } else {
                metricsRegistry.count(.observerErrors, ["source": source.source.rawValue])
            }
        }
        // Passes of a tick and of a request may overlap; the one begun later counts, whatever the wall clock did.
        guard pass > newestPass else { return }
        newestPass = pass
        snapshot = seen
        if seen.generation != before.generation { tellServices(from: before, to: seen) }
    }

    /// Files are read again only when their content changed; a refused one leaves the last good in use.
    func reloadFiles() {
        let newDesired = parts.loadDesired()
        if newDesired.failure != desired.failure || newDesired.value.digest != desired.value.digest {
            logReload("registry", newDesired.failure, digest: newDesired.value.digest, newDesired.warnings)
        }
        desired = newDesired
        let newPolicy = parts.loadPolicy()
        if newPolicy.failure != policyFile.failure || newPolicy.value.digest != policyFile.value.digest {
            logReload("policy", newPolicy.failure, digest: newPolicy.value.digest, newPolicy.warnings)
        }
        policyFile = newPolicy
        metricsRegistry.set(.fileOK, ["file": "registry"], to: desired.failure == nil ? 1 : 0)
        metricsRegistry.set(.fileOK, ["file": "policy"], to: policyFile.failure == nil ? 1 : 0)
    }

    private func logReload(_ file: String, _ failure: String?, digest: String, _ warnings: [String]) {
        if let failure {
            metricsRegistry.count(.reloadFailures, ["file": file])
            parts.logger.error(
                "\(file) refused, the last good one stays in use",
                metadata: ["event": "reload_refused", "file": .string(file), "reason": .string(failure)])
        } else {
            parts.logger.notice(
                "\(file) loaded",
                metadata: ["event": "reload", "file": .string(file), "digest": .string(String(digest.prefix(12)))])
        }
        for warning in warnings {
            parts.logger.warning("\(warning)", metadata: ["event": "config_warning", "file": .string(file)])
        }
    }
}

extension Plan {
    /// With the reconciler off: every service is looked at and none is judged.
    static func observingOnly(_ desired: DesiredState) -> Plan {
        Plan(proposals: [], outcomes: Array(repeating: .blocked(.reconcilerOff), count: desired.services.count))
    }
}

extension Policy {
    /// How far back the gate may have to count.
    var longestWindowSeconds: Int {
        rules.reduce(max(defaults.rateLimit.windowSeconds, defaults.blastRadius.windowSeconds)) { longest, rule in
            max(longest, rule.rateLimit?.windowSeconds ?? 0, rule.blastRadius?.windowSeconds ?? 0)
        }
    }
}

extension Duration {
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
