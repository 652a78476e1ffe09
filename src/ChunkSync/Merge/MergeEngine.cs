using System.Text;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges changes of other replicas on one connection: changes of one row that follow each other are decided together and
/// written once.</summary>
internal sealed unsafe class MergeEngine : IDisposable
{
    /// <summary>What messages call the merge of a single change.</summary>
    public const string InsertOperation = "merge_insert_col";

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly CaptureWatch watch;
    private readonly MergeContext context;
    private readonly Dictionary<TrackedTable, RowMerger> mergers = [];
    private readonly Cascades cascades;
    private RowMerger? current;
    private int generation = -1;
    private MergeScope merging;

    /// <summary>Total rows this connection had written when the current row was begun: tells whether a failed row left traces.</summary>
    private int changesBefore;

    /// <summary>The same as <see cref="SyncSession.WrittenRows"/> counts.</summary>
    private int writtenBefore;

    public MergeEngine(
        SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, LocalClocks clocks, FilterWatch filters, CaptureWatch watch,
        IMergeWatch? rows = null)
    {
        this.session = session;
        this.catalog = catalog;
        this.watch = watch;
        Watch = rows;
        cascades = new Cascades(session, catalog, keys, clock, clocks, filters, rows);
        context = new MergeContext(session, catalog, keys, clock, clocks, filters, cascades, Refusals, new ClockBatch(session.Connection), rows);
    }

    /// <summary>Hears what becomes of rows; null where nobody asks.</summary>
    public IMergeWatch? Watch { get; }

    /// <summary>Why a row was refused last.</summary>
    public Refusals Refusals { get; } = new();

    /// <summary>The row in progress; null between two rows.</summary>
    public RowMerger? Current => current;

    /// <summary>The failure of the row in progress, which was refused.</summary>
    public EngineException RefusedFailure() => new(
        Refusals.Code, Refusals.Text + $" (table {current!.Table.Name}, key {KeyText.Describe(current.Key)})");

    /// <summary>Whether this schema has the table and the column of a change.</summary>
    public bool Knows(in ChangeRow change) => Find(change.TableName) is TrackedTable table && Knows(table, change);

    /// <summary>Whether the bytes of a change's key alone tell which row it is about.</summary>
    public bool IsExact(in ChangeRow change) =>
        Find(change.TableName) is TrackedTable table && context.Keys.Rules(table).Match(change.KeyBytes) == KeyMatch.Exact;

    /// <summary>The error of a change of a column that is not here.</summary>
    public EngineException UnknownColumn(in ChangeRow change, string operation) => UnknownColumn(Find(change.TableName)!, change, operation);

    /// <inheritdoc cref="UnknownColumn(in ChangeRow, string)"/>
    public static EngineException UnknownColumn(TrackedTable table, in ChangeRow change, string operation) =>
        Errors.Refused($"Unable to perform {operation}: table {table.Name} has no column '{Encoding.UTF8.GetString(change.ColumnName)}'");

    /// <summary>Whether a table has the column of a change.</summary>
    public static bool Knows(TrackedTable table, in ChangeRow change) => change.IsSentinel || table.FindValueColumn(change.ColumnName) >= 0
        || (table.HasBlocks && change.ColumnName.Contains(TrackedTable.BlockSeparator));

    /// <summary>Whether the row in progress wrote anything so far.</summary>
    public bool HasWritten => session.WrittenRows != writtenBefore;

    /// <inheritdoc cref="SyncSession.WrittenRows"/>
    public int WrittenRows => session.WrittenRows;

    /// <summary>The connection's counter of written rows when the row in progress began.</summary>
    public int ChangesBefore => changesBefore;

    /// <summary>One INSERT into <c>cloudsync_changes</c>: tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq.</summary>
    /// <returns>The rowid: (db_version &lt;&lt; 30) | seq of the source.</returns>
    public long Insert(ReadOnlySpan<Value> columns)
    {
        session.RefuseDuringMerge("an INSERT into cloudsync_changes");
        session.Refresh();
        watch.Restore();
        ChangeRow change = Read(columns);
        if (columns[0].IsNull || Find(change.TableName) == null)
        {
            throw catalog.Damage.Unknown(columns[0].String, ResultCode.Error, $"Unable to find table {columns[0].String},");
        }

        ChangeNumbers.Check(change, "Unable to perform merge_insert_col");

        // No savepoint can be opened inside the caller's INSERT. Mostly none is needed: the base row is written first, by one statement,
        // and what it refuses leaves nothing behind but a known site.
        Enter();
        writtenBefore = session.WrittenRows;
        try
        {
            BeginRow(change);
            if (!Add(change))
            {
                throw UnknownColumn(change, InsertOperation);
            }

            FlushRow();
            Watch?.Store();
        }
        catch (EngineException failure) when (session.WrittenRows != writtenBefore && !session.Connection.IsAutocommit
            && ResultCode.Primary(failure.Code) is not (ResultCode.Interrupt or ResultCode.NoMem or ResultCode.IoErr or ResultCode.Full))
        {
            // The row was written and its clocks could not be. SQLite undoes that with the transaction, and only for this code and those.
            throw Errors.Full(failure.Message + "; the transaction was rolled back");
        }
        finally
        {
            Leave();
        }

        return (change.DbVersion << VersionLimits.SeqBits) | change.Seq;
    }

    /// <summary>The values of an INSERT as a change.</summary>
    private static ChangeRow Read(ReadOnlySpan<Value> columns)
    {
        ReadOnlySpan<byte> name = columns[0].Text;
        ReadOnlySpan<byte> key = columns[1].Blob;
        ReadOnlySpan<byte> column = columns[2].IsNull ? default : columns[2].Text;
        ReadOnlySpan<byte> site = columns[6].Blob;
        return new ChangeRow
        {
            Table = StoredValue.Address(name),
            TableLength = name.Length,
            Key = StoredValue.Address(key),
            KeyLength = key.Length,
            Column = StoredValue.Address(column),
            ColumnLength = column.Length,
            Value = StoredValue.Read(columns[3]),
            ColumnVersion = columns[4].Int64,
            DbVersion = columns[5].Int64,
            Site = StoredValue.Address(site),
            SiteLength = site.Length,
            CausalLength = columns[7].Int64,
            Seq = columns[8].Int64,
        };
    }

    /// <summary>Prepares for a batch of changes: metadata stays as it is until the batch ends.</summary>
    public void Enter()
    {
        if (generation != session.Generation)
        {
            DropMergers();
            generation = session.Generation;
        }

        Check.That(current == null && !session.IsMerging);
        Collect(false);
        cascades.Begin();
        context.Batch.Begin();
        merging = session.Merging();
    }

    /// <summary>Says for the batch whether refused rows are told by return values; else they are exceptions.</summary>
    public void Collect(bool collects) => Refusals.AreCollected = collects;

    /// <summary>The first clock rows of new rows that are written some rows later.</summary>
    public ClockBatch Clocks => context.Batch;

    /// <summary>Ends a batch.</summary>
    public void Leave()
    {
        current?.Abandon();
        current = null;
        context.Batch.Begin();
        merging.Dispose();
    }

    /// <summary>The tracked table of that name, or null.</summary>
    public TrackedTable? Find(ReadOnlySpan<byte> name) => catalog.Find(name);

    /// <summary>Whether a change belongs to the row in progress.</summary>
    public bool IsSameRow(in ChangeRow change) =>
        current != null && AsciiNames.Same(current.Table.NameUtf8, change.TableName) && current.IsAt(change);

    /// <summary>Begins a row; one in progress must have been flushed.</summary>
    public void BeginRow(in ChangeRow change)
    {
        TrackedTable table = Find(change.TableName) ?? throw Unknown(Encoding.UTF8.GetString(change.TableName));
        if (table.Columns.Length == 0)
        {
            throw Errors.Refused($"Unable to apply payload changes: table {table.Name} does not exist");
        }

        BeginRow(table, change);
    }

    private void BeginRow(TrackedTable table, in ChangeRow change)
    {
        if (!mergers.TryGetValue(table, out RowMerger? merger))
        {
            merger = MergeStrategy.MergerOf(context, table);
            mergers.Add(table, merger);
        }

        Check.That(current == null && session.IsMerging);
        if (!context.Batch.IsEmpty && merger.NeedsClocks(change))
        {
            // Before the counters: a row that is refused must not seem to have written this.
            context.Batch.Flush();
        }

        // The row is there without clocks: whatever becomes of the change, it may have some.
        context.Clocks.Pending(table)?.CaptureStored(table, change.KeyBlob);
        changesBefore = session.Connection.TotalChanges;
        writtenBefore = session.WrittenRows;
        current = merger;
        merger.Begin(change);
    }

    private EngineException Unknown(string table) =>
        catalog.Damage.Unknown(table, ResultCode.Error, "Unable to apply payload changes: unknown table " + table);

    /// <summary>Decides one change of the row in progress.</summary>
    /// <param name="change">The change, whose numbers have been checked.</param>
    /// <returns>False when the table has no such column.</returns>
    public bool Add(in ChangeRow change) => current!.Add(change);

    /// <summary>Writes the row in progress.</summary>
    /// <returns>False when it was refused, where that is collected: it stays in progress until <see cref="AbandonRow"/>.</returns>
    public bool FlushRow()
    {
        if (current == null || current.Flush())
        {
            current = null;
            return true;
        }

        return false;
    }

    /// <summary>Forgets the row in progress.</summary>
    public void AbandonRow()
    {
        current?.Abandon();
        current = null;
    }

    public void Dispose()
    {
        DropMergers();
        cascades.Dispose();
    }

    private void DropMergers()
    {
        foreach (RowMerger merger in mergers.Values)
        {
            merger.Dispose();
        }

        mergers.Clear();
    }
}
