internal import FleetModel
package import Store

/// One process owns the file, so there is nobody to tell of and nobody to hear from.
extension SQLiteStore {
    package func topology() async throws(StoreError) -> Topology {
        try await read { db in
            let meta = try Meta(db)
            return Topology(leader: meta.epoch > 0 ? Term(holder: meta.holder, epoch: meta.epoch) : nil)
        }
    }

    package func notices() -> AsyncStream<StoreNotice> {
        AsyncStream { $0.finish() }
    }
}
