import CLibYAML

/// A strict pull reader over libyaml's events: one document, no aliases, anchors or tags, at most 64 levels.
///
/// The current event is always the first one that has not been used. A decoder consumes exactly one node at a time,
/// so that after an error in a node the reader stands behind it and goes on: all errors of a file are found in one
/// reading. Only a syntax error or too deep a nesting ends it (`YAMLStop`).
final class YAMLReader {
    static let maximumDepth = 64

    let problems: Problems
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let storage: UnsafeMutablePointer<yaml_event_t>
    private(set) var event = muster_yaml_event()
    private var depth = 0

    /// `bytes` are valid UTF-8 (`UTF8Check`) and outlive the reader.
    init(_ bytes: UnsafeBufferPointer<UInt8>, problems: Problems) {
        self.problems = problems
        parser = .allocate(capacity: 1)
        storage = .allocate(capacity: 1)
        // Fails only when its first allocations do; Swift ends the process in that case as well.
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        storage.initialize(to: yaml_event_t())
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_event_delete(storage)
        yaml_parser_delete(parser)
        storage.deallocate()
        parser.deallocate()
    }

    var mark: Mark { Mark(line: event.line + 1, column: event.column + 1) }

    /// The text of the current scalar; valid until `advance`.
    var text: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: event.text, count: event.length) }

    var isScalar: Bool { event.type == YAML_SCALAR_EVENT }
    var isMapping: Bool { event.type == YAML_MAPPING_START_EVENT }
    var isSequence: Bool { event.type == YAML_SEQUENCE_START_EVENT }
    var isMappingEnd: Bool { event.type == YAML_MAPPING_END_EVENT }
    var isSequenceEnd: Bool { event.type == YAML_SEQUENCE_END_EVENT }

    /// Reads the one document of the file: `body` consumes its root node.
    func document(_ body: () throws(YAMLStop) -> Void) throws(YAMLStop) {
        try advance()
        try advance()
        guard event.type == YAML_DOCUMENT_START_EVENT else {
            problems.error("the file is empty", at: Mark(line: 1, column: 1))
            throw YAMLStop()
        }
        try advance()
        try body()
        try advance()
        if event.type == YAML_DOCUMENT_START_EVENT {
            problems.error("a second document begins here; only one is read", at: mark)
            throw YAMLStop()
        }
    }

    /// Moves to the next event. Anchors and tags are reported here, once, whichever decoder meets them.
    func advance() throws(YAMLStop) {
        guard muster_yaml_next(parser, storage, &event) else { try stopOnSyntaxError() }
        switch event.type {
        case YAML_MAPPING_START_EVENT, YAML_SEQUENCE_START_EVENT:
            depth += 1
            guard depth <= YAMLReader.maximumDepth else {
                problems.fatal("the nesting is deeper than \(YAMLReader.maximumDepth) levels", at: mark)
                throw YAMLStop()
            }
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            depth -= 1
        case YAML_ALIAS_EVENT:
            problems.fatal("aliases (`*name`) are not read; write the value out", at: mark)
        default:
            break
        }
        if event.anchored { problems.fatal("anchors (`&name`) are not read; write each value out", at: mark) }
        if event.tagged { problems.fatal("tags (`!name`) are not read; quote the value to make it a string", at: mark) }
    }

    /// Consumes the current node, whatever it is.
    func skip() throws(YAMLStop) {
        guard isMapping || isSequence else { return try advance() }
        let outside = depth - 1
        repeat { try advance() } while depth > outside
        try advance()
    }

    private func stopOnSyntaxError() throws(YAMLStop) -> Never {
        let failed = parser.pointee
        let problem = failed.problem.map { String(cString: $0) } ?? "the text is not yaml"
        var mark = Mark(line: failed.problem_mark.line + 1, column: failed.problem_mark.column + 1)
        var message = problem
        if failed.error == YAML_READER_ERROR {
            // libyaml gives a reader error no line, only the byte where it stopped; the scanner's mark is close.
            mark = Mark(line: failed.mark.line + 1, column: failed.mark.column + 1)
            if failed.problem_value >= 0 { message += " (character \(failed.problem_value))" }
        } else if let context = failed.context {
            message += ", \(String(cString: context)) (begun at line \(failed.context_mark.line + 1))"
        }
        problems.fatal(message, at: mark)
        throw YAMLStop()
    }
}
