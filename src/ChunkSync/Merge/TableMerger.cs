using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges changes into one table (behaviour F.4), a row at a time: <see cref="Begin"/> reads the row's clocks, each
/// <see cref="Add"/> decides one change against them, <see cref="Flush"/> writes what won: the row first, with one statement, then
/// its clocks.</summary>
/// <remarks>What won and is not written yet does not count as known, as in sqlite-sync: a new row's sentinel that comes behind its
/// columns is stored. A table with <c>gos</c> merges by the same rules, without deletes: taking whatever came last, as sqlite-sync does, would
/// leave replicas with different values.</remarks>
internal sealed unsafe class TableMerger : IDisposable
{
    private readonly SyncSession session;
    private readonly TableKeys keys;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly FilterWatch filters;
    private readonly TrackedTable table;
    private readonly RemoteRowWriter writer;
    private readonly KeyCeiling ceiling;
    private readonly BlockMerger? blocks;
    private readonly Cascades cascades;
    private readonly ClockEntries entries;

    /// <summary>Local col_version by column, where there is a clock row.</summary>
    private readonly long[] versions;
    private readonly bool[] hasVersion;
    private readonly PendingRow pending;
    private readonly KeyRules rules;

    /// <summary>What finds the row of a key that is not told by its bytes alone; made at the first one.</summary>
    private KeyResolver? resolver;

    /// <summary>The key that the row's changes came with.</summary>
    private byte* asked;
    private int askedLength;

    /// <summary>The causal length that they came with, where the bytes alone do not tell the row; -1 where they do.</summary>
    private long askedCausalLength;

    /// <summary>The key that the row has.</summary>
    private byte* key;
    private int keyLength;
    private long localCausalLength;
    private bool isKnown;

    /// <summary>Whether the key has no clock rows: none were there, and none have been written since.</summary>
    private bool isNew;
    private int lastColumn = -1;

    /// <summary>Whether the base row is expected to be there: it had clocks of a live row, or was written since.</summary>
    private bool wasAlive;
    private bool hasSentinel;

    /// <summary>A trigger of the user's did not let the row be written, without an error: its clocks stay as they are too.</summary>
    private bool isRefused;
    private long mergingVersion;

    /// <summary>The table as one that others refer to; looked up when foreign keys are active for the first time.</summary>
    private (ReferenceTable? Table, bool IsKnown) parent;

    public TableMerger(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, LocalClocks clocks, FilterWatch filters, TrackedTable table, Cascades cascades)
    {
        this.session = session;
        this.keys = keys;
        this.clock = clock;
        this.clocks = clocks;
        this.filters = filters;
        this.table = table;
        this.cascades = cascades;
        ceiling = clocks.Ceiling(table);
        rules = keys.Rules(table);
        writer = new RemoteRowWriter(session.Connection, rules, table);
        blocks = table.HasBlocks ? new BlockMerger(session, catalog, keys, clock, table) : null;
        entries = new ClockEntries(session, table);
        int count = table.ValueColumns.Length;
        versions = new long[count];
        hasVersion = new bool[count];
        pending = new PendingRow(count);
    }

    /// <summary>The table.</summary>
    public TrackedTable Table => table;

    /// <summary>Whether changes now are about this row.</summary>
    public bool IsAt(in ChangeRow change) => change.KeyBlob.SequenceEqual(new ReadOnlySpan<byte>(asked, askedLength))
        && (askedCausalLength < 0 || change.CausalLength == askedCausalLength);

    /// <summary>Goes to a row: its local clocks are read. The key stays in place until <see cref="Flush"/>.</summary>
    public void Begin(in ChangeRow change)
    {
        Check.That(asked == null && pending.IsEmpty);
        asked = change.Key;
        askedLength = change.KeyLength;
        FindKey(change);
        Array.Clear(hasVersion);
        isKnown = false;
        hasSentinel = false;
        isRefused = false;
        localCausalLength = 0;
        isNew = askedCausalLength < 0 && ceiling.IsNew(key, keyLength);
        ceiling.Note(key, keyLength);
        if (!isNew)
        {
            ReadClocks();
        }

        wasAlive = isKnown && (localCausalLength & 1) == 1;
    }

    private void ReadClocks()
    {
        Statement clocks = writer.ReadClocks;
        clocks.BindStaticBlob(1, key, keyLength);
        while (clocks.Step())
        {
            isKnown = true;
            ReadOnlySpan<byte> name = clocks.Text(0);
            if (name.SequenceEqual(SentinelColumn.Utf8))
            {
                hasSentinel = true;
                localCausalLength = clocks.Int64(1);
                continue;
            }

            int column = table.FindValueColumn(name);
            if (column >= 0)
            {
                versions[column] = hasVersion[column] ? Math.Max(versions[column], clocks.Int64(1)) : clocks.Int64(1);
                hasVersion[column] = true;
            }
        }

        clocks.Reset();
        isNew = !isKnown;
        if (isKnown && !hasSentinel)
        {
            localCausalLength = 1;
        }
    }

    /// <summary>Decides one change of the row.</summary>
    /// <param name="change">The change.</param>
    /// <param name="operation">The name that sqlite-sync's message for an unknown column has.</param>
    public void Add(in ChangeRow change, string operation)
    {
        Check.That(asked != null && IsAt(change) && change.HasSoundNumbers);
        int column = change.IsSentinel ? -1 : FindColumn(change, operation);
        mergingVersion = change.DbVersion;
        if (isRefused || change.CausalLength < localCausalLength)
        {
            return;
        }

        if ((change.CausalLength & 1) == 0)
        {
            if (change.CausalLength > localCausalLength && table.Algorithm == CrdtAlgorithm.CausalLengthSet)
            {
                Delete(change);
            }

            return;
        }

        if (change.IsSentinel)
        {
            if (change.CausalLength > localCausalLength)
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

    /// <summary>Writes what won since <see cref="Begin"/>.</summary>
    public void Flush()
    {
        WriteRow();
        blocks?.Materialize(key, keyLength);
        if (table.Filter != null && !isRefused)
        {
            CaptureEntered();
        }

        Check.That(pending.IsEmpty);
        Leave();
    }

    /// <summary>Forgets what was decided and not written: the row failed.</summary>
    public void Abandon()
    {
        pending.Clear();
        blocks?.Abandon();
        Leave();
    }

    public void Dispose()
    {
        writer.Dispose();
        resolver?.Dispose();
        blocks?.Dispose();
        entries.Dispose();
    }

    private void Leave()
    {
        asked = null;
        askedLength = 0;
        key = null;
        keyLength = 0;
    }

    /// <summary>Finds the key that the row has: mostly the change's own.</summary>
    private void FindKey(in ChangeRow change)
    {
        KeyMatch match = rules.Match(asked, askedLength);
        if (match == KeyMatch.None)
        {
            throw Errors.Refused("Unable to perform merge_insert_col: the pk of a change of table"
                + $" {table.Name} is {KeyText.Describe(asked, askedLength)}, the key has {table.KeyColumns.Length} columns");
        }

        key = asked;
        keyLength = askedLength;
        askedCausalLength = -1;
        if (match == KeyMatch.Loose)
        {
            askedCausalLength = change.CausalLength;
            (resolver ??= new KeyResolver(session.Connection, keys, clock, clocks, table)).Resolve(change, out key, out keyLength);
        }
    }

    private int FindColumn(in ChangeRow change, string operation)
    {
        int column = table.FindValueColumn(change.ColumnName, ref lastColumn);
        return column >= 0 || (blocks != null && change.ColumnName.Contains(TrackedTable.BlockSeparator))
            ? column
            : throw Errors.Refused($"Unable to perform {operation}: table {table.Name} has no column"
                + $" '{System.Text.Encoding.UTF8.GetString(change.ColumnName)}'");
    }

    private void AddColumn(in ChangeRow change, int column)
    {
        bool wins = (!pending.Has(column) && (change.CausalLength > localCausalLength || !isKnown || !hasVersion[column]))
            || change.ColumnVersion > versions[column]
            || (change.ColumnVersion == versions[column] && BeatsLocalValue(change, column));
        Revive(change);
        if (!wins)
        {
            return;
        }

        pending.Set(column, change.Value, entries.Column(column, change));
        versions[column] = change.ColumnVersion;
        hasVersion[column] = true;
    }

    /// <summary>A column of a longer life than the local one implies that life's sentinel.</summary>
    private void Revive(in ChangeRow change)
    {
        if (change.CausalLength > localCausalLength && (isKnown || change.CausalLength > 1))
        {
            Resurrect(change);
        }
    }

    private void AddBlock(in ChangeRow change)
    {
        bool newer = change.CausalLength > localCausalLength;
        Revive(change);
        WriteRow();
        isNew = false;
        if (!isRefused && blocks!.Add(key, keyLength, change, newer, entries.SiteOrdinal(change)))
        {
            if (!isKnown)
            {
                writer.WriteColumns(key, keyLength, [], pending.Values, known: false);
            }

            isKnown = true;
            localCausalLength = Math.Max(localCausalLength, 1);
        }
    }

    private bool BeatsLocalValue(in ChangeRow change, int column)
    {
        if (pending.Has(column))
        {
            return ValueOrder.Compare(change.Value, pending.Values[column]) > 0;
        }

        bool beats = ValueOrder.Compare(change.Value, writer.ReadValue(key, keyLength, column)) > 0;
        writer.Release(column);
        return beats;
    }

    private void Resurrect(in ChangeRow change)
    {
        pending.Begin(entries.Sentinel(change), hasClocks: isKnown);
        for (int i = 0; i < versions.Length; i++)
        {
            versions[i] = pending.Has(i) ? versions[i] : 0;
        }

        hasSentinel = true;
        isKnown = true;
        localCausalLength = change.CausalLength;
    }

    private void Delete(in ChangeRow change)
    {
        WriteRow();
        if (isRefused)
        {
            return;
        }

        long dbVersion = clock.Next(change.DbVersion);
        isNew = false;
        bool reaches = Parent() is ReferenceTable referred && cascades.FindDeleted(referred, key, keyLength);
        if (!writer.Delete(key, keyLength, wasAlive))
        {
            isRefused = true;
            return;
        }

        if (change.IsSentinel)
        {
            ClockEntry entry = entries.Sentinel(change);
            writer.WriteClocks(key, keyLength, dbVersion, new ReadOnlySpan<ClockEntry>(in entry));
            hasSentinel = true;
        }

        writer.DeleteColumnClocks(key, keyLength);
        clock.Use();
        CaptureReached(reaches);
        wasAlive = false;
        Array.Clear(hasVersion);
        isKnown = hasSentinel;
        localCausalLength = change.IsSentinel ? change.CausalLength : hasSentinel ? localCausalLength : 0;
    }

    private void WriteRow()
    {
        if (pending.IsEmpty)
        {
            return;
        }

        long dbVersion = clock.Next(mergingVersion);
        pending.Gather(out ReadOnlySpan<int> columns, out ReadOnlySpan<ClockEntry> clocks);
        bool reaches = Parent() is ReferenceTable referred && cascades.FindUpdated(referred, key, keyLength, columns);
        if (!writer.WriteColumns(key, keyLength, columns, pending.Values, known: wasAlive && !pending.MakesRow))
        {
            isRefused = true;
            pending.Clear();
            return;
        }

        if (pending.ResetsClocks)
        {
            writer.ResetColumnClocks(key, keyLength, dbVersion);
        }

        if (isNew)
        {
            writer.WriteNewClocks(key, keyLength, dbVersion, columns, clocks);
        }
        else
        {
            writer.WriteClocks(key, keyLength, dbVersion, clocks);
        }

        clock.Use();
        CaptureReached(reaches);
        isNew = false;
        wasAlive = true;
        isKnown = true;
        localCausalLength = Math.Max(localCausalLength, 1);
        pending.Clear();
    }

    /// <summary>The table as one whose rows others refer to by keys with actions; null where there are none, or they are not enforced.</summary>
    private ReferenceTable? Parent()
    {
        if (cascades.IsActive && !parent.IsKnown)
        {
            parent = (cascades.Parent(table), true);
        }

        return cascades.IsActive ? parent.Table : null;
    }

    /// <summary>A row that comes into the filter with a received change is sent whole from now on.</summary>
    private void CaptureEntered()
    {
        using KeyBuffer entered = new(session.Connection);
        entered.Assign(new ReadOnlySpan<byte>(key, keyLength));
        FilteredRows rows = filters.Rows(table);
        if (!rows.IsHidden(entered) || !rows.IsInside(entered))
        {
            return;
        }

        clock.Advance();
        try
        {
            using CaptureScope scope = session.Capturing();
            rows.Show(entered, clocks.Writer(table));
        }
        finally
        {
            clock.Advance();
        }
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
