internal import FleetModel

/// What a list is sorted by, newest first. Both orders are total, so that a page never repeats or skips a row while
/// new rows are put before it.
package enum PageOrder: Equatable, Sendable {
    case sequence
    /// A time column, then the id.
    case time(String)
}

/// A value that a list is filtered by.
package enum ListValue: Equatable, Sendable {
    case text(String)
    case integer(Int64)
}

/// A list's query while its filters are gathered: `?` stands for each value, in order, until the store writes its own
/// marks.
package struct ListSQL: Sendable {
    package let columns: String
    package let table: String
    package let order: PageOrder
    private var conditions: [String] = []
    package private(set) var values: [ListValue] = []

    package init(columns: String, table: String, order: PageOrder) {
        self.columns = columns
        self.table = table
        self.order = order
    }

    package mutating func filter(_ column: String, _ value: String?) {
        if let value { filter("\(column) = ?", [.text(value)]) }
    }

    package mutating func filter(_ condition: String, _ values: [ListValue]) {
        conditions.append(condition)
        self.values += values
    }

    /// Puts the cursor of a query in force; refuses a limit outside 1...1000 and a cursor that this list did not hand
    /// out. Then asks for one row more than the page has, which tells that another page follows.
    package mutating func paginate(_ query: ListQuery) throws(StoreError) {
        guard (1...1000).contains(query.limit) else {
            throw StoreError.badRequest("`limit` is \(query.limit), expected 1 to 1000")
        }
        if let text = query.cursor {
            let cursor = try PageCursor(text, list: table)
            switch order {
            case .sequence: filter("sequence < ?", [.integer(cursor.position)])
            case .time(let column):
                filter("(\(column), id) < (?, ?)", [.integer(cursor.position), .text(cursor.id)])
            }
        }
        values.append(.integer(Int64(query.limit + 1)))
    }

    /// The statement for `values`, once it was paginated.
    package var sql: String {
        let filters = conditions.isEmpty ? "" : " WHERE " + conditions.map { "(\($0))" }.joined(separator: " AND ")
        let ordering =
            switch order {
            case .sequence: "sequence DESC"
            case .time(let column): "\(column) DESC, id DESC"
            }
        return "SELECT \(columns) FROM \(table)\(filters) ORDER BY \(ordering) LIMIT ?"
    }

    /// The page from the rows that came.
    package func page<Row: StoredRow, Item: Sendable>(
        _ rows: [Row], limit: Int, _ decode: (Row) throws(StoreError) -> Item
    ) throws(StoreError) -> Page<Item> {
        var items: [Item] = []
        for row in rows.prefix(limit) { items.append(try decode(row)) }
        guard rows.count > limit, let last = rows.prefix(limit).last else { return Page(items: items) }
        let cursor =
            switch order {
            case .sequence: PageCursor(position: try last.integer("sequence"), id: "")
            case .time(let column): PageCursor(position: try last.integer(column), id: try last.text("id"))
            }
        return Page(items: items, nextCursor: cursor.text(list: table))
    }
}

/// The lists that are the same in both stores; the ledger's filters are each store's own, since their planners want
/// other words.
extension ListSQL {
    package static func approvals(_ query: ListQuery) -> ListSQL {
        var list = ListSQL(columns: Approval.columns, table: "approvals", order: .time("created_at"))
        list.filter("kind", query.kind)
        list.filter("target", query.target)
        list.filter("status", query.state)
        if let since = query.since { list.filter("created_at >= ?", [.integer(since.milliseconds)]) }
        return list
    }

    package static func actions(_ query: ListQuery) -> ListSQL {
        var list = ListSQL(columns: Action.columns, table: "actions", order: .time("planned_at"))
        list.filter("kind", query.kind)
        list.filter("target", query.target)
        list.filter("state", query.state)
        if let since = query.since { list.filter("planned_at >= ?", [.integer(since.milliseconds)]) }
        return list
    }

    package static func reports(_ query: ListQuery) -> ListSQL {
        var list = ListSQL(columns: TickReport.columns, table: "reports", order: .time("at"))
        if let since = query.since { list.filter("at >= ?", [.integer(since.milliseconds)]) }
        return list
    }
}
