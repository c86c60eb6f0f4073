package import FleetModel

/// What is checked of an action by itself, at dispatch, whatever was checked when it was proposed: between the two
/// lie a store and perhaps another version of Muster (reliability.md, targets are refused at load and at dispatch).
package enum ActionValidation {
    package static let replicas = 0...100_000

    /// Why the action must not reach a runtime; nil when it may.
    package static func problem(_ proposal: Proposal) -> String? {
        guard ActionKind.builtIn.contains(proposal.kind) else {
            let kinds = ActionKind.builtIn.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            return "no actuator carries out `\(shown(proposal.kind.rawValue))`; known kinds are \(kinds)"
        }
        guard Names.isTarget(proposal.target) else {
            return "target `\(shown(proposal.target))` is not a name that docker takes: "
                + "expected 1 to 128 letters, digits, `_`, `.` or `-`, a letter or digit first"
        }
        switch proposal.kind {
        case .scaleService: return scaleProblem(proposal.params)
        case .deployService: return deployProblem(proposal.params)
        default: return nil
        }
    }

    private static func scaleProblem(_ params: JSONObject) -> String? {
        guard let wanted = params["replicas"]?.integer, replicas.contains(wanted) else {
            return "`replicas` must be a whole number from 0 to 100000, got \(shown(params["replicas"]))"
        }
        if let from = params["from_replicas"], from.integer == nil {
            return "`from_replicas` must be a whole number, got \(shown(from))"
        }
        return nil
    }

    private static func deployProblem(_ params: JSONObject) -> String? {
        if let image = params["image"] {
            guard let text = image.string, ImageReference(text) != nil else {
                return "`image` must be an image name such as `example/app:1.2`, got \(shown(image))"
            }
        }
        if let from = params["from_image"], from.string == nil {
            return "`from_image` must be a text, got \(shown(from))"
        }
        if let create = params["create"], create.bool == nil {
            return "`create` must be true or false, got \(shown(create))"
        }
        return nil
    }

    private static func shown(_ value: JSONValue?) -> String {
        value.map { "`\(shown($0.text))`" } ?? "nothing"
    }

    private static func shown(_ text: String) -> String { text.escapedForDisplay(maximumLength: 100) }
}
