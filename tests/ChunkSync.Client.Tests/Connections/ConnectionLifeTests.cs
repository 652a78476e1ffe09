using ChunkSync.Client.Tests.Host;
using SQLitePCL;

namespace ChunkSync.Client.Tests.Connections;

/// <summary>Connections that are closed, shared and opened again while calls are on their way.</summary>
public class ConnectionLifeTests
{
    private static readonly ReadOptions Small = new() { MaxChunkSize = Database.SmallChunk };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connection_is_free_when_a_read_is_left_in_the_middle(bool offload)
    {
        using Database database = Database.CreateFull();
        Chunk? kept = null;
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), Small with { Offload = offload }))
        {
            kept = chunk;
            break;
        }

        Assert.Throws<InvalidOperationException>(() => kept!.Payload);
        Assert.Throws<InvalidOperationException>(() => kept!.Fragment);
        Assert.False(kept!.Resume.IsComplete);

        // No statement is left: a table can be dropped, and the file be emptied.
        database.Run("CREATE TABLE loose(a); DROP TABLE loose; BEGIN IMMEDIATE; ROLLBACK; VACUUM");
        Assert.Equal(database.Sync.DbVersion, (await database.Sync.PlanAsync(new ChunkWindow(since: 0))).Watermark);
        IAsyncEnumerator<Chunk> unused = database.Sync.ReadAsync(new ChunkWindow(since: 0)).GetAsyncEnumerator();
        await unused.DisposeAsync();
        await unused.DisposeAsync();
        Assert.False(await unused.MoveNextAsync());
    }

    [Fact]
    public async Task Two_readers_have_the_same_chunks_when_they_take_turns_on_one_connection()
    {
        using Database database = Database.CreateFull();
        List<byte[]> all = await database.PayloadsAsync();
        IAsyncEnumerable<Chunk> window = database.Sync.ReadAsync(new ChunkWindow(since: 0), Small);
        await using IAsyncEnumerator<Chunk> left = window.GetAsyncEnumerator();
        await using IAsyncEnumerator<Chunk> right = window.GetAsyncEnumerator();
        for (int i = 0; i < all.Count; i++)
        {
            Assert.True(await left.MoveNextAsync() && await right.MoveNextAsync());
            Assert.Equal(all[i], left.Current.Payload.ToArray());
            Assert.Equal(all[i], right.Current.Payload.ToArray());
        }

        Assert.False(await left.MoveNextAsync() || await right.MoveNextAsync());
    }

    /// <summary>With and without a pool, which hands the same handle out again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_says_that_the_connection_is_closed_and_goes_on_when_it_is_open_again(bool isPooled)
    {
        using Database database = Database.CreateFull();
        List<byte[]> all = await database.PayloadsAsync();
        using SqliteConnection connection = new(database.ConnectionString.Replace("Pooling=False", $"Pooling={isPooled}", StringComparison.Ordinal));
        connection.LoadChunkSync().Open();
        await using IAsyncEnumerator<Chunk> reader = connection.ChunkSync().ReadAsync(new ChunkWindow(since: 0), Small).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        connection.Close();
        connection.Open();
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(all[1], reader.Current.Payload.ToArray());
        connection.Close();
        InvalidOperationException closed = await Assert.ThrowsAsync<InvalidOperationException>(async () => await reader.MoveNextAsync());
        Assert.Contains("the connection is closed", closed.Message, StringComparison.Ordinal);
        SqliteConnection.ClearPool(connection);
    }

    /// <summary>Reader and connection go in the wrong order, and what SQLite keeps of the connection until then goes with the reader.</summary>
    [Fact]
    public async Task File_is_released_when_a_connection_was_disposed_before_its_reader()
    {
        using Database database = Database.CreateFull();
        SqliteConnection connection = database.Connect();
        IAsyncEnumerator<Chunk> reader = connection.ChunkSync().ReadAsync(new ChunkWindow(since: 0), Small).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        connection.Dispose();
        await reader.DisposeAsync();
        database.Run("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT");
        Assert.Equal("delete", database.Text("PRAGMA journal_mode"));
    }

    /// <summary>The pool gives a handle to its next owner as it is: a transaction that is left open there swallows what that one writes.</summary>
    [Fact]
    public async Task No_transaction_is_left_in_the_pool_when_a_connection_is_closed_while_payloads_are_applied_in_one()
    {
        using Database from = Database.CreateFull();
        List<byte[]> payloads = await from.PayloadsAsync();
        using Database to = Database.Create();
        string text = to.ConnectionString.Replace("Pooling=False", "Pooling=True", StringComparison.Ordinal);
        foreach (bool opensAgain in (bool[])[false, true])
        {
            using SqliteConnection connection = new(text);
            connection.LoadChunkSync().Open();
            await Assert.ThrowsAsync<InvalidOperationException>(() => connection.ChunkSync().ApplyAllAsync(Interrupted(), new ApplyAllOptions { OneTransaction = true }));
            using SqliteConnection next = new(text);
            next.LoadChunkSync().Open();
            Assert.Equal(1, raw.sqlite3_get_autocommit(next.Handle!));
            Database.Run(next, "INSERT INTO notes VALUES (cloudsync_uuid(), 'kept')");
            Assert.Equal(opensAgain ? "2" : "1", to.Text("SELECT count(*) FROM notes"));
            Assert.Equal("0", to.Text("SELECT count(*) FROM items"));
            SqliteConnection.ClearPool(connection);

            async IAsyncEnumerable<ReadOnlyMemory<byte>> Interrupted()
            {
                await Task.CompletedTask;
                yield return payloads[0];
                connection.Close();
                if (opensAgain)
                {
                    // The pool hands out the handle with the transaction, or another one.
                    using SqliteConnection other = new(text);
                    other.LoadChunkSync().Open();
                    connection.Open();
                    Assert.NotSame(other.Handle, connection.Handle);
                }

                yield return payloads[1];
            }
        }
    }

    [Theory]
    [InlineData("COMMIT")]
    [InlineData("ROLLBACK")]
    public async Task Apply_ends_when_somebody_ends_the_transaction_for_all_payloads(string end)
    {
        using Database from = Database.CreateFull();
        List<byte[]> payloads = await from.PayloadsAsync();
        using Database to = Database.Create();
        InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => to.Sync.ApplyAllAsync(Ended(), new ApplyAllOptions { OneTransaction = true }));
        Assert.Contains("the transaction for all payloads was ended", failure.Message, StringComparison.Ordinal);
        Assert.Equal(end == "COMMIT" ? "1" : "0", to.Text("SELECT EXISTS (SELECT 1 FROM items)"));
        string before = to.Contents();
        to.Run("BEGIN; ROLLBACK");
        Assert.Equal(before, to.Contents());

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Ended()
        {
            await Task.CompletedTask;
            yield return payloads[0];
            to.Run(end);
            yield return payloads[1];
        }
    }

    /// <summary>What whoever gives the payloads throws comes out as it is, and nothing of a transaction for all of them stays.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Failure_of_the_source_comes_out_when_it_throws_between_payloads(bool one)
    {
        using Database from = Database.CreateFull();
        List<byte[]> payloads = await from.PayloadsAsync();
        using Database to = Database.Create();
        IOException failure = await Assert.ThrowsAsync<IOException>(() => to.Sync.ApplyAllAsync(Broken(), new ApplyAllOptions { OneTransaction = one }));
        Assert.Equal("the line is dead", failure.Message);
        Assert.Equal(one ? "0" : "1", to.Text("SELECT EXISTS (SELECT 1 FROM items)"));
        to.Run("BEGIN; ROLLBACK");
        await to.Sync.ApplyAllAsync(Async.Sequence(payloads), new ApplyAllOptions { OneTransaction = one });
        Assert.Equal(from.Contents(), to.Contents());

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Broken()
        {
            await Task.Yield();
            yield return payloads[0];
            throw new IOException("the line is dead");
        }
    }

    [Fact]
    public async Task Transaction_of_the_caller_decides_when_calls_run_inside_of_it()
    {
        using Database from = Database.CreateFull(rows: 50);
        List<byte[]> payloads = await from.PayloadsAsync();
        using Database to = Database.Create();
        foreach (string end in (string[])["ROLLBACK", "COMMIT"])
        {
            to.Run("BEGIN");
            await to.Sync.ApplyAllAsync(Async.Sequence(payloads));
            Assert.Equal(0, raw.sqlite3_get_autocommit(to.Connection.Handle!));
            Assert.NotEmpty(await to.Sync.ReadAsync(new ChunkWindow(since: 0) { Sites = ChunkSites.AllBut(to.Sync.Site) }).ToListAsync());
            Assert.True((await to.Sync.PlanAsync(new ChunkWindow(since: 0) { Sites = ChunkSites.Only(from.Sync.Site) })).Rows > 0);
            to.Run(end);
            Assert.Equal(end == "COMMIT" ? "49" : "0", to.Text("SELECT count(*) FROM items"));
        }
    }
}
