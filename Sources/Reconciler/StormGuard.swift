package import FleetModel

/// Bounds how much one tick may set off: a fault that makes the whole fleet look broken then costs a few actions,
/// not all of them.
package enum StormGuard {
    /// The first `limit` proposals go to the gate, in their order; the rest wait for a later tick and are reported as
    /// deferred. A `limit` of 0 or less lets none through.
    package static func admit(
        _ proposals: [Proposal], limit: Int
    ) -> (gated: ArraySlice<Proposal>, deferred: ArraySlice<Proposal>) {
        let admitted = min(max(limit, 0), proposals.count)
        return (proposals[..<admitted], proposals[admitted...])
    }
}
