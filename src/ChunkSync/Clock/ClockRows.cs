using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Clock;

/// <summary>The clock rows of one key after another, for the work that goes through a whole table.</summary>
internal sealed unsafe class ClockRows : IDisposable
{
    private const long None = -1;

    private readonly TrackedTable table;
    private readonly Statement clocks;
    private readonly long[] versions;

    public ClockRows(Connection connection, TrackedTable table)
    {
        this.table = table;
        clocks = connection.Prepare($"SELECT col_name, col_version, db_version FROM {table.QuotedClock} WHERE pk = ?1");
        versions = new long[table.ValueColumns.Length];
    }

    /// <summary>Whether the row is alive by its clocks: it has others than an even sentinel.</summary>
    public bool IsAlive { get; private set; }

    /// <summary>Whether some of them are not sent: their rows are outside the filter.</summary>
    public bool HasHidden { get; private set; }

    /// <summary>The highest db_version of them.</summary>
    public long NewestVersion { get; private set; }

    /// <summary>The db_version of a column's clock; null when it has none.</summary>
    /// <param name="column">Index in <see cref="TrackedTable.ValueColumns"/>.</param>
    public long? VersionOf(int column) => versions[column] == None ? null : versions[column];

    /// <summary>Reads the clocks of a key.</summary>
    /// <returns>Whether there are any.</returns>
    public bool Read(KeyBuffer key)
    {
        IsAlive = false;
        HasHidden = false;
        NewestVersion = 0;
        Array.Fill(versions, None);
        bool any = false;
        int last = -1;
        clocks.BindStaticBlob(1, key.Data, key.Length);
        while (clocks.Step())
        {
            any = true;
            ReadOnlySpan<byte> name = clocks.Text(0);
            long version = clocks.Int64(2);
            NewestVersion = Math.Max(NewestVersion, version);
            HasHidden |= version == VersionLimits.Hidden;
            if (name.SequenceEqual(SentinelColumn.Utf8))
            {
                IsAlive |= (clocks.Int64(1) & 1) != 0;
                continue;
            }

            IsAlive = true;
            int column = table.FindValueColumn(name, ref last);
            if (column >= 0)
            {
                versions[column] = Math.Max(versions[column], version);
            }
        }

        clocks.Reset();
        return any;
    }

    public void Dispose() => clocks.Dispose();
}
