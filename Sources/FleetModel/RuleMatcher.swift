/// The patterns of all rules of a policy, side by side in one run of bytes.
///
/// Most of a decision's time would go into counting references to rules that do not match. Here a rule that does
/// not match costs a few compared bytes.
struct RuleMatcher: Sendable {
    /// Per rule: the length of the rest in two bytes, then for kind, target and source the program's length in two
    /// bytes and the program. The high byte comes first.
    private let programs: [UInt8]

    init(_ rules: [PolicyRule]) {
        var programs: [UInt8] = []
        for rule in rules {
            let patterns = [rule.kind, rule.target, rule.source].map(\.program)
            programs += RuleMatcher.bytes(patterns.reduce(0) { $0 + 2 + $1.count })
            for pattern in patterns { programs += RuleMatcher.bytes(pattern.count) + pattern }
        }
        self.programs = programs
    }

    private static func bytes(_ length: Int) -> [UInt8] {
        [UInt8(length >> 8), UInt8(length & 255)]
    }

    /// The index of the first rule whose three patterns match and that `isInForce` says yes to.
    func first(kind: String, target: String, source: String, where isInForce: (Int) -> Bool) -> Int? {
        var (kind, target, source) = (kind, target, source)
        return kind.withUTF8 { kind in
            target.withUTF8 { target in
                source.withUTF8 { source in
                    programs.withUnsafeBufferPointer { programs in
                        RuleMatcher.first(programs, kind, target, source, isInForce)
                    }
                }
            }
        }
    }

    private static func first(
        _ programs: UnsafeBufferPointer<UInt8>, _ kind: UnsafeBufferPointer<UInt8>,
        _ target: UnsafeBufferPointer<UInt8>, _ source: UnsafeBufferPointer<UInt8>, _ isInForce: (Int) -> Bool
    ) -> Int? {
        var rule = 0
        var position = 0
        while position < programs.count {
            let end = position + 2 + length(programs, position)
            position += 2
            if matches(programs, &position, kind), matches(programs, &position, target),
                matches(programs, &position, source), isInForce(rule)
            {
                return rule
            }
            position = end
            rule += 1
        }
        return nil
    }

    /// Runs the program at `position` and moves behind it.
    private static func matches(
        _ programs: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ text: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let start = position + 2
        position = start + length(programs, position)
        return Glob.matches(program: UnsafeBufferPointer(rebasing: programs[start..<position]), text)
    }

    private static func length(_ programs: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        Int(programs[position]) << 8 | Int(programs[position + 1])
    }
}

extension Policy {
    /// The index of the first rule whose kind, target and source match and that has not expired; a rule expires at
    /// its `expires`. Nil where the defaults decide.
    package func indexOfRule(matching proposal: Proposal, at now: WallTime) -> Int? {
        matcher.first(kind: proposal.kind.rawValue, target: proposal.target, source: proposal.source.rawValue) {
            rules[$0].expires.map { now < $0 } ?? true
        }
    }
}
