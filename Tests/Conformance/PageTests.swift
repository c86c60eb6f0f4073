import FleetModel
import Store
import Testing

/// A list as this suite walks it: ids only.
enum List: CaseIterable, Sendable {
    case decisions, approvals, actions, reports

    func page(_ store: any FleetStore, _ query: ListQuery) async throws -> Page<String> {
        switch self {
        case .decisions: try await store.decisions(query).map { $0.json["id"]?.string ?? "" }
        case .approvals: try await store.approvals(query).map(\.id)
        case .actions: try await store.actions(query).map(\.id)
        case .reports: try await store.reports(query).map(\.id)
        }
    }

    /// Adds one row and returns its id.
    func add(_ store: any FleetStore, _ rows: inout Rows, _ term: Term) async throws -> String {
        let target = "svc-\(UInt32.random(in: 0...UInt32.max, using: &rows.random))"
        let decision = rows.decision(rows.proposal(target: target))
        let approval = rows.approval(target: target)
        let action = rows.action(target: target)
        let report = rows.report(target, at: rows.now)
        try await store.tick(term, at: rows.now) { commit in
            switch self {
            case .decisions: commit.decisions = [decision]
            case .approvals: commit.newApprovals = [approval]
            case .actions: commit.newActions = [action]
            case .reports: commit.report = report
            }
        }
        switch self {
        case .decisions: return decision.id
        case .approvals: return approval.id
        case .actions: return action.id
        case .reports: return report.id
        }
    }
}

extension Page {
    fileprivate func map<Other>(_ transform: (Item) -> Other) -> Page<Other> {
        Page<Other>(items: items.map(transform), nextCursor: nextCursor)
    }
}

@Suite struct PageTests {
    @Test(arguments: Backend.allCases, List.allCases)
    func `pages go through everything once, newest first, while rows are added`(
        backend: Backend, list: List
    ) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            var ids: [String] = []
            for index in 0..<23 {
                // Several rows in one millisecond: the order needs its second key.
                rows.now = Rows.start.adding(milliseconds: Int64(index / 4))
                ids.append(try await list.add(store, &rows, term))
            }
            rows.now = Rows.start.adding(seconds: 10)
            var seen: [String] = []
            var cursor: String?
            var pages = 0
            repeat {
                let page = try await list.page(store, ListQuery(limit: 5, cursor: cursor))
                seen += page.items
                cursor = page.nextCursor
                pages += 1
                _ = try await list.add(store, &rows, term)
            } while cursor != nil && pages < 50
            #expect(seen.count == 23)
            #expect(Set(seen) == Set(ids))
            if list == .decisions { #expect(seen == ids.reversed()) }
            let all = try await list.page(store, ListQuery()).items
            #expect(Array(all.dropFirst(pages)) == seen)
        }
    }

    @Test(arguments: Backend.allCases, List.allCases)
    func `a full last page has no cursor`(backend: Backend, list: List) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            #expect(try await list.page(store, ListQuery()).items.isEmpty)
            for _ in 0..<4 { _ = try await list.add(store, &rows, term) }
            let page = try await list.page(store, ListQuery(limit: 4))
            #expect(page.items.count == 4 && page.nextCursor == nil)
        }
    }

    @Test(arguments: Backend.allCases, List.allCases)
    func `what the list did not hand out is refused`(backend: Backend, list: List) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            var foreign: String?
            for other in List.allCases {
                for _ in 0..<2 { _ = try await other.add(store, &rows, term) }
                if other != list { foreign = try await other.page(store, ListQuery(limit: 1)).nextCursor }
            }
            let own = try #require(try await list.page(store, ListQuery(limit: 1)).nextCursor)
            let queries =
                [
                    "", "x", "zz", "00", "ff", "é", String(own.dropLast()), "00" + own,
                    String(repeating: "a", count: 5000),
                    try #require(foreign),
                ].map { ListQuery(cursor: $0) } + [0, -1, 1001].map { ListQuery(limit: $0) }
            for query in queries {
                do {
                    let page = try await list.page(store, query)
                    // A cursor cut within its id is a place all the same; it must not fail otherwise.
                    #expect(query.cursor == String(own.dropLast(2)), "\(query) gave \(page.items)")
                } catch StoreError.badRequest {
                    // As promised.
                }
            }
        }
    }

    struct Filter: Sendable, CustomTestStringConvertible {
        var note: String
        var query: ListQuery
        var targets: [String]
        var testDescription: String { note }
    }

    static let filters: [Filter] = [
        Filter(note: "none", query: ListQuery(), targets: ["d", "c", "b", "a"]),
        Filter(note: "kind", query: ListQuery(kind: "stop_service"), targets: ["c"]),
        Filter(note: "target", query: ListQuery(target: "b"), targets: ["b"]),
        Filter(
            note: "since, itself included", query: ListQuery(since: Rows.start.adding(seconds: 2)), targets: ["d", "c"]),
        Filter(note: "since, past all", query: ListQuery(since: Rows.start.adding(seconds: 9)), targets: []),
        Filter(
            note: "all at once", query: ListQuery(kind: "restart_service", target: "d", since: Rows.start),
            targets: ["d"]),
        Filter(note: "no such kind", query: ListQuery(kind: "no' OR '1'='1"), targets: []),
    ]

    @Test(arguments: Backend.allCases, filters)
    func `filters let through what they name`(backend: Backend, filter: Filter) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            for (index, target) in ["a", "b", "c", "d"].enumerated() {
                rows.now = Rows.start.adding(seconds: index)
                let kind: ActionKind = target == "c" ? .stopService : .restartService
                let (decision, action) = rows.spend(kind, target: target)
                let approval = rows.approval(kind, target: target)
                try await store.tick(term, at: rows.now) { commit in
                    commit.decisions = [decision]
                    commit.newActions = [action]
                    commit.newApprovals = [approval]
                }
            }
            let decisions = try await store.decisions(filter.query).items.map { $0.json["target"]?.string }
            #expect(decisions == filter.targets)
            #expect(try await store.approvals(filter.query).items.map(\.proposal.target) == filter.targets)
            #expect(try await store.actions(filter.query).items.map(\.proposal.target) == filter.targets)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the state filter means verdict, status and state`(backend: Backend) async throws {
        try await withStore(backend) { store in
            var rows = Rows()
            let term = try await store.acquireTerm(holder: "a", at: rows.now)
            let decisions = VerdictKind.allCases.map { rows.decision(rows.proposal(target: $0.rawValue), $0) }
            let approvals = ApprovalStatus.allCases.map { rows.approval(target: $0.rawValue, status: $0) }
            let actions = ActionState.allCases.map { state in
                var action = rows.action(target: state.rawValue)
                action.state = state
                return action
            }
            try await store.tick(term) { commit in
                commit.decisions = decisions
                commit.newApprovals = approvals
                commit.newActions = actions
            }
            for verdict in VerdictKind.allCases {
                let items = try await store.decisions(ListQuery(state: verdict.rawValue)).items
                #expect(items.map { $0.json["target"]?.string } == [verdict.rawValue])
            }
            for status in ApprovalStatus.allCases {
                let items = try await store.approvals(ListQuery(state: status.rawValue)).items
                #expect(items.map(\.status) == [status])
            }
            for state in ActionState.allCases {
                #expect(try await store.actions(ListQuery(state: state.rawValue)).items.map(\.state) == [state])
            }
        }
    }
}
