import FleetModel
import Store
import Testing

@Suite struct TermTests {
    @Test(arguments: Backend.allCases)
    func `epochs only grow, whoever asks`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var terms: [Term] = []
            for holder in ["a", "b", "a"] { terms.append(try await store.acquireTerm(holder: holder, at: Rows.start)) }
            #expect(terms == [Term(holder: "a", epoch: 1), Term(holder: "b", epoch: 2), Term(holder: "a", epoch: 3)])
        }
    }

    @Test(arguments: Backend.allCases)
    func `terms asked for at once are all different`(backend: Backend) async throws {
        try await withStore(backend) { store in
            let epochs = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await store.acquireTerm(holder: "a", at: Rows.start).epoch }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(epochs == Set(1...20))
        }
    }

    enum Write: CaseIterable, Sendable {
        case emptyCommit, commit, claim, finish
    }

    @Test(arguments: Backend.allCases, Write.allCases)
    func `every write of an older term is refused and changes nothing`(backend: Backend, write: Write) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let old = try await store.acquireTerm(holder: "a", at: rows.now)
            let action = try await store.plan(rows.action(target: "web"), old)
            let new = try await store.acquireTerm(holder: "b", at: rows.now)
            let revision = try await store.revision()
            let impostor = Term(holder: "a", epoch: new.epoch)
            let extra = rows.action(target: "db")

            for term in [old, impostor, Term(holder: "b", epoch: new.epoch + 1)] {
                await #expect(throws: StoreError.staleTerm(current: 2), "\(term)") {
                    switch write {
                    case .emptyCommit: try await store.tick(term) { _ in }
                    case .commit: try await store.tick(term) { $0.newActions = [extra] }
                    case .claim:
                        _ = try await store.claim(actionID: action.id, commands: [], at: Rows.start, term: term)
                    case .finish:
                        _ = try await store.finish(
                            actionID: action.id, ActionOutcome(.cancelled, "no"), at: Rows.start, term: term)
                    }
                }
            }
            #expect(try await store.revision() == revision)
            #expect(try await store.action(id: action.id)?.state == .planned)
        }
    }
}
