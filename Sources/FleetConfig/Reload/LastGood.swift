/// What a look at watched files came to. Each error is said once: the loop logs what is not `unchanged`.
package enum FileChange<Value: Sendable>: Sendable {
    /// Nothing new: the value in force stays, and so does the error if there is one.
    case unchanged
    /// A new value is in force.
    case replaced(Value)
    /// The files are broken or refused; the value in force stays. The same error is not told again.
    case refused(ConfigErrors)
    /// The files say again what is in force; the error is over.
    case recovered
}

/// The value in force, the one error that stands against newer contents, and the rule between them: last good stays
/// live (design, rules that hold everywhere). A state machine without IO.
struct LastGood<Value: Sendable>: Sendable {
    private(set) var value: Value?
    /// SHA-256 of the contents that made `value`.
    private var digest = ""
    private(set) var error: ConfigErrors?
    /// The contents that were refused last; they are not judged again.
    private var refusedDigest = ""

    /// Contents were read. `judge` makes them a value or says why not, given the value in force.
    mutating func read(
        digest newDigest: String, _ judge: (Value?) throws(ConfigErrors) -> Value
    ) -> FileChange<Value> {
        if value != nil, newDigest == digest {
            guard error != nil else { return .unchanged }
            error = nil
            return .recovered
        }
        if error != nil, newDigest == refusedDigest { return .unchanged }
        do {
            let next = try judge(value)
            value = next
            digest = newDigest
            error = nil
            refusedDigest = ""
            return .replaced(next)
        } catch {
            refusedDigest = newDigest
            return refuse(error)
        }
    }

    /// Nothing could be read.
    mutating func failed(_ failure: ConfigErrors) -> FileChange<Value> {
        refusedDigest = ""
        return refuse(failure)
    }

    private mutating func refuse(_ failure: ConfigErrors) -> FileChange<Value> {
        guard failure != error else { return .unchanged }
        error = failure
        return .refused(failure)
    }
}
