package import FleetModel
package import Store
internal import Synchronization

/// The candidacy of the process that owns the embedded store: nobody else can lead, so it leads once the store has
/// given it a term, and the lock on the data directory is its fence.
package final class SoleCandidacy: Candidacy {
    private let store: any FleetStore
    private let instance: String
    private let now: @Sendable () -> WallTime
    private let state = Mutex(Standing.barred("no term is held yet"))

    /// `instance` is who will hold the term.
    package init(store: any FleetStore, instance: String, now: @escaping @Sendable () -> WallTime) {
        self.store = store
        self.instance = instance
        self.now = now
    }

    package var standing: Standing { state.withLock { $0 } }

    package func stand() async -> Standing {
        let present = standing
        if present.tenure != nil { return present }
        let taken: Standing
        do {
            let term = try await store.acquireTerm(holder: instance, at: now())
            taken = .leading(Tenure(term: term, since: now(), reason: .sole))
        } catch { taken = .barred(error.description) }
        state.withLock { $0 = taken }
        return taken
    }

    package func mayDispatch(_ term: Term) -> Bool { standing.tenure?.term == term }

    package func lose(_ term: Term, reason: String) {
        state.withLock { standing in
            if standing.tenure?.term == term { standing = .barred(reason) }
        }
    }

    package func run() async {}

    /// The next owner of the directory raises the epoch anyway.
    package func resign() async {
        state.withLock { $0 = .barred("this process is ending") }
    }
}
