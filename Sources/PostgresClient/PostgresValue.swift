/// A parameter of a statement. The case says its type, also when it is NULL.
///
/// All are sent in binary, so that text arrives as it is, byte for byte, and no quoting exists that could go wrong.
/// Text with a NUL character is refused by the server (SQLSTATE 22021): Postgres cannot keep one.
package enum PostgresValue: Sendable, Equatable {
    case text(String?)
    case bigint(Int64?)
    case bool(Bool?)
    case texts([String?])
    case bigints([Int64?])
    case bools([Bool?])

    package static func bigint(_ value: Int) -> Self { .bigint(Int64(value)) }

    /// `oid` in pg_type.dat; fixed for built-in types.
    var typeID: UInt32 {
        switch self {
        case .bool: 16
        case .bigint: 20
        case .text: 25
        case .bools: 1000
        case .texts: 1009
        case .bigints: 1016
        }
    }

    /// The value as the wire has it; nil for NULL.
    var bytes: [UInt8]? {
        switch self {
        case .text(let value): value.map { Array($0.utf8) }
        case .bigint(let value): value.map { bigEndian($0) }
        case .bool(let value): value.map { [$0 ? 1 : 0] }
        case .texts(let values): array(values, of: 25) { Array($0.utf8) }
        case .bigints(let values): array(values, of: 20) { bigEndian($0) }
        case .bools(let values): array(values, of: 16) { [$0 ? 1 : 0] }
        }
    }
}

/// `array_send`: dimensions, whether NULLs occur, the elements' type; the dimension's length and lower bound; then each
/// element's length and bytes, or -1 for NULL. An array of none has no dimension.
private func array<Element>(
    _ values: [Element?], of elementType: UInt32, _ encode: (Element) -> [UInt8]
) -> [UInt8] {
    var bytes = bigEndian(Int32(values.isEmpty ? 0 : 1))
    bytes += bigEndian(Int32(values.contains { $0 == nil } ? 1 : 0))
    bytes += bigEndian(elementType)
    guard !values.isEmpty else { return bytes }
    bytes += bigEndian(Int32(values.count))
    bytes += bigEndian(Int32(1))
    for value in values {
        guard let value else {
            bytes += bigEndian(Int32(-1))
            continue
        }
        let element = encode(value)
        bytes += bigEndian(Int32(element.count))
        bytes += element
    }
    return bytes
}

private func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

/// One statement with its parameters, `$1` and on.
package struct PostgresStatement: Sendable, Equatable {
    package var sql: String
    package var values: [PostgresValue]

    package init(_ sql: String, _ values: [PostgresValue] = []) {
        self.sql = sql
        self.values = values
    }
}
