internal import FleetModel
internal import GRDB
internal import Store

extension SQLiteStore {
    /// One page of a list; refuses a limit outside 1...1000 and a cursor that this list did not hand out.
    func page<Item: Sendable>(
        _ list: ListSQL, _ query: ListQuery, _ decode: @escaping @Sendable (Row) throws(StoreError) -> Item
    ) async throws(StoreError) -> Page<Item> {
        var list = list
        try list.paginate(query)
        return try await read { [list] db in
            let rows = try db.rows(list.sql, list.arguments)
            return try list.page(rows, limit: query.limit, decode)
        }
    }
}

extension ListSQL {
    fileprivate var arguments: StatementArguments {
        StatementArguments(
            values.map { value -> any DatabaseValueConvertible in
                switch value {
                case .text(let text): text
                case .integer(let number): number
                }
            })
    }
}
