internal import FleetModel
internal import GRDB
internal import Store

/// The one row about the store itself.
struct Meta {
    var epoch: Int
    var holder: String
    var ledgerHead: Int
    var ledgerHash: String

    init(_ db: Database) throws {
        guard let row = try db.row("SELECT epoch, holder, ledger_head, ledger_hash FROM meta WHERE id = 1") else {
            throw StoreError.corrupt("table `meta` has lost its row")
        }
        epoch = row[0]
        holder = row[1]
        ledgerHead = row[2]
        ledgerHash = row[3]
    }

    /// Every write of the loop asks this inside its own transaction (design, a term on every write).
    func require(_ term: Term) throws {
        guard term.epoch == epoch, term.holder == holder else { throw StoreError.staleTerm(current: epoch) }
    }
}
