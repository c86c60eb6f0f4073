package import FleetModel

/// Everything that one evaluation is made from, read once.
package struct ScalingInputs: Sendable {
    package var desired: DesiredState
    package var snapshot: Snapshot
    /// The signals that are defined, by name.
    package var signals: [String: SignalDefinition]
    /// What was read for each service; a service without an entry was not read, which is no data.
    package var readings: [String: SignalReading]
    package var history: ScalingHistory
    package var holds: HoldSet
    /// What else is going on with a service, where something is.
    package var busy: [String: BusyCause]
    /// How many actions the tick may still gate (`FLEET_RECONCILER_MAX_ACTIONS` less what the reconciler took).
    package var budget: Int
    /// Samples closer together than this count as one towards stabilization, so that a storm of wakes does not
    /// shorten it. Somewhat less than `FLEET_AUTOSCALER_INTERVAL`; 0 counts every sample with a time of its own.
    package var sampleSpacingSeconds: Int
    /// False where the reconciler is off: then nobody but the autoscaler brings replicas back into the bounds.
    package var reconcilerKeepsBounds: Bool

    package init(
        desired: DesiredState, snapshot: Snapshot, signals: [String: SignalDefinition],
        readings: [String: SignalReading], history: ScalingHistory = ScalingHistory(),
        holds: HoldSet = HoldSet(at: WallTime(milliseconds: 0)), busy: [String: BusyCause] = [:],
        budget: Int = Int.max, sampleSpacingSeconds: Int = 0, reconcilerKeepsBounds: Bool = true
    ) {
        self.desired = desired
        self.snapshot = snapshot
        self.signals = signals
        self.readings = readings
        self.history = history
        self.holds = holds
        self.busy = busy
        self.budget = budget
        self.sampleSpacingSeconds = sampleSpacingSeconds
        self.reconcilerKeepsBounds = reconcilerKeepsBounds
    }
}

/// What the autoscaler needs to know of the past, by service, in the scope of the actuator in use: dry run keeps
/// its own cooldowns.
package struct ScalingHistory: Sendable {
    package var records: [String: ScalingRecord]

    package init(records: [String: ScalingRecord] = [:]) {
        self.records = records
    }
}

package struct ScalingRecord: Hashable, Sendable {
    /// `ScalingEvaluation.memory` of the evaluation before, as the store kept it.
    package var memory: ScalingMemory
    /// A person's `stop_service` counts as a scaling to 0.
    package var lastScaling: PastScaling?
    /// A scaling of it waits for a person, or would be decided as before: proposing it again is no new action, so it
    /// takes nothing from the tick's budget.
    package var isAwaitingAnswer: Bool

    package init(
        memory: ScalingMemory = ScalingMemory(), lastScaling: PastScaling? = nil, isAwaitingAnswer: Bool = false
    ) {
        self.memory = memory
        self.lastScaling = lastScaling
        self.isAwaitingAnswer = isAwaitingAnswer
    }
}

/// Why a service is left alone for now: something else is being done to it.
package enum BusyCause: Hashable, Sendable {
    /// An action on it is planned or executing.
    case action(id: String, kind: ActionKind, state: ActionState)
    /// Its last action ended `unknown` and is not settled.
    case unsettled(actionID: String)
    /// The health check after an action has not ended.
    case watched(actionID: String, until: WallTime)
    /// The reconciler proposes something for it in the same tick.
    case proposed(ActionKind)
}
