namespace ChunkSync.Sqlite;

/// <summary>Whether the text of a schema may use a function or a virtual table of ours: views, triggers, DEFAULT, CHECK, indexes, generated
/// columns. Whoever made a database file wrote that text, and it runs when the program merely reads or writes a table. TEMP views and
/// TEMP triggers are the program's own: they may use everything.</summary>
internal enum SchemaUse
{
    /// <summary>Always (SQLITE_INNOCUOUS), also under <c>PRAGMA trusted_schema = OFF</c>: pure functions, and what the triggers of tracked
    /// tables call.</summary>
    Innocuous,

    /// <summary>While the host trusts schemas, as SQLite does by default: what reads this database and changes nothing.</summary>
    Trusted,

    /// <summary>Never (SQLITE_DIRECTONLY): what writes files, schema, settings, rows or clocks, or changes what the connection
    /// captures.</summary>
    DirectOnly,
}
