using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>What the clock rows of one row tell, and what was decided since: col_versions by value column, and the causal length.</summary>
/// <param name="table">The row's table.</param>
internal struct RowClocks(TrackedTable table)
{
    private readonly long[] versions = new long[table.ValueColumns.Length];
    private readonly bool[] hasVersion = new bool[table.ValueColumns.Length];
    private readonly long[] sites = new long[table.ValueColumns.Length];

    /// <summary>Whether anything is known of the row.</summary>
    public bool IsKnown;
    public bool HasSentinel;

    /// <summary>The local causal length; 0 for an unknown row.</summary>
    public long CausalLength;

    /// <summary>Whether the row is known to live.</summary>
    public readonly bool IsAlive => IsKnown && (CausalLength & 1) == 1;

    /// <summary>Whether a col_version of a column is known.</summary>
    public readonly bool Has(int column) => hasVersion[column];

    /// <summary>The col_version of a column, where there is one; otherwise left over from other rows.</summary>
    public readonly long Version(int column) => versions[column];

    /// <summary>The ordinal of the site whose value a column has, where sites were read.</summary>
    public readonly long Site(int column) => sites[column];

    /// <summary>Sets the site of a column.</summary>
    public readonly void SetSite(int column, long site) => sites[column] = site;

    /// <summary>Sets the col_version of a column.</summary>
    public readonly void Set(int column, long version)
    {
        versions[column] = version;
        hasVersion[column] = true;
    }

    /// <summary>Forgets the row: another one follows.</summary>
    public void Clear()
    {
        ClearColumns();
        IsKnown = false;
        HasSentinel = false;
        CausalLength = 0;
    }

    /// <summary>Forgets which columns have a version.</summary>
    public readonly void ClearColumns() => Array.Clear(hasVersion);

    /// <summary>A new life begins, in which every column counts from 0 but those that have won for it already.</summary>
    public void Begin(long causalLength, PendingRow pending)
    {
        for (int i = 0; i < versions.Length; i++)
        {
            versions[i] = pending.Has(i) ? versions[i] : 0;
        }

        HasSentinel = true;
        IsKnown = true;
        CausalLength = causalLength;
    }

    /// <summary>Something of the row was written: it lives, for the first time unless more is known.</summary>
    public void Live()
    {
        IsKnown = true;
        CausalLength = Math.Max(CausalLength, 1);
    }

    /// <summary>Reads the clock rows of a key.</summary>
    /// <param name="rows">A statement that gives col_name and col_version, with the key bound.</param>
    /// <param name="withSites">Whether it gives site_id as well.</param>
    public void Read(Statement rows, bool withSites = false)
    {
        int last = -1;
        while (rows.Step())
        {
            IsKnown = true;
            ReadOnlySpan<byte> name = rows.Text(0);
            if (name.SequenceEqual(SentinelColumn.Utf8))
            {
                HasSentinel = true;
                CausalLength = rows.Int64(1);
                continue;
            }

            int column = table.FindValueColumn(name, ref last);
            if (column >= 0)
            {
                sites[column] = withSites ? rows.Int64(2) : 0;

                Set(column, hasVersion[column] ? Math.Max(versions[column], rows.Int64(1)) : rows.Int64(1));
            }
        }

        rows.Reset();
        if (IsKnown && !HasSentinel)
        {
            CausalLength = 1;
        }
    }
}
