package import FleetModel

/// From signals to replicas. State in, one value out; it cannot fail.
package enum Autoscaler {
    /// How long a number of replicas stands that a person set, through Muster or past it, if the cooldown is not
    /// longer. For longer than that there are `scaling.paused` and holds.
    package static let personStandsSeconds = 3600

    package static func evaluate(_ inputs: ScalingInputs, now: WallTime) -> Evaluation {
        Evaluation()
    }
}
