namespace ChunkSync.Tests.Waiting;

/// <summary>One way in which a table refuses a received change.</summary>
/// <param name="Name">What it is called in the name of the test.</param>
/// <param name="Table">The receiver's table <c>t</c>, and what belongs to it.</param>
/// <param name="Cause">SQL at the receiver that makes it refuse; nothing where the table itself does.</param>
/// <param name="Bad">The sender's write that is refused.</param>
/// <param name="Reason">Why it waits; null for an error, or for no error at all.</param>
/// <param name="Text">The error under <c>stop</c>; null where there is none.</param>
/// <param name="Cure">SQL at the receiver that takes the cause away.</param>
internal sealed record Refusal(string Name, string Table, string Cause, string Bad, string? Reason, string? Text, string Cure)
{
    private const string Changed = " SELECT cloudsync_begin_alter('t'); CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a, b); INSERT INTO n SELECT * FROM t;"
        + " DROP TABLE t; ALTER TABLE n RENAME TO t; SELECT cloudsync_commit_alter('t')";
    private const string Plain = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";
    private const string Parents = "CREATE TABLE parent(id PRIMARY KEY); INSERT INTO parent VALUES ('o'), ('k1'), ('k2'), ('k3'), ('k4'), ('k9'); PRAGMA foreign_keys = ON;";
    private const string Insert = "INSERT INTO t VALUES ('bad', 'x', 0)";
    private const string Key = " (table t, key 'bad')";
    private const string Unknown = "CREATE TABLE v(id TEXT PRIMARY KEY NOT NULL, x); SELECT cloudsync_init('v');";

    /// <summary>What an INSERT of the row sets off at the receiver.</summary>
    private const string On = "CREATE TRIGGER no AFTER INSERT ON t WHEN new.id = 'bad' BEGIN";

    /// <summary>A column of the change that is forged, and its value.</summary>
    public string? Forged { get; private init; }

    /// <summary>Whether the payload is refused before anything of it is merged.</summary>
    public bool IsWhole { get; private init; }

    /// <summary>The oldest SQLite that knows the schema.</summary>
    public string? MinimumVersion { get; private init; }

    /// <summary>Whether the whole transaction goes with it, a caller's too.</summary>
    public bool RollsBack { get; private init; }

    /// <summary>Whether the transaction of the caller's fails with it, and not the call.</summary>
    public bool IsDeferred { get; private init; }

    /// <summary>The row that is applied all the same without the refused cell.</summary>
    public string? Rest { get; private init; }

    /// <summary>All of them.</summary>
    public static readonly Refusal[] All =
    [
        new("unique", Of("a UNIQUE, b"), "INSERT INTO t VALUES ('mine', 'x', 0)", Insert, "constraint", "UNIQUE constraint failed: t.a" + Key, "DELETE FROM t WHERE id = 'mine'"),
        new("unique, update", Of("a UNIQUE, b"), "INSERT INTO t VALUES ('mine', 'x', 0)", "UPDATE t SET a = 'x' WHERE id = 'old'", "constraint",
            "UNIQUE constraint failed: t.a (table t, key 'old')", "DELETE FROM t WHERE id = 'mine'"),
        new("primary key", Plain, $"CREATE TABLE log(x TEXT PRIMARY KEY); INSERT INTO log VALUES (1); {On} INSERT INTO log VALUES (1); END", Insert, "constraint",
            "UNIQUE constraint failed: log.x" + Key, "DELETE FROM log"),
        new("rowid", Plain, $"CREATE TABLE log(x); INSERT INTO log VALUES (1); {On} INSERT INTO log(rowid) VALUES (1); END", Insert, "constraint",
            "UNIQUE constraint failed: log.rowid" + Key, "DELETE FROM log"),
        new("check", Of("a CHECK (a <> 'x'), b"), "", Insert, "constraint", "CHECK constraint failed: a <> 'x'" + Key, "PRAGMA ignore_check_constraints = ON"),
        new("not null", Of("a NOT NULL DEFAULT 0, b"), "", "INSERT INTO t VALUES ('bad', NULL, 0)", "constraint", "NOT NULL constraint failed: t.a" + Key, Changed),
        new("foreign key", Parents + Of("a REFERENCES parent(id), b"), "", Insert, "constraint", "FOREIGN KEY constraint failed" + Key, "INSERT INTO parent VALUES ('x')"),
        new("deferred foreign key", Parents + Of("a REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED, b"), "", Insert, "constraint", "FOREIGN KEY constraint failed",
            "INSERT INTO parent VALUES ('x')") { IsDeferred = true },
        new("foreign key, delete", Plain + "PRAGMA foreign_keys = ON;", "CREATE TABLE c(p REFERENCES t(id)); INSERT INTO c VALUES ('old')", "DELETE FROM t WHERE id = 'old'", "constraint",
            "FOREIGN KEY constraint failed (table t, key 'old')", "DELETE FROM c"),
        new("virtual table", Plain, $"CREATE VIRTUAL TABLE f USING fts4(x); INSERT INTO f(docid, x) VALUES (1, 'x'); {On} INSERT INTO f(docid, x) VALUES (1, 'y'); END", Insert,
            "constraint", "constraint failed" + Key, "DELETE FROM f"),
        new("raise abort", Plain, $"{On} SELECT RAISE(ABORT, 'no'); END", Insert, "trigger", "no" + Key, "DROP TRIGGER no"),
        new("raise fail", Plain, $"{On} SELECT RAISE(FAIL, 'no'); END", Insert, "trigger", "no" + Key, "DROP TRIGGER no"),
        new("raise rollback", Plain, $"{On} SELECT RAISE(ROLLBACK, 'no'); END", Insert, "trigger", "no" + Key, "DROP TRIGGER no") { RollsBack = true },
        new("raise, delete", Plain, "CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept'); END", "DELETE FROM t WHERE id = 'old'", "trigger",
            "kept (table t, key 'old')", "DROP TRIGGER no"),
        new("strict", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a ANY, b INTEGER) STRICT; SELECT cloudsync_init('t');", "", "INSERT INTO t VALUES ('bad', 'x', 'y')", "type",
            "cannot store TEXT value in INTEGER column t.b" + Key, Changed) { MinimumVersion = "3.37" },
        new("mismatch", Plain, $"CREATE TABLE log(x INTEGER PRIMARY KEY); {On} INSERT INTO log VALUES (new.a); END", Insert, "type", "datatype mismatch" + Key, "DROP TRIGGER no"),
        new("malformed json", Of("a CHECK (json_extract(b, '$') IS NOT 7), b"), "", "INSERT INTO t VALUES ('bad', 'x', '{')", "expression", "malformed JSON" + Key,
            "PRAGMA ignore_check_constraints = ON"),
        new("overflow", Of("a, b CHECK (abs(b) IS NOT 7)"), "", "INSERT INTO t VALUES ('bad', 'x', -9223372036854775808)", "expression", "integer overflow" + Key,
            "PRAGMA ignore_check_constraints = ON"),
        new("table", Plain, "", "INSERT INTO v VALUES ('bad', 'x', 'y')", "table", "Unable to apply payload changes",
            "CREATE TABLE v(id TEXT PRIMARY KEY NOT NULL, x, y); SELECT cloudsync_init('v')"),
        new("column", Plain + Unknown, "", "INSERT INTO v VALUES ('bad', 'x', 'y')", "column", "Unable to perform merge_pending_add",
            "SELECT cloudsync_begin_alter('v'); ALTER TABLE v ADD COLUMN y; SELECT cloudsync_commit_alter('v')") { Rest = "bad|x" },
        new("key", Plain + "CREATE TABLE v(id TEXT NOT NULL, x NOT NULL, y, PRIMARY KEY(id, x)); SELECT cloudsync_init('v');", "", "INSERT INTO v VALUES ('bad', 'x', 'y')", "key",
            "", "SELECT cloudsync_begin_alter('v'); DROP TABLE v; CREATE TABLE v(id TEXT PRIMARY KEY NOT NULL, x, y); SELECT cloudsync_commit_alter('v')"),
        new("raise ignore", Plain, "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.id = 'bad' BEGIN SELECT RAISE(IGNORE); END", Insert, null, null, ""),
        new("prepare", Plain + "CREATE TABLE v(id TEXT PRIMARY KEY NOT NULL, x, y); SELECT cloudsync_init('v');", "CREATE TRIGGER no AFTER INSERT ON v BEGIN INSERT INTO gone VALUES (1); END",
            "INSERT INTO v VALUES ('bad', 'x', 'y')", null, "no such table: main.gone", "DROP TRIGGER no"),
        new("too big", Plain, $"CREATE TABLE log(x); {On} INSERT INTO log VALUES (zeroblob(2147483647)); END", Insert, null, "string or blob too big", "DROP TRIGGER no"),
        new("version out of bounds", Plain, "", Insert, null, "", "") { Forged = "col_version = 1 << 62", IsWhole = true },
        new("no site", Plain, "", Insert, null, "", "") { Forged = "site_id = x''" },
        new("undecodable key", Plain, "", Insert, null, "", "") { Forged = "pk = x'0199'" },
    ];

    private static string Of(string columns) => $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {columns}); SELECT cloudsync_init('t');";
}
