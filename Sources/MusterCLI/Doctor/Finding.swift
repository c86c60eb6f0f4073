package import FleetModel

/// What `muster doctor` says of one thing it looked at.
package struct Finding: Equatable, Sendable {
    package enum Level: String, Sendable {
        case ok
        /// It works, but not as well as it should.
        case warn
        /// The daemon would not start or could not do its work.
        case fail
    }

    package var check: String
    package var level: Level
    /// Never holds a secret's value.
    package var message: String
    /// What to do about it; nil where there is nothing to do.
    package var advice: String?

    package static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, level: .ok, message: message)
    }

    package static func warn(_ check: String, _ message: String, do advice: String) -> Finding {
        Finding(check: check, level: .warn, message: message, advice: advice)
    }

    package static func fail(_ check: String, _ message: String, do advice: String) -> Finding {
        Finding(check: check, level: .fail, message: message, advice: advice)
    }

    package var json: JSONValue {
        [
            "check": .string(check), "level": .string(level.rawValue), "message": .string(message),
            "advice": JSONValue(advice),
        ]
    }
}

/// All findings as JSON and as text.
package enum FindingsView {
    package static func json(_ findings: [Finding]) -> JSONValue {
        ["status": .string(worst(findings).rawValue), "findings": .array(findings.map(\.json))]
    }

    package static func worst(_ findings: [Finding]) -> Finding.Level {
        for level in [Finding.Level.fail, .warn] where findings.contains(where: { $0.level == level }) { return level }
        return .ok
    }

    package static func lines(_ findings: [Finding], on terminal: Terminal) -> [String] {
        let indent = (findings.map(\.check.displayWidth).max() ?? 0) + 8
        let room = max(20, terminal.width - indent)
        return findings.flatMap { finding in
            let level = terminal.styled(finding.level.rawValue.padded(to: 4), style(finding.level))
            let head = "\(level)  \(finding.check.padded(to: indent - 8))  "
            let text = finding.message.escapedForDisplay().wrapped(to: room)
            let advice = finding.advice.map { "-> \($0)".escapedForDisplay().wrapped(to: room) } ?? []
            let margin = String(repeating: " ", count: indent)
            return [head + text[0]] + text.dropFirst().map { margin + $0 }
                + advice.map { margin + terminal.styled($0, .bold) }
        }
    }

    private static func style(_ level: Finding.Level) -> TextStyle {
        switch level {
        case .ok: .good
        case .warn: .warning
        case .fail: .bad
        }
    }
}
