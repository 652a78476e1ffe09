using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Whether change rows match a probe set. What was found out of the row before is kept: rows of one entity follow each other.</summary>
/// <remarks>What was found in a chunk counts for the set's misses only when the chunk is sound: until then it is noted, and can be taken
/// back.</remarks>
internal sealed unsafe class RowMatcher(ProbeSet set) : IDisposable
{
    private const int Whole = -1;
    private const int NotWanted = -2;

    private byte* lastTable;
    private int lastTableLength;
    private int table;
    private byte* lastKey;
    private int lastKeyLength;
    private int entity;
    private byte* lastSite;
    private int lastSiteLength;
    private bool siteMatches;

    /// <summary>What was marked since <see cref="Begin"/>: the numbers of entities, and the complements of those of points.</summary>
    private readonly NativeBuffer marks = new();

    /// <summary>Forgets the row before: another body lies at the addresses now.</summary>
    public void Begin()
    {
        lastTable = null;
        lastKey = null;
        lastSite = null;
        marks.Clear();
    }

    /// <summary>Takes back what was marked since <see cref="Begin"/>: the chunk is damaged.</summary>
    public void TakeBack()
    {
        foreach (int mark in new ReadOnlySpan<int>(marks.Data, (int)(marks.Length / sizeof(int))))
        {
            if (mark >= 0)
            {
                set.Entities.Unmark(mark);
            }
            else
            {
                set.Intervals.Unmark(~mark);
            }
        }

        marks.Clear();
    }

    public void Dispose() => marks.Dispose();

    /// <summary>Whether the row matches.</summary>
    /// <param name="row">The current row.</param>
    /// <param name="mark">Whether a match counts for the set's misses.</param>
    public bool Matches(ref ChangeRowWalker row, bool mark)
    {
        int interval = set.HasWhere ? set.Intervals.Find(row.Position) : Whole;
        if ((set.HasWhere && interval < 0) || (set.HasWho && !SiteMatches(ref row)) || (set.HasWhat && !IsWanted(ref row)) || set.IsEmpty)
        {
            return false;
        }

        if (mark)
        {
            Mark(interval);
        }

        return true;
    }

    private void Mark(int interval)
    {
        if (set.HasWhere && set.Intervals.MarkFound(interval))
        {
            Note(~interval);
        }

        if (set.HasWhat && table >= 0 && set.Entities.MarkFound(entity))
        {
            Note(entity);
        }
    }

    private void Note(int mark)
    {
        *(int*)marks.Reserve(sizeof(int)) = mark;
        marks.Commit((long)sizeof(int));
    }

    private bool SiteMatches(ref ChangeRowWalker row)
    {
        if (lastSite == null || !row.SiteId.SequenceEqual(new ReadOnlySpan<byte>(lastSite, lastSiteLength)))
        {
            siteMatches = set.Sites.Find(row.SiteId) >= 0;
        }

        lastSite = row.Site;
        lastSiteLength = row.SiteLength;
        return siteMatches;
    }

    private bool IsWanted(ref ChangeRowWalker row)
    {
        bool sameTable = lastTable != null && row.TableName.SequenceEqual(new ReadOnlySpan<byte>(lastTable, lastTableLength));
        if (!sameTable)
        {
            FindTable(row.TableName);
        }

        lastTable = row.Table;
        lastTableLength = row.TableLength;
        if (table < 0)
        {
            lastKey = null;
            return table == Whole;
        }

        if (!sameTable || lastKey == null || !row.KeyBlob.SequenceEqual(new ReadOnlySpan<byte>(lastKey, lastKeyLength)))
        {
            entity = set.Entities.Find(table, row.Key, row.KeyLength);
        }

        lastKey = row.Key;
        lastKeyLength = row.KeyLength;
        return entity >= 0;
    }

    private void FindTable(ReadOnlySpan<byte> name)
    {
        if (set.Tables.FindFolded(name) >= 0)
        {
            table = Whole;
            return;
        }

        int found = set.Entities.Tables.FindFolded(name);
        table = found < 0 ? NotWanted : found;
    }
}
