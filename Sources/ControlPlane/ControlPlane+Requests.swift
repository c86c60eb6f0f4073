internal import Actuators
internal import FleetConfig
package import FleetModel
internal import Leadership
internal import Logging
package import Store

extension StoreError {
    var asControlError: ControlError {
        switch self {
        case .unavailable, .staleTerm, .ledgerMoved, .locked: .unavailable(description)
        case .conflict(let message): .conflict(message)
        case .badRequest(let message): .badRequest(message)
        case .corrupt, .newerSchema: .internal(description)
        }
    }
}

/// What people ask for. Each answer is given after what it says is durable.
extension ControlPlane {
    package func vote(
        approvalID: String, _ decision: VoteDecision, by person: String, note: String?, digest: String? = nil
    ) async throws(ControlError) -> Approval {
        let vote = Vote(by: person, decision: decision, note: note, at: now(), digest: digest)
        let result: (Approval, VoteOutcome)?
        parts.onJournal(.beforeVote)
        do {
            result = try await store.vote(approvalID: approvalID, vote, allowOwnProposal: isOpenAccess)
        } catch { throw error.asControlError }
        parts.onJournal(.afterVote)
        guard let (approval, outcome) = result else { throw .notFound("there is no approval `\(approvalID)`") }
        switch outcome {
        case .notPending(let status): throw .conflict("the approval is no longer pending: it is `\(status.rawValue)`")
        case .changed: throw .conflict("the approval asks for something else by now; look at it again")
        case .ownProposal: throw .forbidden("`\(person)` proposed this and may not approve it")
        case .repeated: return approval
        case .counted: break
        }
        if approval.status != .pending {
            metricsRegistry.count(.approvalChanges, ["status": approval.status.rawValue])
        }
        parts.logger.notice(
            "\(decision.rawValue) by \(person.escapedForDisplay()): \(approval.proposal.kind) \(approval.proposal.target)",
            metadata: [
                "event": "vote", "id": .string(approval.id), "actor": .string(person.escapedForDisplay()),
                "decision": .string(decision.rawValue), "status": .string(approval.status.rawValue),
            ])
        hub.publish(StreamEvent(name: "approval", data: approval.json))
        waker.wake(.vote)
        return approval
    }

    // MARK: - Manual proposals

    package func propose(_ request: ManualRequest) async throws(ControlError) -> JSONValue {
        let check = ManualProposal(request)
        let answers = try await propose([check])
        guard let answer = answers.first else { throw .internal("a proposal went unanswered") }
        if let refusal = ControlError(answer: answer) { throw refusal }
        return answer
    }

    /// All of them in one commit, gated in the order given; by the leader where this process is none.
    private func propose(_ requests: [ManualProposal]) async throws(ControlError) -> [JSONValue] {
        guard let term = parts.candidacy.standing.tenure?.term else { return try await submit(requests) }
        var attempt = 1
        while true {
            let now = now()
            do {
                let inputs = try await readInputs(at: now, term: term)
                var proposals: [Proposal] = []
                for request in requests {
                    switch request.proposal(inputs) {
                    case .success(let proposal): proposals.append(proposal)
                    case .failure(let error): throw error
                    }
                }
                let draft = TickDraft.make(manual: proposals, inputs, makeID: idMaker(at: now))
                try await commit(draft, term: term)
                tell(draft, inputs)
                waker.wake(.proposal)
                return draft.judged.map { answer($0, draft, at: now) }
            } catch let error as ControlError {
                throw error
            } catch StoreError.staleTerm {
                return try await submit(requests)
            } catch let error as StoreError {
                guard attempt < 3, error.isOvertaken else { throw error.asControlError }
                attempt += 1
            } catch {
                throw .internal("\(error)")
            }
        }
    }

    func answer(_ judged: JudgedProposal, _ draft: TickDraft, at now: WallTime) -> JSONValue {
        let key = judged.proposal.key
        let decision = draft.commit.decisions.first { $0.proposal.key == key }
        var verdict = decision?.verdict.kind ?? .queueApproval
        var approvalID = decision?.approvalID
        switch judged.judgement {
        case .pending(let approval, _), .updated(let approval, _, _), .granted(let approval): approvalID = approval.id
        case .decided(let decided, _), .standing(let decided): verdict = decided.kind
        case .cooling, .backingOff, .rehearsed, .deferred: break
        }
        return [
            "proposal_id": .string(decision?.id ?? approvalID ?? idMaker(at: now)("proposal")),
            "state": "decided", "kind": .string(key.kind.rawValue), "target": .string(key.target),
            "decision": .string(verdict.rawValue), "reason": .string(judged.judgement.description),
            "approval_id": JSONValue(approvalID), "action_id": JSONValue(decision?.actionID),
        ]
    }

    // MARK: - Holds

    package func pause(_ hold: Hold) async throws(ControlError) -> JSONValue {
        try check(hold.scope)
        do { try await store.place(hold) } catch { throw error.asControlError }
        parts.logger.notice(
            "paused \(hold.scope)",
            metadata: [
                "event": "hold", "scope": .string(hold.scope.description),
                "actor": .string(hold.by.escapedForDisplay()),
                "reason": .string(hold.reason.escapedForDisplay()),
            ])
        await endWhatIsHeld()
        waker.wake(.hold)
        return ["status": "success", "result": hold.json]
    }

    /// Takes back what was planned or asked on held targets. What fails here the next tick does, and the leader's
    /// where this process is none; meanwhile the hold itself lets no claim through.
    private func endWhatIsHeld() async {
        guard let term = parts.candidacy.standing.tenure?.term else { return }
        for _ in 0..<3 {
            let now = now()
            do {
                let inputs = try await readInputs(at: now, term: term)
                let draft = TickDraft.make(holding: inputs, makeID: idMaker(at: now))
                if !draft.commit.isEmpty { try await store.commit(draft.commit, term: term) }
                tell(draft, inputs)
                return
            } catch {
                guard error.isOvertaken else {
                    parts.logger.error(
                        "the hold stands, but what was planned is not cancelled yet",
                        metadata: ["event": "hold", "reason": .string(error.description)])
                    return
                }
            }
        }
    }

    package func resume(_ scope: Hold.Scope, by person: String) async throws(ControlError) -> JSONValue {
        let wasHeld: Bool
        do { wasHeld = try await store.lift(scope) } catch { throw error.asControlError }
        guard wasHeld else { throw .notFound("`\(scope)` is not held") }
        parts.logger.notice(
            "resumed \(scope)",
            metadata: [
                "event": "resume", "scope": .string(scope.description), "actor": .string(person.escapedForDisplay()),
            ])
        waker.wake(.hold)
        return ["status": "success", "result": ["scope": .string(scope.description), "held": false]]
    }

    package func kill(_ hold: Hold) async throws(ControlError) -> JSONValue {
        let paused = try await pause(hold)
        let requests = desired.value.services.filter { spec in
            spec.runtime != Runtime.none && covers(hold.scope, spec) && isThere(snapshot[spec.name])
        }.map { spec in
            ManualProposal(
                ManualRequest(
                    kind: ActionKind.stopService.rawValue, target: spec.name, params: JSONObject(),
                    reason: "kill: \(hold.reason)", requestedBy: hold.by),
                killScope: hold.scope)
        }
        let proposals = try await requests.isEmpty ? [] : propose(requests)
        return ["status": "success", "result": paused["result"] ?? .null, "proposals": .array(proposals)]
    }

    private func check(_ scope: Hold.Scope) throws(ControlError) {
        switch scope {
        case .fleet: break
        case .service(let name):
            guard desired.value[name] != nil else { throw .unprocessable("`\(name)` is not in the registry") }
        case .domain(let name):
            guard desired.value.services.contains(where: { $0.domain == name }) else {
                throw .unprocessable("no service of the registry has the domain `\(name)`")
            }
        }
    }

    private func covers(_ scope: Hold.Scope, _ spec: ServiceSpec) -> Bool {
        switch scope {
        case .fleet: true
        case .domain(let name): spec.domain == name
        case .service(let name): spec.name == name
        }
    }

    /// Something of it may run: all but what is certainly absent or was never seen by docker.
    private func isThere(_ observation: Observation?) -> Bool {
        guard let observation else { return false }
        switch observation.condition {
        case .up, .down: return observation.runtime != nil
        case .absent: return false
        case .unknown(let cause): return observation.runtime != nil || cause.isSourceFailure
        }
    }

    // MARK: - Policy

    package func evaluate(
        _ request: ManualRequest, source: ProposalSource, at time: WallTime?
    ) async throws(ControlError) -> JSONValue {
        let inputs = try await readInputsForRequest(at: time ?? now())
        guard Names.isTarget(request.target) else { throw .unprocessable("`target` is not a name docker takes") }
        var proposal = Proposal(
            kind: ActionKind(rawValue: request.kind), target: request.target, params: request.params, source: source,
            reason: request.reason, requestedBy: request.requestedBy)
        proposal.desiredDigest = inputs.desired[request.target]?.digest ?? ""
        proposal.evidence = inputs.snapshot[request.target]?.evidence ?? ""
        return Gate.verdict(proposal, inputs).json(at: inputs.now, policyDigest: inputs.policy.digest)
    }

    package func overrides() async throws(ControlError) -> JSONValue {
        do {
            return ["overrides": .array(try await store.overrides().map(\.json)), "next_cursor": nil]
        } catch { throw error.asControlError }
    }

    package func addOverride(_ body: JSONObject, by person: String) async throws(ControlError) -> JSONValue {
        let now = now()
        let id = idMaker(at: now)("policy_override")
        let priority: Int
        do {
            priority = try PolicyRule.override(from: body, id: id).priority
        } catch { throw .unprocessable(error.description) }
        let override = StoredOverride(id: id, priority: priority, body: body, createdBy: person, createdAt: now)
        do { try await store.add(override) } catch { throw error.asControlError }
        parts.logger.notice(
            "policy override added", metadata: ["event": "override", "id": .string(id), "actor": .string(person)])
        waker.wake(.policy)
        return override.json
    }

    package func removeOverride(_ id: String, by person: String) async throws(ControlError) {
        let wasThere: Bool
        do { wasThere = try await store.removeOverride(id: id) } catch { throw error.asControlError }
        guard wasThere else { throw .notFound("there is no override `\(id)`") }
        parts.logger.notice(
            "policy override removed", metadata: ["event": "override", "id": .string(id), "actor": .string(person)])
        waker.wake(.policy)
    }

    package func stream() async -> AsyncStream<StreamEvent> { hub.subscribe() }

    /// A reading for an answer that changes nothing; works before a term is held, too.
    func readInputsForRequest(at time: WallTime) async throws(ControlError) -> TickInputs {
        do {
            return try await readInputs(at: time, term: term ?? Term(holder: parts.instance, epoch: 0))
        } catch { throw error.asControlError }
    }
}

extension StoredOverride {
    package var json: JSONValue {
        var object = body
        object["id"] = .string(id)
        object["priority"] = .integer(priority)
        object["created_by"] = .string(createdBy)
        object["created_at"] = .string(createdAt.rfc3339)
        return .object(object)
    }
}

extension UnknownCause {
    var isSourceFailure: Bool {
        if case .sourceFailed = self { true } else { false }
    }
}
