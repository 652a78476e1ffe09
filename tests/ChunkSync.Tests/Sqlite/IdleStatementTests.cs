using System.Globalization;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Sqlite;

/// <summary>A host may look at any statement of its connection: what <c>sqlite3_expanded_sql</c> shows of ours between two calls is
/// memory that still exists. Payloads, arguments and buffers of a call do not outlive it, so no idle statement may be bound to
/// them, however the call ended. Here all of them contain a mark that must not be seen. Only capture and readers leave their last key
/// bound, in buffers of their own.</summary>
public class IdleStatementTests(ITestOutputHelper output)
{
    private const string Mark = "MARKED-";

    private static readonly string HexMark = Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(Mark));

    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a IS NOT 'refused'), b);
        CREATE TABLE pair(v, y INT, x BLOB, PRIMARY KEY(x, y)) WITHOUT ROWID;
        CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, p REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED);
        SELECT cloudsync_init('t'); SELECT cloudsync_init('pair'); SELECT cloudsync_init('child');
        """;

    /// <summary>About how many points of an operation are interrupted; CHUNKSYNC_POINTS sets it.</summary>
    private static readonly long Tries =
        long.TryParse(Environment.GetEnvironmentVariable("CHUNKSYNC_POINTS"), CultureInfo.InvariantCulture, out long tries) ? tries : 4;

    /// <summary>The mark comes last: the first bytes of freed memory are soon used for something else.</summary>
    private static readonly string Key = new string('k', 60) + Mark;

    private static readonly Dictionary<string, Action<Database>> Calls = new()
    {
        ["init of a table with rows"] = database => database.Exec(
            $"CREATE TABLE later(id TEXT PRIMARY KEY NOT NULL, a); INSERT INTO later VALUES ('{Key}', 1); SELECT cloudsync_init('later')"),
        ["apply rows"] = database => Apply(database, Rows),
        ["apply rows that do not compress"] = database => Apply(database, Raw),
        ["apply parts"] = database => Apply(database, Parts),
        ["apply some parts"] = database => Apply(database, Parts[..^1]),
        ["apply what a constraint refuses"] = database => Apply(database, Refused),
        ["apply what the commit refuses"] = database => Apply(database, Orphan),
        ["apply a broken payload"] = database => Apply(database, [[.. Rows[0][..^1], 0]]),
        ["receive"] = database => database.Run(
            "SELECT cloudsync_payload_receive(?, randomblob(16), 1, 0, 0, ?, ?, ?, 1)", Rows[0], LastRow.NextDbVersion, LastRow.NextSeq, LastRow.NextOffset),
        ["insert a change"] = database => database.Run(
            "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            + " VALUES ('t', cloudsync_pk_encode(?), 'a', ?, 3, 9, randomblob(16), 1, 0)", Key + "c", Mark + "value"),
        ["insert a change that is refused"] = database => database.Run(
            "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            + " VALUES ('t', cloudsync_pk_encode(?), 'a', 'refused', 3, 9, randomblob(16), 1, 0)", Key + "c"),
    };

    private static readonly Lazy<List<ChunkRow>> LazyRows = new(() => Chunks(Filled));
    private static readonly Lazy<byte[][]> LazyParts = new(() => Send($"INSERT INTO t VALUES ('{Key}1', 1, '{Mark}' || {InterruptedReplica.LongValue})"));
    private static readonly Lazy<byte[][]> LazyRaw = new(() => Send($"INSERT INTO t VALUES ('{Mark}', randomblob(20), NULL)"));
    private static readonly Lazy<byte[][]> LazyRefused = new(() => Send(
        Filled + $"UPDATE t SET b = '{Mark}'; UPDATE t SET a = 'refused' WHERE id = '{Key}2'"));

    private static readonly Lazy<byte[][]> LazyOrphan = new(() => Send($"INSERT INTO t VALUES ('{Key}8', 1, 2); INSERT INTO child VALUES ('{Key}', 'nobody')"));

    private readonly Random random = new(Seed.Next(output));

    public static TheoryData<string> CallNames => [.. Calls.Keys];

    private static string Filled =>
        $"INSERT INTO t VALUES ('{Key}1', '{Mark}a', '{Mark}b'), ('{Key}2', NULL, x'{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(Key))}');"
        + $"INSERT INTO pair VALUES ('{Mark}v', 1, CAST('{Key}' AS BLOB)), (1.5, 2, CAST('{Key}' AS BLOB)); DELETE FROM pair WHERE y = 2;"
        + $"INSERT INTO t VALUES ('{Key}3', 1, 1); DELETE FROM t WHERE id = '{Key}3'; INSERT INTO t VALUES ('{Key}3', 2, 2);";

    private static byte[][] Rows => [.. LazyRows.Value.Select(chunk => chunk.Payload)];

    private static ChunkRow LastRow => LazyRows.Value[^1];

    private static byte[][] Parts => LazyParts.Value;

    private static byte[][] Raw => LazyRaw.Value;

    private static byte[][] Refused => LazyRefused.Value;

    private static byte[][] Orphan => LazyOrphan.Value;

    [Theory]
    [MemberData(nameof(CallNames))]
    public void Nothing_of_a_call_stays_bound_when_it_has_ended(string name)
    {
        using Database database = OpenFilled();
        AssertNothingBound(database, "before " + name);
        Try(() => Calls[name](database));
        AssertNothingBound(database, name);
        Try(() => Calls[name](database));
        AssertNothingBound(database, name + " again");
        database.Exec("BEGIN");
        Try(() => Calls[name](database));
        AssertNothingBound(database, name + " in a transaction");
    }

    [Theory]
    [MemberData(nameof(CallNames))]
    public void Nothing_of_a_call_stays_bound_when_it_is_interrupted(string name)
    {
        using Database counted = OpenFilled();
        long points = StepFault.Count(counted, () => Try(() => Calls[name](counted)));
        long stride = Math.Max(1, points / Tries);
        foreach (StepFaultKind kind in Enum.GetValues<StepFaultKind>())
        {
            using Database database = OpenFilled();
            for (long point = random.NextInt64(stride) + 1; point <= points; point += stride)
            {
                using (StepFault fault = new(database, point, kind))
                {
                    Try(() => Calls[name](database));
                }

                AssertNothingBound(database, $"{name}, {kind} at {point} of {points}");
            }
        }
    }

    /// <summary>Readers and capture keep their last key bound, in memory of their own. When that memory moves, nothing may be bound to the old
    /// place: each of these leaves a statement behind that the longer key does not need.</summary>
    [Theory]
    [InlineData("UPDATE t SET b = 3; SELECT sum(length(col_value)) FROM cloudsync_changes WHERE db_version = 2")]
    [InlineData("UPDATE t SET b = 3")]
    [InlineData("UPDATE t SET id = id || 'x'")]
    [InlineData("INSERT OR REPLACE INTO t SELECT * FROM t")]
    [InlineData("DELETE FROM t")]
    public void Old_key_is_forgotten_when_room_is_made_for_a_longer_one(string sql)
    {
        using Database database = Open();
        database.Exec($"INSERT INTO t VALUES ('{Key}', 1, 2)");
        database.Exec(sql);
        Assert.Contains(Idle(database), IsMarked);
        database.Exec($"INSERT INTO t SELECT '{new string('l', 3000)}', 1, 2 FROM cloudsync_site_id; DELETE FROM t; DELETE FROM t_cloudsync;"
            + $"INSERT INTO t VALUES ('{new string('m', 9000)}', 1, 2); UPDATE t SET id = '{new string('n', 9000)}'");
        database.Run("SELECT sum(length(col_value)) FROM cloudsync_changes");
        AssertNothingBound(database, sql);
    }

    /// <summary>A database with marked rows, after which capture has a longer key without the mark.</summary>
    private static Database OpenFilled()
    {
        Database database = Open();
        database.Exec(Filled);
        database.Exec($"INSERT INTO child VALUES ('{new string('c', 1000)}', NULL); UPDATE child SET id = '{new string('d', 1000)}'; DELETE FROM child");
        return database;
    }

    private static Database Open()
    {
        Database database = Database.Open();
        database.Exec("PRAGMA foreign_keys = ON;" + Schema);
        return database;
    }

    private static void Apply(Database database, byte[][] payloads)
    {
        foreach (byte[] payload in payloads)
        {
            database.Run("SELECT cloudsync_payload_apply(?)", payload);
        }
    }

    private static byte[][] Send(string history) => [.. Chunks(history).Select(chunk => chunk.Payload)];

    private static List<ChunkRow> Chunks(string history)
    {
        using Database sender = Database.Open();
        sender.Exec(Schema.Replace(" CHECK (a IS NOT 'refused')", "", StringComparison.Ordinal) + history);
        return ChunkRow.Read(sender, [("since_db_version", 0), ("max_chunk_size", 262_144)]);
    }

    /// <summary>A refusal is as good as success here.</summary>
    private static void Try(Action call)
    {
        if (Record.Exception(call) is Exception failure and not SqlException)
        {
            Assert.Fail(failure.ToString());
        }
    }

    private static void AssertNothingBound(Database database, string when)
    {
        Assert.True(database.BusyStatement() == null, $"{when}: a statement is open: {database.BusyStatement()}");
        string? marked = Idle(database).Find(IsMarked);
        Assert.True(marked == null, $"{when}: {marked}");
    }

    private static bool IsMarked(string text) =>
        text.Contains(Mark, StringComparison.Ordinal) || text.Contains(HexMark, StringComparison.Ordinal);

    /// <summary>The texts of all statements with what is bound to them.</summary>
    private static unsafe List<string> Idle(Database database)
    {
        List<string> texts = [];
        for (nint statement = NativeSqlite.NextStatement(database.Handle, 0); statement != 0;
            statement = NativeSqlite.NextStatement(database.Handle, statement))
        {
            byte* text = NativeSqlite.ExpandedSql(statement);
            texts.Add(ChunkSync.Sqlite.Sqlite3.Utf8String(text));
            NativeSqlite.Free(text);
        }

        return texts;
    }
}
