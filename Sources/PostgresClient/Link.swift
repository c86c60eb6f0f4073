internal import CLibPQ
internal import Glibc

/// A libpq connection and how it is driven without ever blocking in it. Used by one thread only.
final class Link {
    enum Command {
        case prepare(name: String, sql: String, types: [UInt32])
        /// Without a name the statement's text is sent.
        case execute(name: String?, PostgresStatement)
    }

    struct Answer {
        /// One for each `execute`.
        var rows: Result<[PostgresRows], PostgresError>
        var prepared: Set<String> = []
    }

    private var connection: OpaquePointer?
    private let mailbox: Mailbox
    private let onNotification: (PostgresNotification) -> Void
    /// Why it is of no more use.
    private(set) var end: PostgresError?

    init(_ connection: OpaquePointer, mailbox: Mailbox, onNotification: @escaping (PostgresNotification) -> Void) {
        self.connection = connection
        self.mailbox = mailbox
        self.onNotification = onNotification
        PQsetnonblocking(connection, 1)
    }

    deinit {
        PQfinish(connection)
    }

    var isBroken: Bool { end != nil }
    var isInTransaction: Bool { PQtransactionStatus(connection) != PQTRANS_IDLE }
    var backendPID: Int32 { PQbackendPID(connection) }
    var serverVersion: Int { Int(PQserverVersion(connection)) }

    // MARK: - Exchanges

    /// Sends all commands and reads all answers. `mayHaveHappened` is what a loss from here on means.
    func pipeline(
        _ commands: [Command], until deadline: ContinuousClock.Instant, allowance: Duration, mayHaveHappened: Bool
    ) -> Answer {
        if let end { return Answer(rows: .failure(end)) }
        let wait = Wait(deadline: deadline, allowance: allowance, mayHaveHappened: mayHaveHappened)
        var answer = Answer(rows: .success([]))
        do throws(PostgresError) {
            guard PQenterPipelineMode(connection) == 1 else { throw breakOff(lost(wait)) }
            for command in commands { try send(command, wait) }
            guard PQpipelineSync(connection) == 1 else { throw breakOff(lost(wait)) }
            answer = try collect(commands, wait)
            guard PQexitPipelineMode(connection) == 1 else { throw breakOff(lost(wait)) }
        } catch {
            answer.rows = .failure(error)
        }
        deliverNotifications()
        return answer
    }

    func script(_ sql: String, until deadline: ContinuousClock.Instant, allowance: Duration) throws(PostgresError) {
        if let end { throw end }
        let wait = Wait(deadline: deadline, allowance: allowance, mayHaveHappened: true)
        guard PQsendQuery(connection, sql) == 1 else { throw breakOff(lost(wait)) }
        var failure: PostgresError?
        while let result = try nextResult(wait) {
            defer { PQclear(result) }
            if failure == nil { failure = refusal(in: result) }
        }
        if let failure { throw failure }
    }

    private func send(_ command: Command, _ wait: Wait) throws(PostgresError) {
        let sent: Int32
        switch command {
        case .prepare(let name, let sql, let types):
            sent = PQsendPrepare(connection, name, sql, Int32(types.count), types)
        case .execute(let name, let statement):
            sent = Parameters(statement.values).with { types, values, lengths, formats, count in
                if let name { return PQsendQueryPrepared(connection, name, count, values, lengths, formats, 0) }
                return PQsendQueryParams(connection, statement.sql, count, types, values, lengths, formats, 0)
            }
        }
        guard sent == 1 else { throw breakOff(lost(wait)) }
    }

    /// Reads until the pipeline's end. Each command has results up to a nil; after the first failure the server skips
    /// the rest and libpq says so for each (PGRES_PIPELINE_ABORTED).
    private func collect(_ commands: [Command], _ wait: Wait) throws(PostgresError) -> Answer {
        var rows: [PostgresRows] = []
        var prepared: Set<String> = []
        var failure: PostgresError?
        var index = 0
        while true {
            guard let result = try nextResult(wait) else {
                index += 1
                continue
            }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                if let failure { return Answer(rows: .failure(failure), prepared: prepared) }
                return Answer(rows: .success(rows), prepared: prepared)
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if index < commands.count, case .prepare(let name, _, _) = commands[index] {
                    prepared.insert(name)
                    PQclear(result)
                } else {
                    rows.append(PostgresRows(result))
                }
            default:
                if failure == nil { failure = refusal(in: result) }
                PQclear(result)
            }
        }
    }

    /// The next result, nil after the last one of a command.
    private func nextResult(_ wait: Wait) throws(PostgresError) -> OpaquePointer? {
        while true {
            let unsent = PQflush(connection)
            guard unsent >= 0 else { throw breakOff(lost(wait)) }
            if PQisBusy(connection) == 0 {
                let result = PQgetResult(connection)
                if PQstatus(connection) == CONNECTION_BAD {
                    let said = result.flatMap { refusal(in: $0) }?.description
                    PQclear(result)
                    throw breakOff(.lost(said ?? message, mayHaveHappened: wait.mayHaveHappened))
                }
                return result
            }
            try pause(for: unsent == 1 ? POLLIN | POLLOUT : POLLIN, wait)
            guard PQconsumeInput(connection) == 1 else { throw breakOff(lost(wait)) }
        }
    }

    // MARK: - Waiting

    private struct Wait {
        var deadline: ContinuousClock.Instant
        var allowance: Duration
        var mayHaveHappened: Bool
    }

    /// Returns when the socket is ready or something woke the thread; throws when the deadline is past or this process
    /// closes the connection.
    private func pause(for events: Int32, _ wait: Wait) throws(PostgresError) {
        if mailbox.isClosing { throw breakOff(.closed) }
        let left = ContinuousClock.now.duration(to: wait.deadline)
        guard left > .zero else {
            let late = "it was given \(wait.allowance.inMilliseconds) ms"
            throw breakOff(.timedOut(late, mayHaveHappened: wait.mayHaveHappened), cancelling: true)
        }
        let socket = PQsocket(connection)
        // The whole allowance may be days; poll(2) is asked again after an hour at most.
        waitFor(socket: socket, events, milliseconds: min(3_600_000, left.inMilliseconds + 1), mailbox)
    }

    /// Waits while there is nothing to do; false when the session has ended.
    func idle() -> Bool {
        guard !isBroken else { return false }
        waitFor(socket: PQsocket(connection), POLLIN, milliseconds: -1, mailbox)
        guard PQconsumeInput(connection) == 1 else {
            _ = breakOff(.lost(message, mayHaveHappened: false))
            return false
        }
        deliverNotifications()
        if PQstatus(connection) == CONNECTION_BAD { _ = breakOff(.lost(message, mayHaveHappened: false)) }
        return !isBroken
    }

    private func deliverNotifications() {
        while let notification = PQnotifies(connection) {
            onNotification(
                PostgresNotification(
                    channel: String(cString: notification.pointee.relname),
                    payload: String(cString: notification.pointee.extra),
                    senderPID: notification.pointee.be_pid))
            PQfreemem(notification)
        }
    }

    // MARK: - The end

    /// Ends the session for a fault of this process.
    func abandon(_ why: String) {
        _ = breakOff(.lost(why, mayHaveHappened: false))
    }

    func close() {
        _ = breakOff(.closed)
    }

    /// Closes the connection, which has the server roll back, and keeps why. A statement that is still running does
    /// not notice until it writes, so it is cancelled over a connection of its own, which nobody waits for.
    private func breakOff(_ error: PostgresError, cancelling: Bool = false) -> PostgresError {
        guard end == nil else { return error }
        end = error
        if cancelling, let cancel = PQgetCancel(connection) { detach(Cancel(handle: cancel)) }
        PQfinish(connection)
        connection = nil
        return error
    }

    private func lost(_ wait: Wait) -> PostgresError { .lost(message, mayHaveHappened: wait.mayHaveHappened) }

    private var message: String {
        let text = PQerrorMessage(connection).map { String(cString: $0) }?.onOneLine ?? ""
        return text.isEmpty ? "the server closed the connection" : text
    }

    private func refusal(in result: OpaquePointer) -> PostgresError? {
        guard PQresultStatus(result) == PGRES_FATAL_ERROR else { return nil }
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0).onOneLine }
        }
        // PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_CONSTRAINT_NAME. Details are left out: they quote rows.
        return .server(
            PostgresServerError(
                sqlState: field("C") ?? "XX000", message: field("M") ?? message, constraint: field("n")))
    }
}

/// Waits until the socket is ready, the mailbox wakes, or the time is over; takes back the mailbox's wakes.
func waitFor(socket: Int32, _ events: Int32, milliseconds: Int, _ mailbox: Mailbox) {
    var descriptors = [
        pollfd(fd: socket, events: Int16(truncatingIfNeeded: events), revents: 0),
        pollfd(fd: mailbox.descriptor, events: Int16(truncatingIfNeeded: POLLIN), revents: 0),
    ]
    // Ends early on a signal; every caller looks again and waits again.
    _ = poll(&descriptors, 2, Int32(clamping: milliseconds))
    if descriptors[1].revents != 0 { mailbox.drain() }
}

extension Duration {
    var inMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue)
            + Int(attoseconds / 1_000_000_000_000_000)
    }
}

/// A statement's parameters as libpq takes them: binary, in one buffer.
private struct Parameters {
    private var buffer: [UInt8] = [0]
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var types: [UInt32] = []

    init(_ values: [PostgresValue]) {
        for value in values {
            types.append(value.typeID)
            guard let bytes = value.bytes else {
                offsets.append(nil)
                lengths.append(0)
                continue
            }
            offsets.append(buffer.count)
            lengths.append(Int32(bytes.count))
            // The NUL keeps the pointer of an empty last value within the buffer.
            buffer += bytes
            buffer.append(0)
        }
    }

    func with(
        _ body: (
            _ types: [UInt32], _ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ formats: [Int32],
            _ count: Int32
        ) -> Int32
    ) -> Int32 {
        buffer.withUnsafeBytes { bytes in
            let start = bytes.bindMemory(to: CChar.self).baseAddress
            let values = offsets.map { offset in offset.flatMap { start?.advanced(by: $0) } }
            return body(types, values, lengths, [Int32](repeating: 1, count: offsets.count), Int32(offsets.count))
        }
    }
}

/// `@unchecked Sendable`: a PGcancel is a copy of what a cancel needs, used by the one thread that it is given to.
private struct Cancel: @unchecked Sendable {
    var handle: OpaquePointer
}

private func detach(_ cancel: Cancel) {
    startThread {
        var text = [CChar](repeating: 0, count: 256)
        PQcancel(cancel.handle, &text, 256)
        PQfreeCancel(cancel.handle)
    }
}
