package import FleetModel

/// One row of an answer, by its columns' names, whichever database gave it.
///
/// The tables of both stores have the same columns with the same meaning, so what they hold is read in one place. What
/// is not of the type that the table says is `corrupt`.
package protocol StoredRow {
    func text(_ column: String) throws(StoreError) -> String
    func optionalText(_ column: String) throws(StoreError) -> String?
    func integer(_ column: String) throws(StoreError) -> Int64
    func optionalInteger(_ column: String) throws(StoreError) -> Int64?
    func flag(_ column: String) throws(StoreError) -> Bool
}

extension StoredRow {
    package func time(_ column: String) throws(StoreError) -> WallTime {
        WallTime(milliseconds: try integer(column))
    }

    package func optionalTime(_ column: String) throws(StoreError) -> WallTime? {
        try optionalInteger(column).map(WallTime.init(milliseconds:))
    }
}
