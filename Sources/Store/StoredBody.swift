package import FleetModel

/// The JSON text of one row, read back with the row's name at hand for what does not make sense.
package struct StoredBody {
    package let table: String
    package let id: String
    package let object: JSONObject

    package init(table: String, id: String, text: String) throws(StoreError) {
        self.table = table
        self.id = id
        do {
            // A posted value may use all 32 levels of its own, and lies some levels down in the row.
            guard case .object(let object) = try JSONValue.parse(text, maximumDepth: 64) else {
                throw StoreError.corrupt("table `\(table)`, row `\(id)`: the body is no object")
            }
            self.object = object
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError.corrupt("table `\(table)`, row `\(id)`: \(error)")
        }
    }

    private init(table: String, id: String, object: JSONObject) {
        self.table = table
        self.id = id
        self.object = object
    }

    package func string(_ name: String) throws(StoreError) -> String { try require(name, object[name]?.string) }
    package func integer(_ name: String) throws(StoreError) -> Int { try require(name, object[name]?.integer) }
    package func object(_ name: String) throws(StoreError) -> JSONObject { try require(name, object[name]?.object) }
    package func array(_ name: String) throws(StoreError) -> [JSONValue] { try require(name, object[name]?.array) }

    package func time(_ name: String) throws(StoreError) -> WallTime {
        WallTime(milliseconds: Int64(try integer(name)))
    }

    package func optionalTime(_ name: String) throws(StoreError) -> WallTime? {
        try optional(name) { (value) in value.integer.map { WallTime(milliseconds: Int64($0)) } }
    }

    package func optionalString(_ name: String) throws(StoreError) -> String? {
        try optional(name, \.string)
    }

    package func word<Word: RawRepresentable>(_ name: String) throws(StoreError) -> Word where Word.RawValue == String {
        try word(try string(name), in: name)
    }

    /// A column's or member's text as one of a closed list of words.
    package func word<Word: RawRepresentable>(_ text: String, in name: String) throws(StoreError) -> Word
    where Word.RawValue == String {
        try require(name, Word(rawValue: text))
    }

    package func part(_ name: String) throws(StoreError) -> StoredBody {
        StoredBody(table: table, id: id, object: try object(name))
    }

    package func parts(_ name: String) throws(StoreError) -> [StoredBody] {
        var parts: [StoredBody] = []
        for element in try array(name) {
            parts.append(StoredBody(table: table, id: id, object: try require(name, element.object)))
        }
        return parts
    }

    private func optional<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws(StoreError) -> Value? {
        guard let value = object[name], !value.isNull else { return nil }
        return try require(name, read(value))
    }

    package func require<Value>(_ name: String, _ value: Value?) throws(StoreError) -> Value {
        guard let value else {
            throw StoreError.corrupt("table `\(table)`, row `\(id)`: `\(name)` is missing or makes no sense")
        }
        return value
    }
}

extension WallTime {
    package var stored: JSONValue { .integer(Int(milliseconds)) }
}
