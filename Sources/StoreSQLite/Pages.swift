internal import FleetModel
internal import GRDB
internal import Store

/// What a list is sorted by, newest first. Both orders are total, so that a page never repeats or skips a row while
/// new rows are put before it.
enum PageOrder: Equatable {
    case sequence
    /// A time column, then the id.
    case time(String)
}

/// The place after the last row of a page. Its text is opaque to callers: hexadecimal of the list's name and the row's
/// place in the order.
struct PageCursor {
    var position: Int64
    /// Empty for `PageOrder.sequence`.
    var id: String

    init(position: Int64, id: String) {
        self.position = position
        self.id = id
    }

    init(_ text: String, list: String) throws(StoreError) {
        let parts = PageCursor.bytes(hexadecimal: text)
            .flatMap { String(validating: $0, as: UTF8.self) }?
            .split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard let parts, parts.count == 3, parts[0] == list, let position = Int64(parts[1]) else {
            throw StoreError.badRequest("`cursor` is not one that this list handed out")
        }
        self.init(position: position, id: String(parts[2]))
    }

    func text(list: String) -> String {
        var text: [UInt8] = []
        for byte in "\(list)/\(position)/\(id)".utf8 {
            text.append(hexDigit(byte >> 4))
            text.append(hexDigit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), digits.count <= 1000 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}

/// A list's query while its filters are gathered.
struct ListSQL: Sendable {
    let columns: String
    let table: String
    private var conditions: [String] = []
    private var arguments = StatementArguments()

    init(columns: String, table: String) {
        self.columns = columns
        self.table = table
    }

    mutating func filter(_ column: String, _ value: String?) {
        if let value { filter("\(column) = ?", [value]) }
    }

    mutating func filter(_ condition: String, _ values: StatementArguments) {
        conditions.append(condition)
        arguments += values
    }

    /// The page's rows and one more, which tells that another page follows.
    func rows(_ db: Database, order: PageOrder, limit: Int) throws -> [Row] {
        let filters = conditions.isEmpty ? "" : " WHERE " + conditions.map { "(\($0))" }.joined(separator: " AND ")
        let ordering =
            switch order {
            case .sequence: "sequence DESC"
            case .time(let column): "\(column) DESC, id DESC"
            }
        return try db.rows(
            "SELECT \(columns) FROM \(table)\(filters) ORDER BY \(ordering) LIMIT ?", arguments + [limit + 1])
    }
}

extension SQLiteStore {
    /// One page of a list; refuses a limit outside 1...1000 and a cursor that this list did not hand out.
    func page<Item: Sendable>(
        _ list: ListSQL, _ order: PageOrder, _ query: ListQuery, _ decode: @escaping @Sendable (Row) throws -> Item
    ) async throws(StoreError) -> Page<Item> {
        guard (1...1000).contains(query.limit) else {
            throw StoreError.badRequest("`limit` is \(query.limit), expected 1 to 1000")
        }
        var list = list
        if let text = query.cursor {
            let cursor = try PageCursor(text, list: list.table)
            switch order {
            case .sequence: list.filter("sequence < ?", [cursor.position])
            case .time(let column): list.filter("(\(column), id) < (?, ?)", [cursor.position, cursor.id])
            }
        }
        return try await read { [list] db in
            let rows = try list.rows(db, order: order, limit: query.limit)
            let items = try rows.prefix(query.limit).map(decode)
            guard rows.count > query.limit, let last = rows.prefix(query.limit).last else { return Page(items: items) }
            let cursor =
                switch order {
                case .sequence: PageCursor(position: last["sequence"], id: "")
                case .time(let column): PageCursor(position: last[column], id: last["id"])
                }
            return Page(items: items, nextCursor: cursor.text(list: list.table))
        }
    }
}
