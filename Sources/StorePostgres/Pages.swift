internal import FleetModel
internal import PostgresClient
internal import Store

extension PostgresStore {
    /// One page of a list; refuses a limit outside 1...1000 and a cursor that this list did not hand out.
    func page<Item: Sendable>(
        _ list: ListSQL, _ query: ListQuery, _ decode: @escaping @Sendable (Record) throws(StoreError) -> Item
    ) async throws(StoreError) -> Page<Item> {
        var list = list
        try list.paginate(query)
        return try await read { [list] db in
            let rows = try db.query(numbered(list.sql), list.values.map(PostgresValue.init))
            return try list.page(rows.map(Record.init), limit: query.limit, decode)
        }
    }
}

/// Each `?` as `$1`, `$2` and on. No list has one in a literal.
private func numbered(_ sql: String) -> String {
    var parts = sql.split(separator: "?", omittingEmptySubsequences: false).map(String.init)
    for index in parts.indices.dropLast() { parts[index] += "$\(index + 1)" }
    return parts.joined()
}

extension PostgresValue {
    fileprivate init(_ value: ListValue) {
        switch value {
        case .text(let text): self = .text(text)
        case .integer(let number): self = .bigint(number)
        }
    }
}
