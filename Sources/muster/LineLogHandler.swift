internal import FleetModel
import Foundation
import Logging

/// One line a log message on standard output: JSON for machines, or plain text for a terminal (`LOG_FORMAT`).
///
/// Lines are written whole with one `write`, so that lines of different threads never mix.
struct LineLogHandler: LogHandler {
    enum Format: String {
        case json, text
    }

    let label: String
    let format: Format
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { all["error"] = .string("\(error)".escapedForDisplay()) }
        let fields = all.sorted { $0.key < $1.key }
        let now = WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let text =
            switch format {
            case .json: json(event.level, event.message, fields, now)
            case .text: plain(event.level, event.message, fields, now)
            }
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    private func json(
        _ level: Logger.Level, _ message: Logger.Message, _ metadata: [(key: String, value: Logger.MetadataValue)],
        _ now: WallTime
    ) -> String {
        var object = JSONObject([
            ("at", .string(now.rfc3339)), ("level", .string(level.rawValue)), ("message", .string(message.description)),
            ("logger", .string(label)),
        ])
        for (key, value) in metadata { object[key] = self.value(value) }
        return JSONValue.object(object).text
    }

    private func value(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let number as any BinaryInteger): .integer(Int(number))
        case .stringConvertible(let number as Double): .number(number)
        case .stringConvertible(let flag as Bool): .bool(flag)
        case .stringConvertible(let other): .string(other.description)
        case .array(let values): .array(values.map(self.value))
        case .dictionary(let members):
            .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, self.value($0.value)) }))
        }
    }

    private func plain(
        _ level: Logger.Level, _ message: Logger.Message, _ metadata: [(key: String, value: Logger.MetadataValue)],
        _ now: WallTime
    ) -> String {
        let fields = metadata.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        return "\(now.rfc3339) \(level.rawValue) \(message)\(fields.isEmpty ? "" : "  " + fields)"
    }
}
