import FleetModel

/// Finds what `depends_on` names that does not exist, and every cycle, without recursion.
struct DependencyCheck {
    let services: [ServiceSpec]
    let index: [String: Int]

    /// So many cycles are written out. A long chain that closes at every link would otherwise take quadratic time.
    private static let shownCycles = 100

    private enum Colour: UInt8 {
        case unseen
        case onPath
        case done
    }

    /// Calls `report` with the service's position, the position in its `depends_on`, and what is wrong there.
    func run(_ report: (Int, Int, String) -> Void) {
        var colours = [Colour](repeating: .unseen, count: services.count)
        var path: [(service: Int, next: Int)] = []
        var cycles = 0
        for root in services.indices where colours[root] == .unseen && !services[root].dependsOn.isEmpty {
            path.append((root, 0))
            colours[root] = .onPath
            while let (service, ordinal) = path.last {
                guard ordinal < services[service].dependsOn.count else {
                    colours[service] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let name = services[service].dependsOn[ordinal]
                guard let needed = index[name] else {
                    report(service, ordinal, unknown(name))
                    continue
                }
                switch colours[needed] {
                case .done: break
                case .onPath:
                    cycles += 1
                    let isShown = cycles <= DependencyCheck.shownCycles
                    report(
                        service, ordinal,
                        isShown
                            ? cycle(path.map(\.service), closing: needed) : "`depends_on` goes round in a circle")
                case .unseen:
                    colours[needed] = .onPath
                    path.append((needed, 0))
                }
            }
        }
    }

    private func unknown(_ name: String) -> String {
        // Comparing with each of 100,000 names for each of a thousand errors would take minutes.
        guard services.count <= 1000, let nearest = nearestName(to: name, among: services.map(\.name)) else {
            return "`depends_on` names `\(name)`, which is no service of this fleet"
        }
        return "`depends_on` names `\(name)`, which is no service of this fleet; the nearest one is `\(nearest)`"
    }

    private func cycle(_ path: [Int], closing needed: Int) -> String {
        let start = path.firstIndex(of: needed) ?? 0
        var names = (path[start...] + [needed]).map { "`\(services[$0].name)`" }
        if names.count > 12 { names.replaceSubrange(6..<names.count - 5, with: ["…"]) }
        return "`depends_on` goes round in a circle: " + names.joined(separator: " -> ")
    }
}
