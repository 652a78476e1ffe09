using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Makes the clock rows that merged changes of one table leave.</summary>
internal sealed unsafe class ClockEntries : IDisposable
{
    private readonly SyncSession session;
    private readonly TrackedTable table;
    private readonly byte*[] names;
    private readonly byte* sentinelName;

    public ClockEntries(SyncSession session, TrackedTable table)
    {
        this.session = session;
        this.table = table;
        names = new byte*[table.ValueColumns.Length];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = Sqlite3.Copy(table.ValueColumns[i].ClockNameUtf8);
        }

        sentinelName = Sqlite3.Copy(SentinelColumn.Utf8);
    }

    /// <summary>The clock row of a value column, with the name that the table gives it.</summary>
    public ClockEntry Column(int column, in ChangeRow change) =>
        Make(names[column], table.ValueColumns[column].ClockNameUtf8.Length, change, change.ColumnVersion);

    /// <summary>The clock row of a sentinel. Its version is the causal length, whatever col_version it came with: a row that is alive must
    /// not be stored as deleted.</summary>
    public ClockEntry Sentinel(in ChangeRow change) =>
        Make(sentinelName, SentinelColumn.Name.Length, change, change.CausalLength);

    /// <summary>The ordinal of the change's site; an unknown one is added.</summary>
    public long SiteOrdinal(in ChangeRow change) => change.SiteLength > 0
        ? session.Sites.FindOrAdd(change.SiteId)
        : throw Errors.Refused("Unable to perform merge_insert_col (NOT NULL constraint failed: cloudsync_site_id.site_id)");

    public void Dispose()
    {
        foreach (byte* name in names)
        {
            Sqlite3.Free(name);
        }

        Sqlite3.Free(sentinelName);
    }

    private ClockEntry Make(byte* name, int nameLength, in ChangeRow change, long version) => new()
    {
        Name = name,
        NameLength = nameLength,
        Version = version,
        Site = SiteOrdinal(change),
        Seq = change.StoredSeq,
    };
}
