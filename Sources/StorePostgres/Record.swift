internal import PostgresClient
internal import Store

/// A row as the shared decoding reads it. All columns that it reads as certain are NOT NULL and of the type asked.
struct Record: StoredRow {
    let row: PostgresRow

    init(_ row: PostgresRow) {
        self.row = row
    }

    func text(_ column: String) throws(StoreError) -> String { try require(column, row.text(column)) }
    func optionalText(_ column: String) -> String? { row.text(column) }
    func integer(_ column: String) throws(StoreError) -> Int64 { try require(column, row.integer(column)) }
    func optionalInteger(_ column: String) -> Int64? { row.integer(column) }
    func flag(_ column: String) throws(StoreError) -> Bool { try require(column, row.bool(column)) }

    private func require<Value>(_ column: String, _ value: Value?) throws(StoreError) -> Value {
        guard let value else {
            throw StoreError.corrupt("column `\(column)`, row `\(row.text("id") ?? "?")`: it makes no sense")
        }
        return value
    }
}

extension PostgresRows {
    func records<Value>(_ decode: (Record) throws(StoreError) -> Value) throws(StoreError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for row in self { values.append(try decode(Record(row))) }
        return values
    }

    func record<Value>(_ decode: (Record) throws(StoreError) -> Value) throws(StoreError) -> Value? {
        try first.map { (row) throws(StoreError) in try decode(Record(row)) }
    }
}
