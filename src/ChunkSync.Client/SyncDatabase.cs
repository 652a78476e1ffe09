using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>The changes of a database: sends, applies and receives them. A view of a connection, cheap to make; it owns nothing.</summary>
/// <remarks>One call at a time on a connection: a second one that begins while the first runs gets an <see cref="InvalidOperationException"/>. Between two chunks of a
/// read nothing runs. Calls run on the caller's thread, as those of Microsoft.Data.Sqlite do. On a <see cref="SqliteConnection"/> they wait for whoever has the database
/// locked as long as its commands would (<see cref="SqliteConnection.DefaultTimeout"/>); on a raw handle as long as its own busy handler.</remarks>
public sealed class SyncDatabase
{
    private readonly SqliteConnection? connection;
    private readonly sqlite3? handle;

    internal SyncDatabase(SqliteConnection connection) => this.connection = connection;

    internal SyncDatabase(sqlite3 handle) => this.handle = handle;

    /// <summary>The id of this database as a sender; empty before a table is tracked.</summary>
    /// <exception cref="ChunkSyncException">It cannot be read.</exception>
    public SiteId Site => Ask("SELECT cloudsync_siteid()", static statement =>
    {
        ReadOnlySpan<byte> bytes = statement.Blob(0);
        return bytes.Length == SiteId.Length ? new SiteId(bytes) : default;
    });

    /// <summary>The last committed version of this database.</summary>
    /// <exception cref="ChunkSyncException">No table is tracked, or it cannot be read.</exception>
    public long DbVersion => Ask("SELECT cloudsync_db_version()", static statement => statement.Int64(0));

    /// <summary>How long a call waits for whoever has the database locked.</summary>
    internal TimeSpan BusyTimeout => connection switch
    {
        null => TimeSpan.Zero,
        { DefaultTimeout: 0 } => Timeout.InfiniteTimeSpan,
        _ => TimeSpan.FromSeconds(connection.DefaultTimeout),
    };

    /// <summary>Makes a table tracked, or brings a tracked one up to date: <c>cloudsync_init</c>.</summary>
    /// <param name="table">The table.</param>
    /// <param name="options">How.</param>
    /// <returns>The id of this database.</returns>
    /// <exception cref="ChunkSyncException">The table cannot be tracked as it is.</exception>
    public SiteId Track(string table, TrackOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        options ??= TrackOptions.Default;
        return Ask("SELECT cloudsync_init(?1, ?2, ?3)", static statement => SiteId.Parse(statement.Text(0)), statement =>
        {
            statement.Bind(1, table);
            statement.Bind(2, options.Name);
            statement.Bind(3, options.Flags);
        });
    }

    /// <summary>Reads the chunks of a window, one at a time.</summary>
    /// <param name="window">What is read.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Interrupts the chunk that is being read.</param>
    /// <returns>The chunks; none where there is nothing to send.</returns>
    /// <exception cref="ChunkSyncException">Reading fails.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IAsyncEnumerable<Chunk> ReadAsync(ChunkWindow window, ReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(window);
        options ??= ReadOptions.Default;
        return PagesAsync(PageInputs.Of(window, options), options, cancellationToken);
    }

    /// <summary>Goes on with a window behind a chunk that was read before, on whatever connection of this database.</summary>
    /// <param name="bookmark">The chunk's <see cref="Chunk.Resume"/>.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Interrupts the chunk that is being read.</param>
    /// <returns>The chunks that are left.</returns>
    /// <exception cref="InvalidOperationException">The bookmark is complete: nothing is left of the window.</exception>
    /// <exception cref="ChunkSyncException">Reading fails.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IAsyncEnumerable<Chunk> ReadAsync(ChunkBookmark bookmark, ReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bookmark);
        options ??= ReadOptions.Default;
        return bookmark.IsComplete
            ? throw new InvalidOperationException(
                $"the bookmark is that of a final chunk: nothing is left of its window; the next one is new ChunkWindow(since: {bookmark.Until})")
            : PagesAsync(PageInputs.Of(bookmark, options), options, cancellationToken);
    }

    /// <summary>Counts what a send of a window would be, without building a payload.</summary>
    /// <param name="window">What would be read.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="ChunkSyncException">Reading fails.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<SendPlan> PlanAsync(ChunkWindow window, CancellationToken cancellationToken = default) => PlanAsync(window, null, cancellationToken);

    /// <summary>Counts what a send of a window would be, without building a payload.</summary>
    /// <param name="window">What would be read.</param>
    /// <param name="options">The size of chunks.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="ChunkSyncException">Reading fails.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<SendPlan> PlanAsync(ChunkWindow window, ReadOptions? options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(window);
        PageInputs inputs = PageInputs.Of(window, options ?? ReadOptions.Default);
        using Interruption interruption = new(cancellationToken);
        BusyWait busy = new(BusyTimeout);
        while (true)
        {
            try
            {
                return Planner.Run(this, inputs, interruption);
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                await busy.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Applies a payload: all of it, or, where a row is refused and shall not wait, what stands before that row.</summary>
    /// <param name="payload">The bytes of a chunk.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Interrupts it; nothing of the payload is applied then. A transaction of yours may be rolled back with it.</param>
    /// <exception cref="ChunkSyncException">It cannot be applied.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<ApplyResult> ApplyAsync(
        ReadOnlyMemory<byte> payload, ApplyOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= ApplyOptions.Default;
        using PayloadWriter writer = new(this, options.MoveCheckpoint, cancellationToken);
        long changes = await writer.ApplyAsync(payload).ConfigureAwait(false);
        return new ApplyResult(changes, CountWaiting(), options.ListApplied ? ListApplied() : null);
    }

    /// <summary>Applies payloads one after the other.</summary>
    /// <param name="payloads">The bytes of chunks; each is done with when the next one is asked for.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Interrupts the payload that is being applied.</param>
    /// <exception cref="ChunkSyncException">One cannot be applied.</exception>
    /// <exception cref="InvalidOperationException">One transaction for all was asked for, and one is open.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<ApplyAllResult> ApplyAllAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> payloads, ApplyAllOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(payloads);
        return new PayloadSequence(this, options ?? ApplyAllOptions.Default).RunAsync(payloads, cancellationToken);
    }

    /// <summary>Applies a chunk and records which part of the sender's stream has arrived, all or nothing; in any order, and repeats change nothing.</summary>
    /// <param name="chunk">The chunk with its place.</param>
    /// <param name="cancellationToken">Interrupts it; nothing has arrived then.</param>
    /// <exception cref="ChunkSyncException">It cannot be applied, or does not fit its place.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<ReceiveResult> ReceiveAsync(ChunkEnvelope chunk, CancellationToken cancellationToken = default) =>
        ReceiveAsync(chunk, null, cancellationToken);

    /// <summary>Applies a chunk and records which part of the sender's stream has arrived, all or nothing; in any order, and repeats change nothing.</summary>
    /// <param name="chunk">The chunk with its place.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Interrupts it; nothing has arrived then.</param>
    /// <exception cref="ChunkSyncException">It cannot be applied, or does not fit its place.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<ReceiveResult> ReceiveAsync(ChunkEnvelope chunk, ReceiveOptions? options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        using Interruption interruption = new(cancellationToken);
        BusyWait busy = new(BusyTimeout);
        while (true)
        {
            try
            {
                long changes = ChunkReceipt.Run(this, chunk, interruption);
                ReceiveResult result = new(changes, CountWaiting(), options is { ListApplied: true } ? ListApplied() : null);
                if (Instruments.ReceiveGaps.Enabled)
                {
                    _ = Gaps();
                }

                return result;
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                await busy.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What has not arrived of the streams that <see cref="ReceiveAsync(ChunkEnvelope, CancellationToken)"/> records; the last one of each sender is the open end.</summary>
    /// <param name="sender">The sender; null for all of them.</param>
    /// <exception cref="ChunkSyncException">They cannot be read.</exception>
    public IReadOnlyList<StreamGap> Gaps(SiteId? sender = null)
    {
        List<StreamGap> gaps = List(
            "SELECT site_id, from_db_version, from_seq, from_frag_offset, to_db_version, to_seq, to_frag_offset FROM cloudsync_receive_gaps(?1)"
            + " WHERE length(site_id) = 16",
            static row => new StreamGap(new SiteId(row.Blob(0)), Cursor(row, 1), row.IsNull(4) ? null : Cursor(row, 4)), statement => statement.Bind(1, sender));
        if (sender == null)
        {
            Instruments.ReceiveGaps.Record(gaps.Count(gap => gap.To != null));
        }

        return gaps;
    }

    /// <summary>Takes the connection for one call.</summary>
    /// <exception cref="InvalidOperationException">It is closed, or another call has it.</exception>
    internal ConnectionUse Use() => new(handle ?? connection!.Handle
        ?? throw new InvalidOperationException("the connection is closed: open it before ChunkSync is used on it"));

    /// <summary>Which part of a value a payload holds.</summary>
    internal ChunkFragment? PartOf(ReadOnlySpan<byte> payload)
    {
        using ConnectionUse use = Use();
        using SyncStatement statement = new(use.Handle, "SELECT frag_part, frag_parts FROM cloudsync_payload_rows(?1, 0)");
        statement.Bind(1, payload);
        return statement.Step() && !statement.IsNull(0) ? new ChunkFragment(statement.Int64(0) + 1, statement.Int64(1)) : null;
    }

    /// <summary>The rows that have changes which could not be merged yet.</summary>
    internal long CountWaiting() => Ask("SELECT count(*) FROM cloudsync_waiting", static statement => statement.Int64(0));

    /// <summary>The first row of a query, waiting while somebody else has the database locked.</summary>
    private T Ask<T>(string sql, Func<SyncStatement, T> read, Action<SyncStatement>? bind = null)
    {
        BusyWait busy = new(BusyTimeout);
        while (true)
        {
            try
            {
                using ConnectionUse use = Use();
                using SyncStatement statement = new(use.Handle, sql);
                bind?.Invoke(statement);
                statement.Step();
                return read(statement);
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                busy.Wait();
            }
        }
    }

    private static ChunkCursor Cursor(SyncStatement statement, int column) =>
        new(statement.Int64(column), statement.Int64(column + 1), statement.Int64(column + 2));

    private static AppliedRow Applied(SyncStatement row)
    {
        AppliedKind kind = row.Text(3) switch
        {
            "insert" => AppliedKind.Insert,
            "update" => AppliedKind.Update,
            "delete" => AppliedKind.Delete,
            _ => AppliedKind.More,
        };
        return new AppliedRow(row.Text(0), row.Blob(1).ToArray(), row.Text(2), kind, row.Text(4), row.Int64(5));
    }

    private List<AppliedRow> ListApplied() => List("SELECT tbl, pk, key, kind, columns, n FROM cloudsync_applied", Applied);

    /// <summary>All rows of a query, as <see cref="Ask"/> has the first.</summary>
    private List<T> List<T>(string sql, Func<SyncStatement, T> read, Action<SyncStatement>? bind = null) => Ask(sql, read: statement =>
    {
        List<T> rows = [];
        for (bool isRow = statement.IsAtRow; isRow; isRow = statement.Step())
        {
            rows.Add(read(statement));
        }

        return rows;
    }, bind);

    private async IAsyncEnumerable<Chunk> PagesAsync(
        PageInputs inputs, ReadOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using PageReader reader = new(this, inputs, options, cancellationToken);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await reader.NextAsync().ConfigureAwait(false) is not Chunk chunk)
            {
                yield break;
            }

            yield return chunk;
            if (chunk.IsFinal)
            {
                yield break;
            }
        }
    }
}
