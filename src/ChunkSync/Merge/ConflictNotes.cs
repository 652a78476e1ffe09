using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Merge;

/// <summary>What the rows of one table lose in a merge, for those who ask: a value that was written here against a received one, or the other
/// way round. The values are read before the row is written; nothing is told before it is.</summary>
internal sealed class ConflictNotes(SyncSession session, TrackedTable table, IMergeWatch watch, RemoteRowWriter writer)
{
    private KeyAffinity[]? affinities;
    private bool hasNotes;

    /// <summary>Whether somebody asks.</summary>
    public bool IsOn => watch.LogsConflicts;

    /// <summary>A change of a column was decided against what is stored.</summary>
    /// <param name="local">The row's clocks, with sites, before the change.</param>
    /// <param name="key">The row's pk blob.</param>
    /// <param name="change">The change.</param>
    /// <param name="column">Its column.</param>
    /// <param name="wins">Whether it won.</param>
    /// <param name="parked">The row's columns that hold placeholders; null for none.</param>
    public void AddColumn(in RowClocks local, NativeBytes key, in ChangeRow change, int column, bool wins, ParkedColumns? parked)
    {
        bool isOfHere = local.IsKnown && local.Has(column) && local.Site(column) == SiteDirectory.LocalOrdinal;
        if (!isOfHere || SiteOf(change) is not (long site and not SiteDirectory.LocalOrdinal))
        {
            return;
        }

        WireValue here = Read(key, column, parked);
        if (ValueOrder.Compare(here, change.Value) != 0)
        {
            Conflict conflict = new()
            {
                Kind = wins ? ConflictKind.Overwritten : ConflictKind.Ignored,
                Column = column,
                IsCertain = change.CausalLength == local.CausalLength && change.ColumnVersion == local.Version(column),
                Lost = wins ? here : change.Value,
                LostVersion = wins ? local.Version(column) : change.ColumnVersion,
                LostSite = wins ? SiteDirectory.LocalOrdinal : site,
                LostCausalLength = wins ? local.CausalLength : change.CausalLength,
                WonVersion = wins ? change.ColumnVersion : local.Version(column),
                WonSite = wins ? site : SiteDirectory.LocalOrdinal,
                WonCausalLength = wins ? change.CausalLength : local.CausalLength,
                DbVersion = change.DbVersion,
                Seq = change.StoredSeq,
            };
            Note(conflict, column);
        }
        else
        {
            writer.Release(column);
        }
    }

    /// <summary>A row is about to be deleted.</summary>
    /// <param name="local">Its clocks, with sites.</param>
    /// <param name="key">Its pk blob.</param>
    /// <param name="change">The deletion.</param>
    /// <param name="columns">How many value columns the table has.</param>
    /// <param name="parked">Those of them that hold placeholders; null for none.</param>
    public void AddDeleted(in RowClocks local, NativeBytes key, in ChangeRow change, int columns, ParkedColumns? parked)
    {
        if (!IsOn || !local.IsAlive || SiteOf(change) is not (long site and not SiteDirectory.LocalOrdinal))
        {
            return;
        }

        for (int column = 0; column < columns; column++)
        {
            if (!local.Has(column) || local.Site(column) != SiteDirectory.LocalOrdinal)
            {
                continue;
            }

            Note(new Conflict
            {
                Kind = ConflictKind.Deleted,
                Column = column,
                Lost = Read(key, column, parked),
                LostVersion = local.Version(column),
                LostSite = SiteDirectory.LocalOrdinal,
                LostCausalLength = local.CausalLength,
                WonVersion = change.CausalLength,
                WonSite = site,
                WonCausalLength = change.CausalLength,
                DbVersion = change.DbVersion,
                Seq = change.StoredSeq,
            }, column);
        }
    }

    /// <summary>A row was written: values that the affinity of their column has changed are told.</summary>
    public void AddConverted(PendingRow pending, ReadOnlySpan<int> columns, long causalLength, long dbVersion)
    {
        affinities ??= [.. table.ValueColumns.Select(column => KeyColumnRule.AffinityOf(column.DeclaredType, isStrict: false))];
        foreach (int column in columns)
        {
            ref WireValue value = ref pending.Values[column];
            if (!ConvertedValue.IsConverted(affinities[column], value))
            {
                continue;
            }

            watch.Converted(table, column);
            if (IsOn)
            {
                NoteAlone(ConflictKind.Converted, column, value, pending.Clock(column), causalLength, dbVersion);
            }
        }
    }

    /// <summary>A trigger of the user's has kept the row from being written.</summary>
    public void AddRefused(PendingRow pending, ReadOnlySpan<int> columns, long causalLength, long dbVersion)
    {
        for (int i = 0; IsOn && i < columns.Length; i++)
        {
            NoteAlone(ConflictKind.Trigger, columns[i], pending.Values[columns[i]], pending.Clock(columns[i]), causalLength, dbVersion);
        }
    }

    /// <summary>A trigger of the user's has kept the row from being deleted.</summary>
    public void AddRefused(in ChangeRow change, long site)
    {
        if (IsOn)
        {
            Note(new Conflict
            {
                Kind = ConflictKind.Trigger,
                Column = -1,
                LostVersion = change.CausalLength,
                LostSite = site,
                LostCausalLength = change.CausalLength,
                WonVersion = -1,
                WonSite = -1,
                WonCausalLength = -1,
                DbVersion = change.DbVersion,
                Seq = change.StoredSeq,
            });
        }
    }

    /// <summary>The row is written.</summary>
    public void Done(TrackedTable table, NativeBytes key)
    {
        if (hasNotes)
        {
            hasNotes = false;
            watch.RowDone(table, key);
        }
    }

    /// <summary>The row is not written.</summary>
    public void Abandon()
    {
        if (hasNotes)
        {
            hasNotes = false;
            watch.RowAbandoned();
        }
    }

    /// <summary>What a column holds, or held before its placeholder.</summary>
    private WireValue Read(NativeBytes key, int column, ParkedColumns? parked) =>
        parked != null && parked.TryGetFormer(column, out WireValue former) ? former : writer.ReadValue(key, column);

    /// <summary>Notes a received value that lost against no other.</summary>
    private void NoteAlone(ConflictKind kind, int column, in WireValue value, in ClockEntry clock, long causalLength, long dbVersion) => Note(new Conflict
    {
        Kind = kind,
        Column = column,
        Lost = value,
        LostVersion = clock.Version,
        LostSite = clock.Site,
        LostCausalLength = causalLength,
        WonVersion = -1,
        WonSite = -1,
        WonCausalLength = -1,
        DbVersion = dbVersion,
        Seq = clock.Seq,
    });

    private void Note(in Conflict conflict)
    {
        watch.Note(conflict);
        hasNotes = true;
    }

    /// <summary>Notes a conflict whose value is being read, and ends the reading.</summary>
    private void Note(in Conflict conflict, int column)
    {
        try
        {
            Note(conflict);
        }
        finally
        {
            writer.Release(column);
        }
    }

    /// <summary>The ordinal of the change's site; null for a change without one, which is refused when it wins.</summary>
    private long? SiteOf(in ChangeRow change) => change.SiteLength > 0 ? session.Sites.FindOrAdd(change.SiteId) : null;
}
