import ControlPlane
import FleetConfig
import FleetModel
import Leadership
import Logging
import MusterCLI
import PostgresClient
import Store
import StorePostgres
import StoreSQLite

/// Where state is kept, and how it is settled who leads over it.
struct StateParts: Sendable {
    let store: any FleetStore
    let candidacy: any Candidacy
    /// How often to look for what other instances wrote, in seconds; nil where there are none.
    let pollSeconds: Int?

    /// `wake` is called when what this process is may have changed.
    static func open(
        _ flags: Flags, instance: String, now: WallTime, clock: WallClock, logger: Logger,
        wake: @escaping @Sendable () -> Void
    ) throws(StartRefusal) -> StateParts {
        guard let uri = flags.stateDatabaseURI else { return try embedded(flags, instance, now, clock) }
        return try shared(uri, flags, instance, now, logger, wake)
    }

    private static func embedded(
        _ flags: Flags, _ instance: String, _ now: WallTime, _ clock: WallClock
    ) throws(StartRefusal) -> StateParts {
        do {
            let store = try SQLiteStore(directory: flags.dataDirectory, now: now)
            let candidacy = SoleCandidacy(store: store, instance: instance, now: clock.now)
            return StateParts(store: store, candidacy: candidacy, pollSeconds: nil)
        } catch {
            throw StartRefusal(lines: ["`MUSTER_DATA_DIR` \(flags.dataDirectory): \(error)"], status: 1)
        }
    }

    private static func shared(
        _ uri: Secret, _ flags: Flags, _ instance: String, _ now: WallTime, _ logger: Logger,
        _ wake: @escaping @Sendable () -> Void
    ) throws(StartRefusal) -> StateParts {
        let timing = ElectionTiming(lease: .seconds(flags.leaderLease))
        do {
            let seat = PostgresSeat(
                PostgresSeat.Settings(
                    dsn: try PostgresDSN(uri.revealed), instance: instance, version: Version.current, startedAt: now,
                    timing: timing))
            let store = try PostgresStore(
                dsn: uri.revealed, poolSize: flags.stateDatabasePoolSize, instance: instance, logger: logger)
            let candidacy = Elector(seat: seat, instance: instance, timing: timing, logger: logger, onChange: wake)
            return StateParts(store: store, candidacy: candidacy, pollSeconds: 5)
        } catch { throw StartRefusal(lines: ["`STATE_DB_URI`: \(error)"]) }
    }
}
