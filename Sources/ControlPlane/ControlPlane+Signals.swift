internal import Autoscaler
package import FleetModel
internal import Leadership
internal import Logging
internal import Signals
internal import Store

/// What was last read of the signals, by source: one is read anew without the other.
struct SignalReadings: Sendable {
    var prometheus: [String: SignalReading] = [:]
    var gauges: [String: SignalReading] = [:]
    var round = 0
    var readAt: WallTime?

    var all: [String: SignalReading] { prometheus.merging(gauges) { $1 } }
}

/// Reading signals, beside the ticks: a slow Prometheus holds no tick up. A tick evaluates what was read last.
extension ControlPlane {
    /// All signals at each interval, and when leadership was gained.
    func keepReadingSignals() async {
        guard parts.settings.autoscalerEnabled else { return }
        signalWaker.wake(.interval)
        for await _ in signalWaker.wakes {
            await readSignals()
            if Task.isCancelled { return }
        }
    }

    func keepSignalTime() async {
        guard parts.settings.autoscalerEnabled else { return }
        while !Task.isCancelled {
            await parts.sleep(.seconds(parts.settings.autoscalerIntervalSeconds))
            signalWaker.wake(.interval)
        }
    }

    /// Gauges alone, when some were pushed, here or at another instance.
    func keepReadingGauges() async {
        guard parts.settings.autoscalerEnabled else { return }
        for await _ in gaugeWaker.wakes {
            if isLeading {
                signals.gauges = await gaugeReadings(SignalRequest.all(desired.value))
                signals.round += 1
                waker.wake(.signal)
            }
            if Task.isCancelled { return }
        }
    }

    /// Only who leads reads: the others would ask Prometheus for nothing.
    private var isLeading: Bool { parts.candidacy.standing.tenure != nil }

    /// Called by the loop alone, and by tests that tick by hand.
    package func readSignals() async {
        guard isLeading else {
            signals = SignalReadings(round: signals.round)
            return
        }
        let requests = desired.value.hasScaling ? SignalRequest.all(desired.value) : []
        guard !requests.isEmpty else {
            signals = SignalReadings(round: signals.round, readAt: now())
            return
        }
        let started = ContinuousClock.now
        async let fromPrometheus = parts.signals.readPrometheus(requests)
        let gauges = await gaugeReadings(requests)
        let prometheus = await fromPrometheus
        metricsRegistry.observe(.signalReadDuration, seconds: (ContinuousClock.now - started).seconds)
        for (_, reading) in prometheus { count(reading, from: "prometheus") }
        for (_, reading) in gauges { count(reading, from: "gauges") }
        signals.prometheus = prometheus
        signals.gauges = gauges
        signals.readAt = now()
        signals.round += 1
        waker.wake(.signal)
    }

    private func count(_ reading: SignalReading, from source: String) {
        switch reading {
        case .sample: metricsRegistry.count(.signalReads, ["source": source, "result": "sample"])
        case .missing(let reason):
            metricsRegistry.count(.signalReads, ["source": source, "result": reason.word])
        }
    }

    private func gaugeReadings(_ requests: [SignalRequest]) async -> [String: SignalReading] {
        let pushed = requests.filter { parts.signals.isPushed($0.definition) }
        guard !pushed.isEmpty else { return [:] }
        do throws(StoreError) {
            return parts.signals.readGauges(pushed, try await store.gauges(since: now().adding(seconds: -86_400)))
        } catch {
            let reason = NoSignal.sourceFailed(error.description)
            return Dictionary(pushed.map { ($0.service, .missing(reason)) }) { first, _ in first }
        }
    }

    /// The signals of some services, read now: for who asks while this process does not lead.
    private func readNow(_ requests: [SignalRequest]) async -> [String: SignalReading] {
        let gauges = await gaugeReadings(requests)
        return await parts.signals.readPrometheus(requests).merging(gauges) { $1 }
    }

    // MARK: - Evaluating

    /// The evaluation for a tick's inputs. A follower evaluates nothing: its leader does. Nor does a leader that has
    /// not read the signals yet: a sample that nobody looked for is not missing, and would break every streak.
    func evaluateScaling(_ inputs: TickInputs) -> ScalingView {
        var view = ScalingView()
        view.round = signals.round
        view.lastPoints = lastPoints
        guard isScaling, signals.readAt != nil, inputs.desired.hasScaling else { return view }
        let scaling = ScalingStage.inputs(
            inputs, readings: signals.all, budget: ScalingStage.budget(inputs))
        view.evaluation = Autoscaler.evaluate(scaling, now: inputs.now)
        return view
    }

    /// Only a leader's evaluations count.
    var isScaling: Bool { parts.settings.autoscalerEnabled && isLeading }

    /// After a tick's commit: what the metrics say of each scaled service, and which points are kept.
    func tellScaling(_ draft: TickDraft, _ inputs: TickInputs) {
        for point in draft.commit.scalingPoints { lastPoints[point.service] = point }
        let evaluations = inputs.scaling.evaluation.services
        if lastPoints.count > evaluations.count {
            lastPoints = lastPoints.filter { inputs.scaling.evaluation[$0.key] != nil }
        }
        metricsRegistry.replace(
            .scalingValue,
            evaluations.compactMap { evaluation in
                evaluation.sample.map { (["service": evaluation.service], $0.value) }
            })
        metricsRegistry.replace(
            .scalingCurrent,
            evaluations.compactMap { evaluation in
                evaluation.arithmetic.map { (["service": evaluation.service], Double($0.current)) }
            })
        metricsRegistry.replace(
            .scalingDesired,
            evaluations.compactMap { evaluation in
                evaluation.arithmetic.map { (["service": evaluation.service], Double($0.desired)) }
            })
        metricsRegistry.replace(
            .scalingReason, evaluations.map { (["service": $0.service, "reason": $0.verdict.word], 1) })
        for update in draft.commit.approvalUpdates {
            guard let before = inputs.working.openApprovals.first(where: { $0.id == update.id }) else { continue }
            let approval = before.updated(update, at: inputs.now)
            hub.publish(StreamEvent(name: "approval", data: approval.json))
            parts.logger.notice(
                "approval updated: \(approval.proposal.kind) \(approval.proposal.target)",
                metadata: [
                    "event": "approval", "id": .string(approval.id), "status": .string(approval.status.rawValue),
                    "resolution": .string(update.resolution.escapedForDisplay()),
                ])
        }
    }

    // MARK: - Requests

    package func pushSignals(_ body: JSONObject, by person: String) async throws(ControlError) -> JSONValue {
        let pushed: PushedSignals
        do throws(PushedSignals.Refusal) {
            pushed = try PushedSignals(
                body, by: person, desired: desired.value, reader: parts.signals, now: now())
        } catch { throw .unprocessable(error.description) }
        let samples = pushed.samples
        if samples.isEmpty, case .failure(let refusal) = pushed.items.first?.outcome {
            throw .unprocessable(refusal.description)
        }
        var kept: [Bool]
        do { kept = try await store.keep(gauges: samples, at: now()) } catch { throw error.asControlError }
        let accepted = kept.count { $0 }
        let answers = pushed.items.map { item -> JSONValue in
            var reason: String?
            switch item.outcome {
            case .failure(let refusal): reason = refusal.description
            case .success where kept.removeFirst(): break
            case .success: reason = "a sample of the same time or a newer one is there already"
            }
            return [
                "service": JSONValue(item.service), "signal": JSONValue(item.signal),
                "accepted": .bool(reason == nil), "reason": JSONValue(reason),
            ]
        }
        if accepted > 0 { gaugeWaker.wake(.signal) }
        return ["status": "success", "accepted": .integer(accepted), "signals": .array(answers)]
    }

    package func scalingHistory(
        _ name: String, since: WallTime?, limit: Int
    ) async throws(ControlError) -> JSONValue {
        guard let spec = desired.value[name] else {
            throw .notFound("`\(name.escapedForDisplay())` is not in the registry")
        }
        let from = since ?? now().adding(seconds: -ScalingPoint.keptSeconds)
        do {
            let points = try await store.scalingPoints(service: name, since: from, limit: limit)
            return [
                "service": .string(name), "scaling": spec.scaling?.json ?? .null,
                "points": .array(points.map(\.json)),
            ]
        } catch { throw error.asControlError }
    }

    /// What an evaluation would say now, with every number and guard; with `value` what it would say if that were read.
    package func explainScaling(_ name: String, value: Double?) async throws(ControlError) -> JSONValue {
        let inputs = try await readInputsForRequest(at: now())
        guard let spec = inputs.desired[name] else {
            throw .notFound("`\(name.escapedForDisplay())` is not in the registry")
        }
        guard let scaling = spec.scaling else {
            throw .unprocessable("`\(name)` has no valid `scaling:` block")
        }
        guard parts.settings.autoscalerEnabled else {
            throw .unprocessable("the autoscaler is switched off (`FLEET_AUTOSCALER`)")
        }
        let definition = inputs.desired.signals[scaling.signal]
        var only = inputs
        only.desired = DesiredState(
            services: [spec], hosts: inputs.desired.hosts, signals: inputs.desired.signals,
            digest: inputs.desired.digest)
        var readings = signals.all.filter { $0.key == name }
        if let definition {
            let request = SignalRequest(service: name, definition: definition)
            if let value {
                readings[name] = .sample(
                    SignalSample(
                        service: name, signal: definition.name, value: value, unit: definition.unit,
                        aggregation: definition.aggregation, source: .supposed, at: inputs.now))
            } else if readings[name] == nil {
                readings = await readNow([request])
            }
        }
        let evaluation = Autoscaler.evaluate(
            ScalingStage.inputs(only, readings: readings, budget: inputs.settings.maximumActions), now: inputs.now)
        guard let found = evaluation.services.first else { throw .internal("the evaluation left `\(name)` out") }
        let proposal = evaluation.proposals.first
        return [
            "service": .string(name), "at": .string(inputs.now.rfc3339), "scaling": scaling.json,
            "signal": definition?.json ?? .null, "reason": .string(evaluation.reason(of: found)),
            "evaluation": found.json, "lines": JSONValue(Explanation.lines(found, scaling)),
            "proposal": proposal.map { ["kind": .string($0.kind.rawValue), "params": .object($0.params)] } ?? .null,
            "decision": proposal.map {
                Gate.verdict($0, inputs).json(at: inputs.now, policyDigest: inputs.policy.digest)
            } ?? .null,
        ]
    }
}

extension SignalDefinition {
    var json: JSONValue {
        [
            "name": .string(name), "aggregation": .string(aggregation.rawValue), "unit": .string(unit),
            "max_age_s": .integer(maximumAgeSeconds), "query": JSONValue(query),
        ]
    }
}
