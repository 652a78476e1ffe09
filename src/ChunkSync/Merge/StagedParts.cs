using System.Text;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Table <c>cloudsync_payload_fragments</c> (behaviour G.3): the parts of long values that are not whole yet. Parts of different cuts
/// do not make a value: each cut has a name of its own: the value's id, or, where another cut of the value was there before, the id and the
/// part size.</summary>
internal sealed unsafe class StagedParts
{
    /// <summary>How often a connection looks for stale cuts, in milliseconds.</summary>
    private const long CleanupInterval = 60_000;

    /// <summary>Age at which an incomplete cut is dropped, in seconds.</summary>
    private const int StaleAge = 86_400;

    /// <summary>Cuts dropped at once.</summary>
    private const int CleanupCuts = 32;

    private const int FirstWithUnixEpoch = 3_038_000;
    private const string Now = "(CAST(strftime('%s', 'now') AS INTEGER))";

    private readonly Statement firstPart;
    private readonly Statement part;
    private readonly Statement stage;
    private readonly Statement walk;
    private readonly Statement parts;
    private readonly Statement drop;
    private readonly Statement clean;
    private long? lastCleanup;

    public StagedParts(Connection connection)
    {
        string table = "main." + Table.Name;
        firstPart = connection.Prepare($"SELECT part_count, part_index, length(fragment) FROM {table} WHERE value_id = ?1 LIMIT 1");
        part = connection.Prepare($"SELECT part_count, length(fragment) FROM {table} WHERE value_id = ?1 AND part_index = ?2");

        // Not OR REPLACE: that would call what the DEFAULT of a file from a newer SQLite calls, unixepoch(), also where it is not used.
        string[] replaced = ["part_count", "total_size", "checksum", "created_at", "tbl", "pk", "col_name", "col_version", "db_version", "site_id",
            "cl", "seq", "fragment"];
        stage = connection.Prepare(
            $"INSERT INTO {table}(value_id, part_index, part_count, total_size, checksum, created_at, tbl, pk, col_name,"
            + " col_version, db_version, site_id, cl, seq, fragment)"
            + $" VALUES (?1, ?2, ?3, ?4, ?5, {Now}, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
            + $" ON CONFLICT(value_id, part_index) DO UPDATE SET {string.Join(", ", replaced.Select(column => $"{column} = excluded.{column}"))}");

        // Without an upper bound: to compare an entry with one, SQLite reads all of it, and the fragment is a part of the entry.
        walk = connection.Prepare($"SELECT value_id, part_index FROM {table} WHERE (value_id, part_index) >= (?1, ?2) ORDER BY value_id, part_index");
        parts = connection.Prepare($"SELECT part_index, fragment FROM {table} WHERE value_id = ?1 ORDER BY part_index");
        drop = connection.Prepare($"DELETE FROM {table} WHERE value_id = ?1 OR (value_id > ?1 || ':' AND value_id < ?1 || ';')");
        clean = connection.Prepare(
            $"DELETE FROM {table} WHERE value_id IN (SELECT value_id FROM {table} GROUP BY value_id"
            + $" HAVING max(created_at) < {Now} - {StaleAge} LIMIT {CleanupCuts})");
    }

    /// <summary>The table. unixepoch() is younger than the oldest SQLite that is supported; a default of an older one is not parsed again.</summary>
    public static MetadataTable Table => new("cloudsync_payload_fragments", "(value_id TEXT NOT NULL, part_index INTEGER NOT NULL,"
        + " part_count INTEGER NOT NULL, total_size INTEGER NOT NULL, checksum TEXT NOT NULL,"
        + $" created_at INTEGER NOT NULL DEFAULT {(Sqlite3.Api->libversion_number() >= FirstWithUnixEpoch ? "(unixepoch())" : Now)},"
        + " tbl TEXT NOT NULL, pk BLOB NOT NULL, col_name TEXT NOT NULL,"
        + " col_version INTEGER NOT NULL, db_version INTEGER NOT NULL, site_id BLOB NOT NULL, cl INTEGER NOT NULL,"
        + " seq INTEGER NOT NULL, fragment BLOB NOT NULL, PRIMARY KEY(value_id, part_index)) WITHOUT ROWID");

    /// <summary>Stores one part; returns the name of its cut.</summary>
    public string Add(in FragmentRow received)
    {
        string cut = received.ValueId;
        firstPart.Bind(1, cut);
        if (firstPart.Step() && (firstPart.Int64(0) != received.PartCount
            || PartSize(firstPart.Int64(0), firstPart.Int64(1), firstPart.Int64(2), received.TotalSize) != received.PartSize))
        {
            cut = LaterCut(received);
        }

        firstPart.Reset();
        ChangeRow change = received.Change;
        stage.Bind(1, cut).Bind(2, received.PartIndex).Bind(3, received.PartCount).Bind(4, received.TotalSize).Bind(5, received.Checksum);
        stage.BindStaticText(6, change.Table, change.TableLength).BindStaticBlob(7, change.KeyBytes)
            .BindStaticText(8, change.Column, change.ColumnLength);
        stage.Bind(9, change.ColumnVersion).Bind(10, change.DbVersion).BindStaticBlob(11, change.Site, change.SiteLength)
            .Bind(12, change.CausalLength).Bind(13, change.Seq).BindStaticBlob(14, received.Data, received.DataLength);
        stage.Run();
        CleanUp();
        return cut;
    }

    /// <summary>The part size that a part's place and length imply.</summary>
    public static long PartSize(long count, long index, long length, long total) =>
        index < count - 1 || count == 1 ? length : (total - length) / (count - 1);

    /// <summary>Whether all parts of a cut are there, of which one has just come. A neighbour or the first part that is missing is found by a seek,
    /// so that it costs little in any order.</summary>
    public bool IsWhole(in FragmentRow received, string cut)
    {
        (long index, long count) = (received.PartIndex, received.PartCount);
        byte[] name = Encoding.UTF8.GetBytes(cut);
        return HasAll(name, index, Math.Min(index + 2, count)) && HasAll(name, 0, 1) && HasAll(name, index, count) && HasAll(name, 0, index);
    }

    /// <summary>Puts the parts of a cut together and checks the whole. The memory is that of the value: its parts are there.</summary>
    public void Assemble(in FragmentRow received, string cut, byte* value)
    {
        long offset = 0;
        long index = 0;
        parts.Bind(1, cut);
        try
        {
            while (parts.Step())
            {
                ReadOnlySpan<byte> data = parts.Blob(1);
                if (parts.Int64(0) != index++ || data.Length > received.TotalSize - offset)
                {
                    throw PayloadErrors.BadFragment($"the parts of value {received.ValueId} in"
                        + " cloudsync_payload_fragments do not fit");
                }

                data.CopyTo(new Span<byte>(value + offset, data.Length));
                offset += data.Length;
            }
        }
        finally
        {
            parts.Reset();
        }

        string checksum = Fnv1a64.Of(value, offset).ToString("x16");
        if (offset != received.TotalSize || checksum != received.Checksum)
        {
            throw PayloadErrors.BadFragment($"value {received.ValueId} in"
                + $" cloudsync_payload_fragments has {offset} bytes with checksum"
                + $" {checksum}, it should have {received.TotalSize} with {received.Checksum}");
        }
    }

    /// <summary>Drops all parts of a value, in all cuts.</summary>
    public void Drop(string valueId)
    {
        drop.Bind(1, valueId);
        drop.Run();
    }

    /// <summary>The runs [first, end) of parts that are not kept, of the cut that a part just received belongs to; none when the value
    /// is whole, or newer than the part. The engine drops parts that have waited too long: what is recorded as received inside a value must
    /// not be more than what is kept of the cut that goes on.</summary>
    public List<(long First, long End)> Missing(in FragmentRow received)
    {
        List<(long First, long End)> missing = [];
        string cut = LaterCut(received);
        if (!Has(cut, received))
        {
            cut = received.ValueId;
            if (!Has(cut, received))
            {
                return missing;
            }
        }

        long expected = 0;
        byte[] name = Encoding.UTF8.GetBytes(cut);
        walk.BindText(1, name).Bind(2, 0);
        while (walk.Step() && walk.Text(0).SequenceEqual(name))
        {
            long index = walk.Int64(1);
            if (index > expected)
            {
                missing.Add((expected, index));
            }

            expected = index + 1;
        }

        walk.Reset();
        if (expected < received.PartCount)
        {
            missing.Add((expected, received.PartCount));
        }

        return missing;
    }

    /// <summary>The name of a cut that is not the value's first one.</summary>
    private static string LaterCut(in FragmentRow received) => received.ValueId + ":" + received.PartSize;

    /// <summary>Whether the parts [first, end) of a cut are there.</summary>
    private bool HasAll(byte[] cut, long first, long end)
    {
        long expected = first;
        walk.BindText(1, cut).Bind(2, first);
        while (expected < end && walk.Step() && walk.Int64(1) == expected && walk.Text(0).SequenceEqual(cut))
        {
            expected++;
        }

        walk.Reset();
        return expected == end;
    }

    /// <summary>Count and length tell one cut from another.</summary>
    private bool Has(string cut, in FragmentRow received)
    {
        part.Bind(1, cut).Bind(2, received.PartIndex);
        bool found = part.Step() && part.Int64(0) == received.PartCount && part.Int64(1) == received.DataLength;
        part.Reset();
        return found;
    }

    private void CleanUp()
    {
        long now = Environment.TickCount64;
        if (lastCleanup is long last && now - last < CleanupInterval)
        {
            return;
        }

        lastCleanup = now;
        clean.Run();
    }
}
