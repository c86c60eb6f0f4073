internal import PostgresClient
internal import Store

extension StoreError {
    /// What a failed access means for the caller.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case PostgresError.closed: self = .unavailable("it is closed")
        case PostgresError.server(let refusal): self.init(refusal)
        case let error as PostgresError: self = .unavailable(error.description)
        default: self = .unavailable("\(error)")
        }
    }

    /// Classes and codes of appendix A of the manual.
    private init(_ refusal: PostgresServerError) {
        switch refusal.sqlState {
        case "22021": self = .badRequest("text with a NUL character can neither be kept nor found")
        case "XX001", "XX002": self = .corrupt(refusal.message)
        case let state where state.hasPrefix("23"): self = .conflict(StoreError.conflict(refusal))
        default: self = .unavailable("\(refusal)")
        }
    }

    private static func conflict(_ refusal: PostgresServerError) -> String {
        switch refusal.constraint {
        case "approvals_pending": "an approval of the same kind and target is pending already"
        case "actions_in_flight": "an action on the same target is planned or under way already"
        case "overrides_pkey": "there is an override of this id already"
        default: refusal.message
        }
    }
}
