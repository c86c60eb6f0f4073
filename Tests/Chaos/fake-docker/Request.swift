/// One command line, taken apart.
enum Request {
    case question(Words)
    case change(Words)
    /// `fleet …`, which docker does not have: the test's own hand on the fleet.
    case setup(Words)
    case events
    case unknown

    var isSetup: Bool {
        if case .setup = self { true } else { false }
    }

    private static let questions: Set = [
        "ps", "info", "inspect", "image inspect", "service ls", "service inspect", "service ps", "version",
    ]
    private static let changes: Set = [
        "restart", "start", "stop", "rm", "rename", "create", "run", "network connect", "service update",
        "service scale", "service create", "service rollback",
    ]

    init(_ arguments: [String]) {
        let words = Words(arguments)
        if words.verb == "events" {
            self = .events
        } else if words.verb == "fleet" {
            self = .setup(words)
        } else if Request.questions.contains(words.verb) {
            self = .question(words)
        } else if Request.changes.contains(words.verb) {
            self = .change(words)
        } else {
            self = .unknown
        }
    }
}

/// A command line's verb, options and operands. What stands after `--` is an operand, whatever it looks like.
struct Words {
    let verb: String
    let options: [String]
    let operands: [String]

    init(_ arguments: [String]) {
        let isPair = ["service", "network", "image"].contains(arguments.first ?? "")
        verb = arguments.prefix(isPair ? 2 : 1).joined(separator: " ")
        let rest = arguments.dropFirst(isPair ? 2 : 1)
        let dashes = rest.firstIndex(of: "--") ?? rest.endIndex
        options = Array(rest[..<dashes])
        operands = dashes == rest.endIndex ? [] : Array(rest[(dashes + 1)...])
    }

    func value(of option: String) -> String? { values(of: option).first }

    func values(of option: String) -> [String] {
        options.indices.compactMap { options[$0] == option && $0 + 1 < options.count ? options[$0 + 1] : nil }
    }

    func has(_ option: String) -> Bool { options.contains(option) }
}
