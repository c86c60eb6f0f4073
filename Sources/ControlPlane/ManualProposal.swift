internal import FleetModel
internal import Store

/// What a person asks for, held against the rules for proposals: kind, target and parameters.
struct ManualProposal: Sendable {
    private let request: ManualRequest
    /// The scope of the kill that proposes it. Only a kill gets past its own hold, so nobody else may name one.
    private let killScope: Hold.Scope?

    init(_ request: ManualRequest, killScope: Hold.Scope? = nil) {
        self.request = request
        self.killScope = killScope
    }

    /// As a follower took it down.
    init(_ submission: Submission) {
        request = ManualRequest(
            kind: submission.request["kind"]?.string ?? "", target: submission.request["target"]?.string ?? "",
            params: submission.request["params"]?.object ?? JSONObject(),
            reason: submission.request["reason"]?.string ?? "", requestedBy: submission.requestedBy)
        killScope = submission.request["kill"]?.string.flatMap { Hold.Scope($0) }
    }

    func submission(id: String, at now: WallTime) -> Submission {
        var members: [(String, JSONValue)] = [
            ("kind", .string(request.kind)), ("target", .string(request.target)), ("params", .object(request.params)),
            ("reason", .string(request.reason)),
        ]
        if let killScope { members.append(("kill", .string(killScope.description))) }
        return Submission(id: id, request: JSONObject(members), requestedBy: request.requestedBy, at: now)
    }

    /// The person asking is the evidence that it is wanted; what is wanted and seen of the target is bound to it.
    func proposal(_ inputs: TickInputs) -> Result<Proposal, ControlError> {
        let kind = ActionKind(rawValue: request.kind)
        guard ActionKind.builtIn.contains(kind) else {
            let known = ActionKind.builtIn.map { "`\($0)`" }.joined(separator: ", ")
            return .failure(.unprocessable("`kind` is `\(request.kind.escapedForDisplay())`; expected one of \(known)"))
        }
        guard Names.isTarget(request.target) else {
            return .failure(.unprocessable("`target` is not a name docker takes: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`"))
        }
        guard !request.reason.isEmpty else { return .failure(.unprocessable("`reason` is missing")) }
        if let problem = parameterProblem(kind) { return .failure(.unprocessable(problem)) }
        let spec = inputs.desired.entry(for: kind, request.target, request.params)
        if let name = request.params[ActionKind.hostParameter], spec == nil, kind == .redeployStack {
            let shown = (name.string ?? name.text).escapedForDisplay(maximumLength: 100)
            return .failure(.unprocessable("`\(shown)` does not stand under `hosts` of the registry"))
        }
        if kind != .redeployStack, spec == nil {
            return .failure(.unprocessable("`\(request.target)` is not in the registry"))
        }
        if let open = inputs.working.openActions.first(where: { $0.proposal.target == request.target }) {
            return .failure(
                .conflict("\(open.proposal.kind) on `\(request.target)` is \(open.state.rawValue): \(open.id)"))
        }
        var params = request.params
        if let killScope { params[Proposal.killParameter] = .string(killScope.description) }
        return .success(
            Proposal(
                kind: kind, target: request.target, params: params, source: .manual, reason: request.reason,
                desiredDigest: spec?.digest ?? "", evidence: inputs.snapshot[request.target]?.evidence ?? "",
                requestedBy: request.requestedBy))
    }

    /// Which parameters each kind takes, and of what type. Nil when they are in order.
    private func parameterProblem(_ kind: ActionKind) -> String? {
        let allowed: Set<String>
        switch kind {
        case .scaleService:
            allowed = ["replicas", "from_replicas"]
            guard let replicas = request.params["replicas"]?.integer, (0...100_000).contains(replicas) else {
                return "`scale_service` needs `params.replicas`, a whole number from 0 to 100000"
            }
        case .deployService:
            allowed = ["image", "from_image", "create"]
            guard let image = request.params["image"]?.string, ImageReference(image) != nil else {
                return "`deploy_service` needs `params.image`, an image name such as `example/api:1.2`"
            }
            if let create = request.params["create"], create.bool == nil { return "`params.create` is true or false" }
        case .redeployStack: allowed = [ActionKind.hostParameter]
        default: allowed = []
        }
        guard let unknown = request.params.names.first(where: { !allowed.contains($0) }) else { return nil }
        let takes = allowed.isEmpty ? "none" : allowed.sorted().map { "`\($0)`" }.joined(separator: ", ")
        return "`\(kind)` does not take the parameter `\(unknown.escapedForDisplay())`; it takes \(takes)"
    }
}
