import FleetModel
import Testing

@Suite struct LedgerViewTests {
    private let now = WallTime(rfc3339: "2026-11-21T01:30:00Z")!

    @Test("what a view counts agrees with counting the list, in whatever order it was filled", arguments: 0..<50)
    func windows(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let kinds: [ActionKind] = [.restartService, .scaleService]
        let spends = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
            (
                key: ActionKey(
                    kind: kinds.randomElement(using: &generator)!,
                    target: "t\(Int.random(in: 0..<6, using: &generator))"),
                at: now.adding(seconds: -.random(in: -3...100, using: &generator))
            )
        }
        let view = LedgerView(head: 7, spends: spends)
        #expect(view.head == 7)
        for window in [0, 1, 30, 100, 1000] {
            let inWindow = spends.filter { $0.at > now.adding(seconds: -window) }
            for kind in kinds + [.stopService] {
                let ofKind = inWindow.filter { $0.key.kind == kind }
                let targets = Dictionary(grouping: ofKind, by: \.key.target).mapValues { $0.map(\.at).max()! }
                #expect(view.targets(kind, windowSeconds: window, now: now) == targets)
                for target in ["t0", "t1", "other"] {
                    let key = ActionKey(kind: kind, target: target)
                    let times = ofKind.filter { $0.key.target == target }.map(\.at).sorted()
                    #expect(view.spends(key, windowSeconds: window, now: now) == times)
                    let use = view.use(
                        of: key, rateLimit: RateLimit(maximum: 2, windowSeconds: window),
                        blastRadius: BlastRadius(maximumTargets: 2, windowSeconds: window), now: now)
                    #expect(use.rate.used == times.count)
                    #expect(use.rate.isUsedUp == (times.count >= 2))
                    #expect(use.blast.used == targets.count)
                    #expect(use.blast.isUsedUp == (targets[target] == nil && targets.count >= 2))
                }
            }
        }
    }

    @Test("a budget frees itself when enough of the oldest spends are as old as its window")
    func frees() {
        let key = ActionKey(kind: .restartService, target: "api")
        let view = LedgerView(head: 1, spends: [50, 40, 30].map { (key: key, at: now.adding(seconds: -$0)) })
        func frees(_ maximum: Int) -> WallTime? {
            view.use(
                of: key, rateLimit: RateLimit(maximum: maximum, windowSeconds: 60),
                blastRadius: BlastRadius(maximumTargets: 1, windowSeconds: 60), now: now
            ).rate.freesAt
        }
        #expect(frees(4) == now)
        #expect(frees(3) == now.adding(seconds: 10))
        #expect(frees(2) == now.adding(seconds: 20))
        #expect(frees(1) == now.adding(seconds: 30))
        #expect(frees(0) == nil)
    }
}
