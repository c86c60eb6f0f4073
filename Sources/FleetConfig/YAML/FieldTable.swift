#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The fields of one kind of mapping: an enum whose raw values are the field names.
struct FieldTable<Field: CaseIterable & RawRepresentable<String> & Sendable>: Sendable {
    let names: [String]
    private let fields: [(name: [UInt8], field: Field)]

    init(_ type: Field.Type) {
        fields = Field.allCases.map { (Array($0.rawValue.utf8), $0) }
        names = Field.allCases.map(\.rawValue)
    }

    /// The field's position and value; nil when there is no such field. A comparison of lengths settles most.
    func find(_ text: UnsafeBufferPointer<UInt8>) -> (index: Int, field: Field)? {
        guard let bytes = text.baseAddress else { return nil }
        for index in fields.indices where fields[index].name.count == text.count {
            if memcmp(fields[index].name, bytes, text.count) == 0 { return (index, fields[index].field) }
        }
        return nil
    }
}
