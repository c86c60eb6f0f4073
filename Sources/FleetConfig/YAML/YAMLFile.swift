/// The bytes of one YAML file, and the name that errors call it by.
package struct YAMLFile: Sendable {
    /// Larger files are refused before they are looked at (contract, Registry and overlay).
    package static let maximumSize = 64 << 20

    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    /// Reads the one document of the file with `body`, which consumes the root node. False when the reading stopped
    /// before the end; the reason stands in `problems`.
    func read(_ problems: Problems, _ body: (YAMLReader) throws(YAMLStop) -> Void) -> Bool {
        let start = Mark(line: 1, column: 1)
        guard bytes.count <= YAMLFile.maximumSize else {
            problems.error("the file is larger than 64 MiB", at: start)
            return false
        }
        return bytes.withUnsafeBufferPointer { buffer in
            guard !buffer.isEmpty else {
                problems.error("the file is empty", at: start)
                return false
            }
            if let fault = UTF8Check.firstFault(in: buffer) {
                problems.error("this is not valid utf-8", at: fault)
                return false
            }
            let reader = YAMLReader(buffer, problems: problems)
            do {
                try reader.document { () throws(YAMLStop) in try body(reader) }
                return true
            } catch {
                return false
            }
        }
    }
}
