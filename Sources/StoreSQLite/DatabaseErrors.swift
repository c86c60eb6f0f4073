internal import GRDB
internal import Glibc
internal import Store

extension StoreError {
    /// What a failed access means for the caller. SQLite's own message is kept; GRDB keeps arguments out of it.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(error)
        default: self = .unavailable(String(describing: error))
        }
    }

    private init(_ error: DatabaseError) {
        let message = error.message ?? "no message"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(message)
        case .SQLITE_CONSTRAINT: self = .conflict(message)
        default: self = .unavailable("\(message) (SQLite result \(error.extendedResultCode.rawValue))")
        }
    }

    static func system(_ verb: String, path: String, code: Int32) -> StoreError {
        .unavailable("cannot \(verb) `\(path)`: \(String(cString: strerror(code)))")
    }

    static let closed = StoreError.unavailable("it is closed")

    /// Runs a body and keeps what it throws as a `StoreError`.
    static func result<T>(_ body: () throws -> T) -> Result<T, StoreError> {
        do {
            return .success(try body())
        } catch {
            return .failure(StoreError(error))
        }
    }
}
