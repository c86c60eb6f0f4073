package enum ActionState: String, Sendable, CaseIterable {
    case planned
    case executing
    case succeeded
    case failed
    case unknown
    case cancelled

    package var isOpen: Bool { self == .planned || self == .executing }
}

/// Where an action was decided to run and what stood there, for a compare at dispatch. Not part of the consent: a
/// person consents to what they can judge (`Observation.evidence`), and a version that moved for a harmless reason
/// before the decision is no news to them. Between the decision and the dispatch nothing may move at all.
package struct Fence: Hashable, Sendable {
    /// The URL of the docker host; nil is the default endpoint.
    package var host: String?
    /// The container's full id or the Swarm service's.
    package var runtimeID: String?
    /// `Version.Index` of a Swarm service.
    package var specVersion: Int?

    package init(host: String? = nil, runtimeID: String? = nil, specVersion: Int? = nil) {
        self.host = host
        self.runtimeID = runtimeID
        self.specVersion = specVersion
    }

    /// Nil where there is nothing to compare: the default endpoint, and nothing seen.
    package init?(_ endpoint: DockerEndpoint?, _ observation: Observation?) {
        self.init(
            host: endpoint?.url.description, runtimeID: observation?.runtimeID, specVersion: observation?.specVersion)
        if self == Fence() { return nil }
    }
}

/// The durable intent to carry out one allowed or approved proposal, and its outcome.
package struct Action: Sendable, Equatable {
    /// `action:…`
    package var id: String
    package var proposal: Proposal
    package var state: ActionState
    /// `dryrun` or `docker`.
    package var actuator: String
    package var dryRun: Bool
    /// The epoch of the term that last changed the state.
    package var epoch: Int
    package var decisionID: String
    package var approvalID: String?
    /// Every command in the order it was to run, each an argument array whose first element is the program.
    package var commands: [[String]]
    /// What happened, in words: the outcome's reason, docker's last error line.
    package var detail: String?
    /// Nil for the default endpoint with nothing seen, and in rows of earlier versions, which knew no other.
    package var fence: Fence?
    package var plannedAt: WallTime
    package var startedAt: WallTime?
    package var finishedAt: WallTime?

    package init(
        id: String, proposal: Proposal, state: ActionState = .planned, actuator: String, dryRun: Bool, epoch: Int,
        decisionID: String, approvalID: String? = nil, commands: [[String]] = [], detail: String? = nil,
        fence: Fence? = nil, plannedAt: WallTime, startedAt: WallTime? = nil, finishedAt: WallTime? = nil
    ) {
        self.id = id
        self.proposal = proposal
        self.state = state
        self.actuator = actuator
        self.dryRun = dryRun
        self.epoch = epoch
        self.decisionID = decisionID
        self.approvalID = approvalID
        self.commands = commands
        self.detail = detail
        self.fence = fence
        self.plannedAt = plannedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }
}

/// How an action ended.
package struct ActionOutcome: Hashable, Sendable {
    package enum Result: String, Sendable {
        case succeeded
        case failed
        /// The command timed out or its process died: the daemon may or may not have done it.
        case unknown
        /// Nothing was dispatched, nothing had to be: spends no budget.
        case cancelled
    }

    package var result: Result
    package var detail: String
    package var commands: [[String]]

    package init(_ result: Result, _ detail: String, commands: [[String]] = []) {
        self.result = result
        self.detail = detail
        self.commands = commands
    }

    package var state: ActionState {
        switch result {
        case .succeeded: .succeeded
        case .failed: .failed
        case .unknown: .unknown
        case .cancelled: .cancelled
        }
    }
}

extension Action {
    /// The contract's action. `argv` is the command that makes the change, the last one for an action of several;
    /// `commands` lists all of them.
    package var json: JSONValue {
        .object(
            JSONObject(unique: [
                ("id", .string(id)), ("kind", .string(proposal.kind.rawValue)), ("target", .string(proposal.target)),
                ("params", .object(proposal.params)), ("source", .string(proposal.source.rawValue)),
                ("reason", .string(proposal.reason)), ("state", .string(state.rawValue)),
                ("actuator", .string(actuator)), ("dry_run", .bool(dryRun)), ("epoch", .integer(epoch)),
                ("docker_host", JSONValue(fence?.host)),
                ("decision_id", .string(decisionID)), ("approval_id", JSONValue(approvalID)),
                ("argv", JSONValue(commands.last ?? [])), ("commands", .array(commands.map { JSONValue($0) })),
                ("detail", JSONValue(detail)), ("planned_at", .string(plannedAt.rfc3339)),
                ("started_at", JSONValue(startedAt)), ("finished_at", JSONValue(finishedAt)),
            ]))
    }
}
