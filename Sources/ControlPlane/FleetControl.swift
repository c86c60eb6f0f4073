package import FleetModel
package import Store

/// What the HTTP API asks of the control plane. Lists are read from `store` directly; everything that needs the
/// desired state, the observation, the gate or a wake goes through here.
///
/// Answers that the contract gives a shape to come as that JSON.
package protocol FleetControl: Sendable {
    var store: any FleetStore { get }
    /// No identity is configured: every caller is `local`, and one person cannot be told from another.
    var isOpenAccess: Bool { get }

    /// `GET /readyz`: the status (`ready`, `degraded`, `not_ready`) and the whole body. Never blocks.
    func readiness() async -> (status: ReadinessStatus, body: JSONValue)
    /// `GET /metrics`: Prometheus text.
    func metrics() async -> String

    /// `GET /api/fleet/plan`, computed now; changes nothing.
    func plan() async throws(ControlError) -> JSONValue
    /// The registry's services in name order, from `after` (exclusive) on.
    func services(after name: String?, limit: Int) async -> (items: [JSONValue], next: String?)
    func service(_ name: String) async throws(ControlError) -> JSONValue
    /// `POST /api/fleet/signals`: one sample or a list of them, taken one by one.
    func pushSignals(_ body: JSONObject, by person: String) async throws(ControlError) -> JSONValue
    /// `GET /api/fleet/services/{name}/scaling`: what a plot needs, oldest first.
    func scalingHistory(_ name: String, since: WallTime?, limit: Int) async throws(ControlError) -> JSONValue
    /// `GET /api/fleet/services/{name}/scaling/explain`; `value` is supposed in place of what was read.
    func explainScaling(_ name: String, value: Double?) async throws(ControlError) -> JSONValue
    func topology() async -> JSONValue
    func health() async -> JSONValue

    /// Votes, wakes the loop and tells the stream.
    /// `digest`: what the person saw, where they say so; nil votes on what is pending.
    func vote(
        approvalID: String, _ decision: VoteDecision, by person: String, note: String?, digest: String?
    ) async throws(ControlError) -> Approval
    /// A manual proposal through the gate; the contract's answer to `POST /api/fleet/actions`.
    func propose(_ request: ManualRequest) async throws(ControlError) -> JSONValue

    /// The answers are the hold's JSON; `kill` adds `proposals`, the answers of `propose` per service.
    func pause(_ hold: Hold) async throws(ControlError) -> JSONValue
    func resume(_ scope: Hold.Scope, by person: String) async throws(ControlError) -> JSONValue
    func kill(_ hold: Hold) async throws(ControlError) -> JSONValue

    /// `GET /api/fleet/policy`
    func policy() async throws(ControlError) -> JSONValue
    /// `POST /api/fleet/policy/evaluate`, at `time` (now when nil). Writes nothing.
    func evaluate(_ request: ManualRequest, source: ProposalSource, at time: WallTime?) async throws(ControlError)
        -> JSONValue
    func overrides() async throws(ControlError) -> JSONValue
    func addOverride(_ body: JSONObject, by person: String) async throws(ControlError) -> JSONValue
    func removeOverride(_ id: String, by person: String) async throws(ControlError)

    /// What `GET /api/fleet/stream` sends; a slow reader loses the oldest, never slows the loop.
    func stream() async -> AsyncStream<StreamEvent>
}

package enum ReadinessStatus: String, Sendable {
    case ready
    case degraded
    case notReady = "not_ready"
}

/// What a person asks for.
package struct ManualRequest: Sendable {
    package var kind: String
    package var target: String
    package var params: JSONObject
    package var reason: String
    package var requestedBy: String

    package init(kind: String, target: String, params: JSONObject, reason: String, requestedBy: String) {
        self.kind = kind
        self.target = target
        self.params = params
        self.reason = reason
        self.requestedBy = requestedBy
    }
}

package struct StreamEvent: Sendable {
    /// `approval`, `action`, `event`, `service` or `leader`.
    package var name: String
    package var data: JSONValue

    package init(name: String, data: JSONValue) {
        self.name = name
        self.data = data
    }
}

/// Why a request was not done; each case is one status of the contract.
package enum ControlError: Error, Equatable, Sendable {
    case badRequest(String)
    case forbidden(String)
    case notFound(String)
    case conflict(String)
    case unprocessable(String)
    case unavailable(String)
    case `internal`(String)
}
