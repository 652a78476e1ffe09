using ChunkSync.Client.Tests.Host;
using SQLitePCL;

namespace ChunkSync.Client.Tests.Applying;

/// <summary>Payloads into rows.</summary>
public class ApplyTests
{
    private const string Insert = "INSERT INTO items VALUES ('a', 'apple', 1), ('b', 'banana', 2)";

    [Fact]
    public async Task Rows_are_listed_when_they_are_asked_for()
    {
        using Database from = Database.Create(Insert);
        using Database to = Database.Create("INSERT INTO items VALUES ('b', 'beet', 9)");
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        ApplyResult result = await to.Sync.ApplyAsync(payload, new ApplyOptions { ListApplied = true });
        Assert.Equal((4, 0), (result.Changes, result.Waiting));
        AppliedRow row = Assert.Single(result.Applied!, row => row.Kind == AppliedKind.Insert);
        Assert.Equal(("items", "'a'", "name,price", 1), (row.Table, row.Key, row.Columns, row.Writes));
        Assert.False(row.PrimaryKey.IsEmpty);
        result = await to.Sync.ApplyAsync(payload, ApplyOptions.Default);
        Assert.Null(result.Applied);
        from.Run("DELETE FROM items WHERE id = 'a'");
        Assert.Equal(AppliedKind.Delete, Assert.Single((await to.Sync.ApplyAsync((await from.PayloadsAsync(1))[0], new ApplyOptions { ListApplied = true })).Applied!).Kind);
        from.Run("UPDATE items SET name = 'bean'; UPDATE items SET name = 'beans'");
        AppliedRow update = Assert.Single((await to.Sync.ApplyAsync((await from.PayloadsAsync(2))[0], new ApplyOptions { ListApplied = true })).Applied!);
        Assert.Equal((AppliedKind.Update, "name"), (update.Kind, update.Columns));
        to.Run("SELECT cloudsync_set('applied_bytes', 1)");
        from.Run("UPDATE items SET price = 100");
        AppliedRow more = Assert.Single((await to.Sync.ApplyAsync((await from.PayloadsAsync())[0], new ApplyOptions { ListApplied = true })).Applied!);
        Assert.Equal((AppliedKind.More, ""), (more.Kind, more.Table));
    }

    [Fact]
    public async Task Checkpoint_moves_unless_it_shall_not()
    {
        using Database from = Database.Create(Insert);
        using Database to = Database.Create();
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        const string Checkpoint = "SELECT count(*) FROM cloudsync_settings WHERE key LIKE 'check%'";
        await to.Sync.ApplyAsync(payload, new ApplyOptions { MoveCheckpoint = false });
        await to.Sync.ApplyAllAsync(Async.Sequence([payload]), new ApplyAllOptions { MoveCheckpoint = false });
        Assert.Equal("0", to.Text(Checkpoint));
        await to.Sync.ApplyAsync(payload);
        Assert.Equal("2", to.Text(Checkpoint));
    }

    [Fact]
    public async Task Refused_row_is_named_or_waits_as_the_database_is_set()
    {
        using Database from = Database.Create("CREATE TABLE checked(id TEXT PRIMARY KEY NOT NULL, a INTEGER); SELECT cloudsync_init('checked');"
            + " INSERT INTO checked VALUES ('low', 1), ('high', 1000)");
        using Database to = Database.Create("CREATE TABLE checked(id TEXT PRIMARY KEY NOT NULL, a INTEGER CHECK (a < 100)); SELECT cloudsync_init('checked')");
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        to.Run("SELECT cloudsync_set('apply_refused', 'stop')");
        ChunkSyncException refused = await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAsync(payload));
        Assert.Equal((ChunkSyncErrorKind.RowRefused, "checked", "'high'"), (refused.Kind, refused.Table, refused.Key));
        Assert.Equal(raw.SQLITE_CONSTRAINT, refused.SqliteErrorCode);
        Assert.Equal(raw.SQLITE_CONSTRAINT_CHECK, refused.SqliteExtendedErrorCode);
        Assert.Null(refused.SuggestedCursor);
        to.Run("SELECT cloudsync_set('apply_refused', 'wait')");
        Assert.Equal(1, (await to.Sync.ApplyAsync(payload)).Waiting);
        Assert.Equal("1", to.Text("SELECT count(*) FROM checked"));
    }

    [Fact]
    public async Task Payloads_before_a_failure_stay_unless_all_are_one_transaction()
    {
        using Database from = Database.CreateFull();
        List<byte[]> payloads = await from.PayloadsAsync();
        List<byte[]> damaged = [payloads[0], payloads[1], payloads[2][..^1], payloads[3]];
        foreach (bool one in (bool[])[false, true])
        {
            using Database to = Database.Create();
            ProgressList progress = new();
            ApplyAllOptions options = new() { OneTransaction = one, Progress = progress, TotalBytes = payloads.Sum(payload => (long)payload.Length) };
            ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAllAsync(Async.Sequence(damaged), options));
            Assert.Equal(ChunkSyncErrorKind.InvalidPayload, failure.Kind);
            Assert.Equal(one ? "0" : "1", to.Text("SELECT EXISTS (SELECT 1 FROM items)"));
            Assert.True(one ? progress.All.Count == 0 : progress.All[0].Chunks == 1);
            to.Run("BEGIN; COMMIT");

            ApplyAllResult result = await to.Sync.ApplyAllAsync(Async.Sequence(payloads), options);
            Assert.Equal(((long)payloads.Count, options.TotalBytes.Value, 0L), (result.Payloads, result.Bytes, result.Waiting));
            Assert.Equal(from.Contents(), to.Contents());
            SyncProgress last = progress.All[^1];
            Assert.Equal((SyncPhase.Applying, result.Payloads, result.Changes, result.Bytes, result.Bytes),
                (last.Phase, last.Chunks, last.Rows, last.Bytes, last.TotalBytes));
            Assert.Equal(100, last.Percent);
        }
    }

    [Fact]
    public async Task Children_come_before_their_parents_when_all_payloads_are_one_transaction()
    {
        const string Schema = "CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, name TEXT);"
            + " CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, parent TEXT REFERENCES parent(id));"
            + " SELECT cloudsync_init('parent'); SELECT cloudsync_init('child'); PRAGMA foreign_keys = ON;";
        using Database from = Database.Create(Schema + "INSERT INTO parent VALUES ('p', 'one'); INSERT INTO child VALUES ('c', 'p')");
        byte[] child = (await from.PayloadsAsync(1))[0];
        from.Run("UPDATE parent SET name = 'two'");
        byte[] parent = (await from.PayloadsAsync(2))[0];
        using Database to = Database.Create(Schema + "SELECT cloudsync_set('apply_refused', 'stop')");
        await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAllAsync(Async.Sequence([child, parent])));
        await to.Sync.ApplyAllAsync(Async.Sequence([child, parent]), new ApplyAllOptions { OneTransaction = true });
        Assert.Equal("p|two|c", to.Text("SELECT p.id || '|' || p.name || '|' || c.id FROM parent AS p, child AS c"));

        // What nothing satisfies is refused at the end, and undone.
        using Database third = Database.Create(Schema + "SELECT cloudsync_set('apply_refused', 'stop')");
        await Assert.ThrowsAsync<ChunkSyncException>(() => third.Sync.ApplyAllAsync(Async.Sequence([child]), new ApplyAllOptions { OneTransaction = true }));
        Assert.Equal("0", third.Text("SELECT count(*) FROM child"));
        third.Run("BEGIN; COMMIT");
    }

    [Fact]
    public async Task One_transaction_is_refused_when_another_is_open()
    {
        using Database to = Database.Create("BEGIN");
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            to.Sync.ApplyAllAsync(Async.Sequence([]), new ApplyAllOptions { OneTransaction = true }));
        to.Run("ROLLBACK");
        ApplyAllResult nothing = await to.Sync.ApplyAllAsync(Async.Sequence([]), new ApplyAllOptions { OneTransaction = true });
        Assert.Equal(default, nothing);
    }

    /// <summary>A function of the program, called while a payload is applied, is where another call can begin for certain.</summary>
    [Fact]
    public async Task Second_call_is_refused_when_one_runs_on_the_connection()
    {
        using Database from = Database.Create(Insert);
        using Database to = Database.Create();
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        List<Exception> refused = [];
        SyncDatabase other = to.Connection.ChunkSync();
        to.Connection.CreateFunction("intrude", () =>
        {
            refused.Add(Assert.Throws<InvalidOperationException>(() => Task.Run(() => other.DbVersion).GetAwaiter().GetResult()));
            return 0;
        });
        to.Run("CREATE TEMP TRIGGER intruder AFTER INSERT ON items BEGIN SELECT intrude(); END");
        await to.Sync.ApplyAsync(payload);
        Assert.Equal(2, refused.Count);
        Assert.Contains("use a connection for each task", refused[0].Message, StringComparison.Ordinal);
        Assert.Equal(from.Contents(), to.Contents());
    }

    [Fact]
    public async Task Call_waits_when_another_connection_writes_and_gives_up_in_the_end()
    {
        using Database from = Database.Create(Insert);
        using Database to = Database.Create();
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        SqliteConnection other = to.Connect();
        Database.Run(other, "BEGIN IMMEDIATE");
        to.Connection.DefaultTimeout = 1;
        ChunkSyncException busy = await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAsync(payload));
        Assert.Equal(ChunkSyncErrorKind.Busy, busy.Kind);
        to.Connection.DefaultTimeout = 0;
        Task<ApplyResult> apply = to.Sync.ApplyAsync(payload);
        Assert.False(apply.IsCompleted);
        using CancellationTokenSource cancellation = new();
        Task<ApplyResult> cancelled = to.Sync.ApplyAsync(payload, null, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Database.Run(other, "ROLLBACK");
        Assert.Equal(4, (await apply).Changes);

        // What is not asynchronous waits, too.
        to.Run("CREATE TABLE late(id TEXT PRIMARY KEY NOT NULL)");
        Database.Run(other, "BEGIN IMMEDIATE");
        using Timer timer = new(_ => Database.Run(other, "ROLLBACK"), null, 200, Timeout.Infinite);
        Assert.False(to.Sync.Track("late").IsEmpty);
    }

    [Fact]
    public async Task Heap_does_not_grow_with_rows_when_payloads_are_applied()
    {
        using Database from = Database.Create();
        from.Run("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200) INSERT INTO items SELECT 'k' || i, 'name', i FROM c");
        byte[] few = Assert.Single(await from.PayloadsAsync());
        from.Run("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) INSERT INTO items SELECT 'm' || i, 'name', i FROM c");
        byte[] many = Assert.Single(await from.PayloadsAsync(1));
        using Database to = Database.Create();
        List<long> costs = [];
        foreach (byte[] payload in (byte[][])[few, many, few, many])
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            ApplyResult result = await to.Sync.ApplyAsync(payload);
            costs.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(result.Changes > 0);
        }

        Assert.True(costs[3] - costs[2] < 1800, $"{string.Join(' ', costs)} bytes: 1,800 rows more cost some of them each");
    }

    /// <summary>Beside the same payloads in SQL alone, through the provider itself.</summary>
    [Fact]
    public async Task Heap_grows_by_less_than_a_kilobyte_per_payload_when_many_are_applied()
    {
        const int Payloads = 40;
        using Database from = Database.Create(Insert);
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        using Database to = Database.Create();
        byte[][] all = [.. Enumerable.Repeat(payload, Payloads)];
        (long bare, long api) = (0, 0);
        for (int i = 0; i < 2; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            ApplyBare(to.Connection, all);
            bare = GC.GetAllocatedBytesForCurrentThread() - before;
            before = GC.GetAllocatedBytesForCurrentThread();
            await to.Sync.ApplyAllAsync(Async.AtOnce(all));
            api = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.True(api - bare < Payloads * 1024, $"{api} bytes for {Payloads} payloads, {bare} in SQL alone");
    }

    private static void ApplyBare(SqliteConnection connection, byte[][] payloads)
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_prepare_v2(connection.Handle!, "SELECT cloudsync_payload_apply(?)", out sqlite3_stmt statement));
        using (statement)
        {
            foreach (byte[] payload in payloads)
            {
                raw.sqlite3_bind_blob(statement, 1, payload);
                Assert.Equal(raw.SQLITE_ROW, raw.sqlite3_step(statement));
                raw.sqlite3_reset(statement);
            }
        }
    }
}
