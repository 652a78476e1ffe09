using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges rows by causal length, and their columns by last writer (behaviour F.4): each change is decided against the row's clocks;
/// what won is written at the end, the row first, with one statement, then its clocks.</summary>
/// <remarks>What won and is not written yet does not count as known, as in sqlite-sync: a new row's sentinel that comes behind its
/// columns is stored.</remarks>
internal sealed unsafe class ColumnMerger : RowMerger
{
    private readonly MergeContext context;
    private readonly bool hasTombstones;
    private readonly VersionClock clock;
    private readonly Cascades cascades;
    private readonly RemoteRowWriter writer;
    private readonly BlockMerger? blocks;
    private readonly ClockEntries entries;
    private readonly PendingRow pending;
    private RowClocks local;

    /// <summary>Whether the key has no clock rows: none were there, and none have been written since.</summary>
    private bool isNew;
    private int lastColumn = -1;

    /// <summary>Whether the base row is expected to be there: it had clocks of a live row, or was written since.</summary>
    private bool wasAlive;

    /// <summary>A trigger of the user's did not let the row be written, without an error: its clocks stay as they are too.</summary>
    private bool isRefused;
    private long mergingVersion;

    /// <summary>The table as one that others refer to; looked up when foreign keys are active for the first time.</summary>
    private (ReferenceTable? Table, bool IsKnown) parent;

    public ColumnMerger(MergeContext context, TrackedTable table, bool hasTombstones)
        : base(context, table, hasTombstones)
    {
        this.context = context;
        this.hasTombstones = hasTombstones;
        clock = context.Clock;
        cascades = context.Cascades;
        writer = new RemoteRowWriter(context.Session.Connection, context.Keys.Rules(table), table);
        blocks = table.HasBlocks ? new BlockMerger(context.Session, context.Catalog, context.Keys, clock, table) : null;
        entries = new ClockEntries(context.Session, table);
        pending = new PendingRow(table.ValueColumns.Length);
        local = new RowClocks(table);
    }

    public override void Dispose()
    {
        base.Dispose();
        writer.Dispose();
        blocks?.Dispose();
        entries.Dispose();
    }

    protected override void ReadRow(bool isNew)
    {
        Check.That(pending.IsEmpty);
        local.Clear();
        isRefused = false;
        if (!isNew)
        {
            writer.ReadClocks.BindStaticBlob(1, Key);
            local.Read(writer.ReadClocks);
        }

        this.isNew = !local.IsKnown;
        wasAlive = local.IsAlive;
    }

    protected override void Decide(in ChangeRow change, string operation)
    {
        int column = change.IsSentinel ? -1 : FindColumn(change, operation);
        mergingVersion = change.DbVersion;
        if (isRefused || change.CausalLength < local.CausalLength)
        {
            return;
        }

        if ((change.CausalLength & 1) == 0)
        {
            if (change.CausalLength > local.CausalLength && hasTombstones)
            {
                Delete(change);
            }

            return;
        }

        if (change.IsSentinel)
        {
            if (change.CausalLength > local.CausalLength)
            {
                Resurrect(change);
            }

            return;
        }

        if (column < 0)
        {
            AddBlock(change);
        }
        else
        {
            AddColumn(change, column);
        }
    }

    protected override void WriteRow()
    {
        WritePending();
        blocks?.Materialize(Key);
        if (Table.Filter != null && !isRefused)
        {
            EnteredRow.Capture(context, Table, Key.Span);
        }

        Check.That(pending.IsEmpty);
    }

    protected override void ForgetRow()
    {
        pending.Clear();
        blocks?.Abandon();
    }

    private int FindColumn(in ChangeRow change, string operation)
    {
        int column = Table.FindValueColumn(change.ColumnName, ref lastColumn);
        return column >= 0 || (blocks != null && change.ColumnName.Contains(TrackedTable.BlockSeparator))
            ? column
            : throw Errors.Refused($"Unable to perform {operation}: table {Table.Name} has no column"
                + $" '{System.Text.Encoding.UTF8.GetString(change.ColumnName)}'");
    }

    private void AddColumn(in ChangeRow change, int column)
    {
        bool wins = (!pending.Has(column) && (change.CausalLength > local.CausalLength || !local.IsKnown || !local.Has(column)))
            || change.ColumnVersion > local.Version(column)
            || (change.ColumnVersion == local.Version(column) && BeatsLocalValue(change, column));
        Revive(change);
        if (!wins)
        {
            return;
        }

        pending.Set(column, change.Value, entries.Column(column, change));
        local.Set(column, change.ColumnVersion);
    }

    /// <summary>A column of a longer life than the local one implies that life's sentinel.</summary>
    private void Revive(in ChangeRow change)
    {
        if (change.CausalLength > local.CausalLength && (local.IsKnown || change.CausalLength > 1))
        {
            Resurrect(change);
        }
    }

    private void AddBlock(in ChangeRow change)
    {
        bool newer = change.CausalLength > local.CausalLength;
        Revive(change);
        WritePending();
        isNew = false;
        if (!isRefused && blocks!.Add(Key, change, newer, entries.SiteOrdinal(change)))
        {
            if (!local.IsKnown)
            {
                writer.WriteColumns(Key, [], pending.Values, known: false);
            }

            local.Live();
        }
    }

    private bool BeatsLocalValue(in ChangeRow change, int column)
    {
        if (pending.Has(column))
        {
            return ValueOrder.Compare(change.Value, pending.Values[column]) > 0;
        }

        bool beats = ValueOrder.Compare(change.Value, writer.ReadValue(Key, column)) > 0;
        writer.Release(column);
        return beats;
    }

    private void Resurrect(in ChangeRow change)
    {
        pending.Begin(entries.Sentinel(change), hasClocks: local.IsKnown);
        local.Begin(change.CausalLength, pending);
    }

    private void Delete(in ChangeRow change)
    {
        WritePending();
        if (isRefused)
        {
            return;
        }

        isNew = false;
        bool reaches = Parent() is ReferenceTable referred && cascades.FindDeleted(referred, Key);
        long dbVersion = clock.Next(change.DbVersion);
        if (!writer.Delete(Key, wasAlive))
        {
            isRefused = true;
            return;
        }

        if (change.IsSentinel)
        {
            ClockEntry entry = entries.Sentinel(change);
            writer.WriteClocks(Key, dbVersion, new ReadOnlySpan<ClockEntry>(in entry));
            local.HasSentinel = true;
        }

        writer.DeleteColumnClocks(Key);
        clock.Use();
        CaptureReached(reaches);
        wasAlive = false;
        local.ClearColumns();
        local.IsKnown = local.HasSentinel;
        local.CausalLength = change.IsSentinel ? change.CausalLength : local.HasSentinel ? local.CausalLength : 0;
    }

    private void WritePending()
    {
        if (pending.IsEmpty)
        {
            return;
        }

        pending.Gather(out ReadOnlySpan<int> columns, out ReadOnlySpan<ClockEntry> clocks);
        bool reaches = Parent() is ReferenceTable referred && cascades.FindUpdated(referred, Key, columns);
        long dbVersion = clock.Next(mergingVersion);
        if (!writer.WriteColumns(Key, columns, pending.Values, known: wasAlive && !pending.MakesRow))
        {
            isRefused = true;
            pending.Clear();
            return;
        }

        if (pending.ResetsClocks)
        {
            writer.ResetColumnClocks(Key, dbVersion);
        }

        if (isNew)
        {
            writer.WriteNewClocks(Key, dbVersion, columns, clocks);
        }
        else
        {
            writer.WriteClocks(Key, dbVersion, clocks);
        }

        clock.Use();
        CaptureReached(reaches);
        isNew = false;
        wasAlive = true;
        local.Live();
        pending.Clear();
    }

    /// <summary>The table as one whose rows others refer to by keys with actions; null where there are none, or they are not enforced.</summary>
    private ReferenceTable? Parent()
    {
        if (cascades.IsActive && !parent.IsKnown)
        {
            parent = (cascades.Parent(Table), true);
        }

        return cascades.IsActive ? parent.Table : null;
    }

    /// <summary>The row and its clocks are written: what foreign keys did to others is captured.</summary>
    private void CaptureReached(bool reaches)
    {
        if (reaches)
        {
            cascades.Capture();
        }
    }
}
