using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges rows by causal length, and their columns by last writer (behaviour F.4): each change is decided against the row's clocks;
/// what won is written at the end, the row first, with one statement, then its clocks.</summary>
/// <remarks>What won and is not written yet does not count as known, as in sqlite-sync: a new row's sentinel that comes behind its
/// columns is stored.</remarks>
internal sealed unsafe class ColumnMerger : RowMerger
{
    private readonly MergeContext context;
    private readonly VersionClock clock;
    private readonly ReferredTable referred;
    private readonly RemoteRowWriter writer;
    private readonly BlockMerger? blocks;
    private readonly ClockEntries entries;
    private readonly PendingRow pending;
    private readonly ConflictNotes? conflicts;
    private readonly IMergeWatch? watch;
    private RowClocks local;

    /// <summary>Whether the key has no clock rows: none were there, and none have been written since.</summary>
    private bool isNew;
    private int lastColumn = -1;

    /// <summary>Whether the base row is expected to be there: it had clocks of a live row, or was written since.</summary>
    private bool wasAlive;

    /// <summary>A trigger of the user's did not let the row be written, without an error: its clocks stay as they are too.</summary>
    private bool isIgnored;
    private long mergingVersion;

    /// <summary>The db_version of a change of the local site that this file never made; 0 when there was none.</summary>
    private long ownArrived;

    /// <summary>Whether the last two values of one version can be there without a second writer: columns of different types stored them, or a row
    /// outside the filter was written.</summary>
    private bool isExplained;

    /// <summary>The first change that won.</summary>
    private News news;

    public ColumnMerger(MergeContext context, TrackedTable table, bool hasTombstones)
        : base(context, table, hasTombstones)
    {
        this.context = context;
        clock = context.Clock;
        referred = new ReferredTable(context.Cascades, table);
        writer = new RemoteRowWriter(context.Session.Connection, context.Keys.Rules(table), context.Refusals, context.Batch, table);
        blocks = table.HasBlocks ? new BlockMerger(context.Session, context.Catalog, context.Keys, clock, table) : null;
        entries = new ClockEntries(context.Session, table);
        pending = new PendingRow(table.ValueColumns.Length);
        local = new RowClocks(table);
        watch = context.Watch;
        conflicts = watch == null ? null : new ConflictNotes(context.Session, table, watch, writer);
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
        isIgnored = false;
        ownArrived = 0;
        news = default;
        if (!isNew)
        {
            bool withSites = conflicts is { IsOn: true };
            Statement clocks = withSites ? writer.ReadClocksAndSites : writer.ReadClocks;
            clocks.BindStaticBlob(1, Key);
            local.Read(clocks, withSites);
        }

        this.isNew = !local.IsKnown;
        wasAlive = local.IsAlive;
    }

    public override bool TryGetWon(int column, out WireValue value) => pending.TryGet(column, out value);

    public override void CopyStored(int column, NativeBuffer target) => writer.CopyValue(Key, column, target);

    protected override bool Wins(in ChangeRow change)
    {
        if (change.CausalLength != local.CausalLength || change.IsSentinel || (change.CausalLength & 1) == 0)
        {
            return change.CausalLength > local.CausalLength && ((change.CausalLength & 1) == 1 || HasTombstones);
        }

        int column = IndexOf(change);
        return column < 0 ? !IsBlock(change) || blocks!.Wins(Key, change)
            : !local.Has(column) || change.ColumnVersion > local.Version(column)
                || (change.ColumnVersion == local.Version(column) && BeatsLocalValue(change, column));
    }

    protected override bool Decide(in ChangeRow change)
    {
        int column = change.IsSentinel ? -1 : IndexOf(change);
        if (column < 0 && !change.IsSentinel && !IsBlock(change))
        {
            return false;
        }

        DecideKnown(change, column);
        return true;
    }

    private void DecideKnown(in ChangeRow change, int column)
    {
        mergingVersion = change.DbVersion;
        if (isIgnored || change.CausalLength < local.CausalLength)
        {
            return;
        }

        if ((change.CausalLength & 1) == 0)
        {
            if (change.CausalLength > local.CausalLength && HasTombstones)
            {
                Delete(change);
            }

            return;
        }

        if (change.IsSentinel || (column >= 0 && Table.ValueColumns[column].IsPlace))
        {
            // Where a row of a tree is, its log decides; that there is a row, a stock writer's change says nevertheless.
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
        if (IsRowRefused)
        {
            return;
        }

        blocks?.Materialize(Key);
        if (Table.Filter != null && !isIgnored)
        {
            EnteredRow.Capture(context, Table, Key.Span);
        }

        Check.That(pending.IsEmpty);
        if ((news.Any || ownArrived != 0) && !isIgnored)
        {
            watch?.Won(Table, Key, news, ownArrived);
        }

        conflicts?.Done(Table, Key);
    }

    protected override void ForgetRow()
    {
        pending.Clear();
        blocks?.Abandon();
        conflicts?.Abandon();
    }

    protected override void EndReading() => writer.EndValues();

    private int IndexOf(in ChangeRow change) => Table.FindValueColumn(change.ColumnName, ref lastColumn);

    private bool IsBlock(in ChangeRow change) => blocks != null && change.ColumnName.Contains(TrackedTable.BlockSeparator);

    private void AddColumn(in ChangeRow change, int column)
    {
        isExplained = false;
        bool wins = (!pending.Has(column) && (change.CausalLength > local.CausalLength || !local.IsKnown || !local.Has(column)))
            || change.ColumnVersion > local.Version(column)
            || (change.ColumnVersion == local.Version(column) && BeatsLocalValue(change, column));
        if (conflicts is { IsOn: true } && !pending.Has(column))
        {
            conflicts.AddColumn(local, Key, change, column, wins, Parked);
        }

        Revive(change);
        if (!wins)
        {
            return;
        }

        ClockEntry entry = entries.Column(column, change);
        if (entry.Site == SiteDirectory.LocalOrdinal && change.ColumnVersion > 0 && !isExplained)
        {
            // Version 0 is what a new life leaves of a column: others store that in our name.
            ownArrived = change.DbVersion;
        }

        news = isExplained || news.Any ? news : new News(column, change.ColumnVersion, change.CausalLength);
        pending.Set(column, change.Value, entry);
        local.Set(column, change.ColumnVersion);
        local.SetSite(column, entry.Site);
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
        if (!isIgnored && !IsRowRefused && blocks!.Add(Key, change, newer, entries.SiteOrdinal(change)))
        {
            if (!local.IsKnown && writer.WriteColumns(Key, [], pending.Values, known: false) == WriteOutcome.Refused)
            {
                IsRowRefused = true;
                return;
            }

            local.Live();
            NoteBlock(change);
        }
    }

    private bool BeatsLocalValue(in ChangeRow change, int column)
    {
        if (pending.Has(column))
        {
            return ValueOrder.Compare(change.Value, pending.Values[column]) > 0;
        }

        if (Parked?.Has(column) == true)
        {
            return true;
        }

        WireValue known = writer.ReadValue(Key, column);
        int order = ValueOrder.Compare(change.Value, known);
        isExplained = order != 0 && (Table.Filter != null || ConvertedValue.IsPossible(change.Value, known));
        writer.Release(column);
        if (order < 0 && !isExplained && watch != null && change.CausalLength == local.CausalLength && change.ColumnVersion > 0
            && change.SiteId.SequenceEqual(context.Session.Sites.Local) && writer.ReadSite(Key, column) == SiteDirectory.LocalOrdinal)
        {
            // It loses against an equal version: where both are of the local site, only one of them was written here.
            ownArrived = change.DbVersion;
        }

        return order > 0;
    }

    private void NoteBlock(in ChangeRow change)
    {
        int column = Table.FindValueColumn(change.ColumnName[..change.ColumnName.IndexOf(TrackedTable.BlockSeparator)]);
        if (column >= 0)
        {
            news = new News(-1, 0, local.CausalLength);
            watch?.Changed(Table, Key, [column], RowEffect.Update);
        }
    }

    private void Resurrect(in ChangeRow change)
    {
        ClockEntry sentinel = entries.Sentinel(change);
        if (sentinel.Site == SiteDirectory.LocalOrdinal && Table.ValueColumns.Length == 0)
        {
            // Of other tables a new life's columns tell: its sentinel may have been derived from one of them by somebody else.
            ownArrived = change.DbVersion;
        }

        pending.Begin(sentinel, hasClocks: local.IsKnown);
        local.Begin(change.CausalLength, pending);
    }

    private void Delete(in ChangeRow change)
    {
        WritePending();
        if (isIgnored || IsRowRefused)
        {
            return;
        }

        isNew = false;
        conflicts?.AddDeleted(local, Key, change, Table.ValueColumns.Length, Parked);
        bool reaches = referred.FindDeleted(Key);
        long dbVersion = clock.Next(change.DbVersion);
        WriteOutcome outcome = writer.Delete(Key, wasAlive);
        if (outcome != WriteOutcome.Written)
        {
            if (outcome == WriteOutcome.Ignored)
            {
                conflicts?.AddRefused(change, entries.SiteOrdinal(change));
            }

            isIgnored = outcome == WriteOutcome.Ignored;
            IsRowRefused = outcome == WriteOutcome.Refused;
            return;
        }

        if (change.IsSentinel)
        {
            ClockEntry entry = entries.Sentinel(change);
            ownArrived = entry.Site == SiteDirectory.LocalOrdinal ? change.DbVersion : ownArrived;
            writer.WriteClocks(Key, dbVersion, new ReadOnlySpan<ClockEntry>(in entry));
            local.HasSentinel = true;
        }

        writer.DeleteColumnClocks(Key);
        clock.Use();
        if (wasAlive)
        {
            news = new News(-1, 0, change.CausalLength);
            watch?.Changed(Table, Key, [], RowEffect.Delete);
        }

        referred.Capture(reaches);
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
        bool reaches = referred.FindUpdated(Key, columns);
        long dbVersion = clock.Next(mergingVersion);
        WriteOutcome outcome = writer.WriteColumns(Key, columns, pending.Values, known: wasAlive && !pending.MakesRow);
        if (outcome == WriteOutcome.Refused)
        {
            // What won stays: it tells who is in the way.
            IsRowRefused = true;
            return;
        }

        if (outcome == WriteOutcome.Ignored)
        {
            isIgnored = true;
            conflicts?.AddRefused(pending, columns, local.CausalLength, mergingVersion);
            pending.Clear();
            return;
        }

        if (pending.ResetsClocks)
        {
            writer.ResetColumnClocks(Key, dbVersion);
        }

        if (isNew)
        {
            writer.WriteNewClocks(Key, dbVersion, columns, clocks, HoldsClocks);
        }
        else
        {
            writer.WriteClocks(Key, dbVersion, clocks);
        }

        clock.Use();
        conflicts?.AddConverted(pending, columns, local.CausalLength, mergingVersion);
        watch?.Changed(Table, Key, columns, wasAlive ? RowEffect.Update : RowEffect.Insert);
        referred.Capture(reaches);
        isNew = false;
        wasAlive = true;
        local.Live();
        pending.Clear();
    }
}
