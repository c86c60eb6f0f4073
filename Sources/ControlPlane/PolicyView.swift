internal import FleetConfig
package import FleetModel
internal import Store

extension Verdict {
    /// The contract's answer to an evaluation, and what the CLI's `explain` prints.
    package func json(at now: WallTime, policyDigest: String) -> JSONValue {
        .object(
            JSONObject(unique: [
                ("decision", .string(kind.rawValue)), ("reason", .string(reason.description)),
                ("tier", .string(tier.rawValue)), ("rule", rule.json), ("checks", checks.json),
                ("approvals_needed", .integer(approvalsNeeded)), ("earliest", JSONValue(earliest)),
                ("at", .string(now.rfc3339)), ("policy_digest", .string(policyDigest)),
            ]))
    }
}

extension PolicyRule {
    package var json: JSONValue {
        let reference = RuleReference(id: id, origin: origin).json
        return .object(
            JSONObject(unique: [
                ("id", .string(id)), ("origin", reference["origin"] ?? .null), ("line", reference["line"] ?? .null),
                ("kind", .string(kind.pattern)), ("target", .string(target.pattern)),
                ("source", .string(source.pattern)), ("tier", .string(tier.rawValue)),
                ("rate_limit", rateLimit?.json ?? .null), ("blast_radius", blastRadius?.json ?? .null),
                ("maintenance_window", JSONValue(window?.description)), ("approvals", .integer(approvals)),
                ("expires", JSONValue(expires)), ("note", JSONValue(note)),
            ]))
    }
}

extension RateLimit {
    package var json: JSONValue { ["max": .integer(maximum), "window_s": .integer(windowSeconds)] }
}

extension BlastRadius {
    package var json: JSONValue { ["max_targets": .integer(maximumTargets), "window_s": .integer(windowSeconds)] }
}

extension ControlPlane {
    package func policy() async throws(ControlError) -> JSONValue {
        let inputs = try await readInputsForRequest(at: now())
        let policy = inputs.policy
        return .object(
            JSONObject(unique: [
                ("digest", .string(policy.digest)), ("file_digest", .string(policyFile.value.digest)),
                (
                    "defaults",
                    [
                        "tier": .string(policy.defaults.tier.rawValue), "rate_limit": policy.defaults.rateLimit.json,
                        "blast_radius": policy.defaults.blastRadius.json,
                    ]
                ),
                ("options", ["watch_scale_down": .bool(policy.watchScaleDown)]),
                ("rules", .array(policy.rules.map(\.json))),
                ("overrides", .array(inputs.working.overrides.map(\.json))),
                ("last_error", JSONValue(policyFile.failure)),
            ]))
    }

    /// The file's rules with the stored overrides before them. An override that no longer makes a rule (written by a
    /// newer Muster, say) is an unreadable policy: nothing is decided.
    func effectivePolicy(_ stored: [StoredOverride], at now: WallTime) throws(StoreError) -> Policy {
        var overrides: [PolicyOverride] = []
        for override in stored {
            do {
                let (rule, priority) = try PolicyRule.override(from: override.body, id: override.id)
                overrides.append(
                    PolicyOverride(
                        id: override.id, priority: priority, rule: rule, body: override.body,
                        createdBy: override.createdBy, createdAt: override.createdAt))
            } catch {
                throw .corrupt("policy override `\(override.id)`: \(error)")
            }
        }
        return policyFile.value.overlaid(with: overrides, at: now)
    }
}
