package import FleetModel

/// The flags that the loop reads; defaults are the contract's.
package struct ControlSettings: Sendable {
    /// `FLEET_RECONCILER`: off, the loop observes and serves but proposes nothing by itself.
    package var reconcilerEnabled = true
    /// `FLEET_RECONCILER_INTERVAL`, the resync; events wake the loop sooner.
    package var intervalSeconds = 120
    /// `FLEET_RECONCILER_MAX_ACTIONS`: proposals gated per tick.
    package var maximumActions = 5
    /// `APPROVAL_TTL`
    package var approvalTTLSeconds = 86_400
    /// `APPROVAL_DENY_COOLDOWN`
    package var denyCooldownSeconds = 3600
    /// `dryrun` or `docker`, as actions record it.
    package var actuator = "dryrun"
    package var isDryRun = true

    /// How often to look whether another process wrote to the store, in seconds: the safety net under its notices.
    /// Nil where this process alone owns it.
    package var storePollSeconds: Int?

    package init() {}
}

/// Where the loop reads the time; tests and the simulation hand in their own.
package struct WallClock: Sendable {
    package var now: @Sendable () -> WallTime

    package init(now: @escaping @Sendable () -> WallTime) {
        self.now = now
    }
}
