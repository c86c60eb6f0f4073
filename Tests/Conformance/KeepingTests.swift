import FleetModel
import Store
import Testing

/// Holds, overrides, kept answers; and that everything outlives the process.
@Suite struct KeepingTests {
    @Test(arguments: Backend.allCases, [1, 2, 3] as [UInt64])
    func `holds are one per scope and read back exactly`(backend: Backend, seed: UInt64) async throws {
        try await withStore(backend) { store in
            var rows = Rows(seed: seed)
            var expected: [Hold.Scope: Hold] = [:]
            let scopes: [Hold.Scope] = [.fleet, .domain("data"), .service("data"), .service("web")]
            for _ in 0..<20 {
                let scope = try #require(scopes.randomElement(using: &rows.random))
                if rows.chance() {
                    let hold = Hold(
                        scope: scope, reason: rows.text(), by: rows.text(), at: rows.time(),
                        until: rows.chance() ? rows.time() : nil)
                    try await store.place(hold)
                    expected[scope] = hold
                } else {
                    #expect(try await store.lift(scope) == (expected.removeValue(forKey: scope) != nil))
                }
                #expect(Set(try await store.holds()) == Set(expected.values))
                #expect(Set(try await store.workingSet().holds) == Set(expected.values))
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `overrides come highest priority first and go by id`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows(seed: 5)
            let overrides = [(1, 0), (9, 5), (9, 2), (-3, 1)].enumerated().map { index, order in
                StoredOverride(
                    id: "override:\(index)", priority: order.0, body: rows.object(), createdBy: rows.text(),
                    createdAt: Rows.start.adding(seconds: order.1))
            }
            for override in overrides { try await store.add(override) }
            let expected = [2, 1, 0, 3].map { overrides[$0] }
            #expect(try await store.overrides() == expected)
            #expect(try await store.workingSet().overrides == expected)
            do {
                try await store.add(overrides[0])
                Issue.record("a second override of the same id was taken")
            } catch StoreError.conflict {
                // As promised.
            }
            #expect(try await store.removeOverride(id: "override:1"))
            #expect(try await !store.removeOverride(id: "override:1"))
            #expect(try await store.overrides().map(\.id) == ["override:2", "override:0", "override:3"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `the first answer kept under a key stays for a day`(backend: Backend) async throws {
        try await withStore(backend) { store in
            func answer(_ key: String, _ body: String, after seconds: Int) -> IdempotentAnswer {
                IdempotentAnswer(
                    key: key, fingerprint: "f-\(body)", status: 202, body: body, at: Rows.start.adding(seconds: seconds)
                )
            }
            #expect(try await store.idempotentAnswer(key: "k") == nil)
            let first = answer("k", "{\"n\":1}", after: 0)
            try await store.keep(first)
            try await store.keep(answer("k", "{\"n\":2}", after: 60))
            #expect(try await store.idempotentAnswer(key: "k") == first)
            try await store.keep(answer("other", "{}", after: 86_400))
            #expect(try await store.idempotentAnswer(key: "k") == first)
            let later = answer("k", "{\"n\":3}", after: 86_401)
            try await store.keep(later)
            #expect(try await store.idempotentAnswer(key: "k") == later)
        }
    }

    @Test(arguments: Backend.allCases)
    func `everything is there after opening again`(backend: Backend) async throws {
        try await Place.with(backend) { place in
            var rows = Rows()
            let store = try place.open()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            _ = try await store.planApproved(&rows, target: "web", term)
            let (decision, action) = rows.spend(target: "db")
            let report = rows.report("1", at: rows.now)
            try await store.tick(term) { commit in
                commit.decisions = [decision]
                commit.newActions = [action]
                commit.report = report
            }
            try await store.place(Hold(scope: .fleet, reason: "r", by: "ana", at: rows.now))
            let before = try await store.workingSet()
            let head = try await store.ledgerHead()
            await store.close()

            let again = try place.open()
            let after = try await again.workingSet()
            #expect(after.openApprovals == before.openApprovals && !after.openApprovals.isEmpty)
            #expect(after.openActions == before.openActions && after.openActions.count == 2)
            #expect(after.holds == before.holds && !after.holds.isEmpty)
            #expect(after.lastDecisions == before.lastDecisions && !after.lastDecisions.isEmpty)
            #expect(try await again.reports(ListQuery()).items == [report])
            #expect(try await LedgerChain.verify(again) == .intact(entries: 1, head: head.hash))
            #expect(try await again.acquireTerm(holder: "b", at: rows.now).epoch == term.epoch + 1)
            await again.close()
        }
    }

    @Test(arguments: Backend.allCases)
    func `a closed store says that it is not available`(backend: Backend) async throws {
        try await Place.with(backend) { place in
            let store = try place.open()
            let term = try await store.acquireTerm(holder: "a", at: Rows.start)
            await store.close()
            await store.close()
            let uses: [(String, @Sendable () async throws -> Void)] = [
                ("revision", { _ = try await store.revision() }), ("workingSet", { _ = try await store.workingSet() }),
                ("commit", { _ = try await store.commit(TickCommit(ledgerHead: 0, at: Rows.start), term: term) }),
                ("holds", { _ = try await store.holds() }),
                ("place", { try await store.place(Hold(scope: .fleet, reason: "", by: "", at: Rows.start)) }),
            ]
            for (name, use) in uses {
                do {
                    try await use()
                    Issue.record("`\(name)` answered")
                } catch StoreError.unavailable {
                    // As promised.
                }
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a write whose task was cancelled is written all the same`(backend: Backend) async throws {
        try await withStore(backend) { store in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await store.place(Hold(scope: .fleet, reason: "r", by: "ana", at: Rows.start))
            }
            try await task.value
            #expect(try await store.holds().count == 1)
        }
    }
}
