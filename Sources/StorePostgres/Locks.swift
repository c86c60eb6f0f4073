/// The advisory locks of the store, each as the two keys of `pg_advisory_xact_lock`.
///
/// Locks are the database's, tables the schema's, so the first key is "MUST" in ASCII changed by the schema's number: two
/// fleets in one database do not wait for each other. Of the second key, 1 to 999 are the roles of elections
/// (docs/leadership.md).
enum Locks {
    /// Held by who makes tables.
    static let migrations = "\(schema), 1000"
    /// Taken exclusively by who places or lifts a hold, shared by who claims an action; to the end of the transaction.
    static let holds = "\(schema), 1001"

    private static let schema = """
        (1297437780 # (SELECT (oid::bigint & 2147483647)::integer FROM pg_namespace WHERE nspname = current_schema()))
        """
}
