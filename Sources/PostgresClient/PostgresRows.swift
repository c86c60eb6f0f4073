internal import CLibPQ

/// The answer to one statement, in text format.
///
/// `@unchecked Sendable`: a PGresult is never altered once it is made, may be read by many threads at once (libpq,
/// Behavior in Threaded Programs), and is cleared once, here, when the last reference goes.
package final class PostgresRows: @unchecked Sendable, RandomAccessCollection {
    private let result: OpaquePointer
    private let columns: [String: Int32]
    package let startIndex = 0
    package let endIndex: Int

    init(_ result: OpaquePointer) {
        self.result = result
        endIndex = Int(PQntuples(result))
        var columns: [String: Int32] = [:]
        for index in 0..<PQnfields(result) {
            if let name = PQfname(result, index) { columns[String(cString: name)] = index }
        }
        self.columns = columns
    }

    deinit {
        PQclear(result)
    }

    package subscript(index: Int) -> PostgresRow { PostgresRow(rows: self, index: Int32(index)) }

    /// How many rows an INSERT, UPDATE or DELETE touched; 0 for others.
    package var changedCount: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    func column(_ name: String) -> Int32? { columns[name] }

    func text(row: Int32, column: Int32) -> String? {
        guard column < PQnfields(result), PQgetisnull(result, row, column) == 0 else { return nil }
        let length = Int(PQgetlength(result, row, column))
        return PQgetvalue(result, row, column).map { start in
            String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
        }
    }
}

/// One row. Each getter answers nil for NULL, for a column that is not there, and for what is not of the type asked.
package struct PostgresRow: Sendable {
    let rows: PostgresRows
    let index: Int32

    package func text(_ column: String) -> String? {
        rows.column(column).flatMap { rows.text(row: index, column: $0) }
    }

    package func text(_ column: Int) -> String? { rows.text(row: index, column: Int32(column)) }
    package func integer(_ column: String) -> Int64? { text(column).flatMap { Int64($0) } }
    package func integer(_ column: Int) -> Int64? { text(column).flatMap { Int64($0) } }
    package func bool(_ column: String) -> Bool? { text(column).flatMap(PostgresRow.bool) }
    package func bool(_ column: Int) -> Bool? { text(column).flatMap(PostgresRow.bool) }

    private static func bool(_ text: String) -> Bool? {
        switch text {
        case "t": true
        case "f": false
        default: nil
        }
    }
}
