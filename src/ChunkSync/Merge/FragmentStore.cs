using System.Text;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Collects the parts of long values (behaviour G.3) in table <c>cloudsync_payload_fragments</c> until a value is whole, and
/// merges it then. Parts may come in any order and more than once; a value that is cut anew with another part size is collected
/// beside the first cut, and whichever is whole first wins.</summary>
internal sealed unsafe class FragmentStore
{
    private const string Prefix = "Error on cloudsync_payload_apply: ";

    /// <summary>How often a connection looks for stale groups, in milliseconds.</summary>
    private const long CleanupInterval = 60_000;

    /// <summary>Age at which an incomplete group is dropped, in seconds.</summary>
    private const int StaleAge = 86_400;

    /// <summary>Refused values that a connection remembers; repeats of others wait for the cleaning of stale groups.</summary>
    private const int MaxRefused = 256;

    /// <summary>Groups dropped at once.</summary>
    private const int CleanupGroups = 32;

    /// <summary>The clocks that a refused value lost against: while they stay, it loses again.</summary>
    private readonly record struct Winner(long CausalLength, long Version, long Site, long Seq);

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly TableKeys keys;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly CaptureWatch watch;
    private readonly MergeEngine merge;
    private readonly Savepoint savepoint;
    private readonly Statement firstPart;
    private readonly Statement stage;
    private readonly Statement count;
    private readonly Statement parts;
    private readonly Statement drop;
    private readonly Statement clean;
    private readonly Dictionary<string, Winner> refused = [];
    private readonly Queue<string> refusedOrder = new();
    private Winner? winner;
    private long? lastCleanup;

    public FragmentStore(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, LocalClocks clocks, CaptureWatch watch, MergeEngine merge)
    {
        this.session = session;
        this.catalog = catalog;
        this.keys = keys;
        this.clock = clock;
        this.clocks = clocks;
        this.watch = watch;
        this.merge = merge;
        savepoint = session.Savepoint("chunksync_fragment");
        Connection connection = session.Connection;
        const string Table = "main.cloudsync_payload_fragments";
        firstPart = connection.Prepare($"SELECT part_count, part_index, length(fragment) FROM {Table} WHERE value_id = ?1 LIMIT 1");

        // Not OR REPLACE: that would call what the DEFAULT of a file from a newer SQLite calls, unixepoch(), also where it is not used.
        string[] replaced = ["part_count", "total_size", "checksum", "created_at", "tbl", "pk", "col_name", "col_version", "db_version", "site_id",
            "cl", "seq", "fragment"];
        stage = connection.Prepare(
            $"INSERT INTO {Table}(value_id, part_index, part_count, total_size, checksum, created_at, tbl, pk, col_name,"
            + " col_version, db_version, site_id, cl, seq, fragment)"
            + " VALUES (?1, ?2, ?3, ?4, ?5, CAST(strftime('%s', 'now') AS INTEGER), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
            + $" ON CONFLICT(value_id, part_index) DO UPDATE SET {string.Join(", ", replaced.Select(column => $"{column} = excluded.{column}"))}");
        count = connection.Prepare($"SELECT count(*) FROM {Table} WHERE value_id = ?1");
        parts = connection.Prepare($"SELECT part_index, fragment FROM {Table} WHERE value_id = ?1 ORDER BY part_index");
        drop = connection.Prepare($"DELETE FROM {Table} WHERE value_id = ?1 OR (value_id > ?1 || ':' AND value_id < ?1 || ';')");
        clean = connection.Prepare(
            $"DELETE FROM {Table} WHERE value_id IN (SELECT value_id FROM {Table} GROUP BY value_id"
            + $" HAVING max(created_at) < CAST(strftime('%s', 'now') AS INTEGER) - {StaleAge} LIMIT {CleanupGroups})");
    }

    /// <summary>Applies a payload of fragment rows.</summary>
    /// <returns>How many values became complete.</returns>
    public long Apply(OpenedPayload payload)
    {
        if (payload.Header.Columns != ContainerHeader.ChangeColumns)
        {
            throw Invalid("invalid v3 column count");
        }

        // All rows are checked before the first is stored.
        ValueReader check = new(payload.Body, payload.BodyLength);
        for (uint row = 0; row < payload.Header.Rows; row++)
        {
            FragmentRow.Read(ref check, row);
        }

        ValueReader reader = new(payload.Body, payload.BodyLength);
        long completed = 0;
        for (uint row = 0; row < payload.Header.Rows; row++)
        {
            FragmentRow fragment = FragmentRow.Read(ref reader, row);
            completed += ApplyPart(fragment) ? 1 : 0;
        }

        return completed;
    }

    /// <summary>Forgets which values lost: the clocks that they lost against may be no more.</summary>
    public void ForgetRefused()
    {
        refused.Clear();
        refusedOrder.Clear();
    }

    /// <summary>The failure of a fragment row.</summary>
    public static EngineException Invalid(string what) => new(ResultCode.Misuse, Prefix + what);

    private bool ApplyPart(in FragmentRow part)
    {
        savepoint.Begin();
        try
        {
            watch.Restore();
            bool complete = false;
            if (IsKnown(part))
            {
                // Parts from before a newer value came would wait for ever, and make the receiver ask for the others again.
                drop.Bind(1, part.ValueId);
                drop.Run();
            }
            else
            {
                string group = Stage(part);
                CleanUp();
                complete = TryComplete(part, group);
            }

            savepoint.Release();
            return complete;
        }
        catch
        {
            savepoint.Undo();
            session.Invalidate();
            throw;
        }
    }

    /// <summary>Whether the value has been merged, or can only lose: a repeat then leaves nothing behind.</summary>
    private bool IsKnown(in FragmentRow part)
    {
        IncomingChange change = part.Change;
        winner = null;
        TrackedTable? table = catalog.Find(change.TableName);
        if (table == null)
        {
            return false;
        }

        using Statement clocks = session.Connection.Prepare(
            $"SELECT col_name = '{TrackedTable.Sentinel}', col_version, seq, site_id FROM {table.QuotedClock} WHERE pk = ?1"
            + $" AND (col_name = '{TrackedTable.Sentinel}' OR col_name = ?2 COLLATE NOCASE)");
        clocks.BindBlob(1, KnownKey(table, change)).BindStaticText(2, change.Column, change.ColumnLength);
        long causalLength = 1;
        long version = -1;
        bool same = false;
        while (clocks.Step())
        {
            if (clocks.Int64(0) != 0)
            {
                causalLength = clocks.Int64(1);
                continue;
            }

            version = clocks.Int64(1);
            same = version == change.ColumnVersion && clocks.Int64(2) == change.StoredSeq
                && session.Sites.Id(clocks.Int64(3)) is byte[] site && change.SiteId.SequenceEqual(site);
            winner = new Winner(0, version, clocks.Int64(3), clocks.Int64(2));
        }

        winner = winner is Winner found ? found with { CausalLength = causalLength } : null;

        // A value of an earlier life loses, and so does an older version of this one.
        return causalLength > change.CausalLength || (causalLength == change.CausalLength && (same || version > change.ColumnVersion))
            || (winner != null && refused.TryGetValue(part.ValueId, out Winner known) && known == winner);
    }

    /// <summary>The key that the row's clocks have, where SQLite takes other bytes for the same key.</summary>
    private ReadOnlySpan<byte> KnownKey(TrackedTable table, in IncomingChange change)
    {
        if (keys.Rules(table).Match(change.Key, change.KeyLength) != KeyMatch.Loose)
        {
            return change.KeyBlob;
        }

        using KeyResolver resolver = new(session.Connection, keys, clock, clocks, table);
        return resolver.Find(change.Key, change.KeyLength).ToArray();
    }

    /// <summary>Stores one part; returns the group it belongs to: the value's id, or one with the cut's part size behind it when
    /// another cut of the value is there already.</summary>
    private string Stage(in FragmentRow part)
    {
        string group = part.ValueId;
        firstPart.Bind(1, group);
        if (firstPart.Step() && (firstPart.Int64(0) != part.PartCount
            || PartSize(firstPart.Int64(0), firstPart.Int64(1), firstPart.Int64(2), part.TotalSize) != part.PartSize))
        {
            group += ":" + part.PartSize;
        }

        firstPart.Reset();
        IncomingChange change = part.Change;
        stage.Bind(1, group).Bind(2, part.PartIndex).Bind(3, part.PartCount).Bind(4, part.TotalSize).Bind(5, part.Checksum);
        stage.BindStaticText(6, change.Table, change.TableLength).BindStaticBlob(7, change.Key, change.KeyLength)
            .BindStaticText(8, change.Column, change.ColumnLength);
        stage.Bind(9, change.ColumnVersion).Bind(10, change.DbVersion).BindStaticBlob(11, change.Site, change.SiteLength)
            .Bind(12, change.CausalLength).Bind(13, change.Seq).BindStaticBlob(14, part.Data, part.DataLength);
        stage.Run();
        return group;
    }

    /// <summary>The part size that a part's place and length imply.</summary>
    public static long PartSize(long count, long index, long length, long total) =>
        index < count - 1 || count == 1 ? length : (total - length) / (count - 1);

    private bool TryComplete(in FragmentRow part, string group)
    {
        count.Bind(1, group);
        count.Step();
        long stored = count.Int64(0);
        count.Reset();
        if (stored < part.PartCount)
        {
            return false;
        }

        byte* value = Sqlite3.Allocate(part.TotalSize);
        try
        {
            Assemble(part, group, value);
            Merge(part, value);
        }
        finally
        {
            Sqlite3.Free(value);
        }

        drop.Bind(1, part.ValueId);
        drop.Run();
        if (!IsKnown(part) && winner is Winner present)
        {
            Remember(part.ValueId, present);
        }

        return true;
    }

    /// <summary>Remembers a whole value that lost against an equal version: no clock shows that it was here.</summary>
    private void Remember(string valueId, Winner present)
    {
        if (refused.Count == MaxRefused)
        {
            refused.Remove(refusedOrder.Dequeue());
        }

        if (refused.TryAdd(valueId, present))
        {
            refusedOrder.Enqueue(valueId);
        }
        else
        {
            refused[valueId] = present;
        }
    }

    /// <summary>Puts the parts together and checks the whole. The memory is that of the value: its parts are there.</summary>
    private void Assemble(in FragmentRow part, string group, byte* value)
    {
        long offset = 0;
        long index = 0;
        parts.Bind(1, group);
        try
        {
            while (parts.Step())
            {
                ReadOnlySpan<byte> data = parts.Blob(1);
                if (parts.Int64(0) != index++ || data.Length > part.TotalSize - offset)
                {
                    throw new EngineException(ResultCode.Misuse, $"Unable to apply a fragment: the parts of value {part.ValueId} in"
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
        if (offset != part.TotalSize || checksum != part.Checksum)
        {
            throw new EngineException(ResultCode.Misuse, $"Unable to apply a fragment: value {part.ValueId} in"
                + $" cloudsync_payload_fragments has {offset} bytes with checksum"
                + $" {checksum}, it should have {part.TotalSize} with {part.Checksum}");
        }
    }

    private void Merge(in FragmentRow part, byte* encoded)
    {
        IncomingChange change = part.Change;
        ValueReader reader = new(encoded, part.TotalSize);
        if (!reader.TryRead(out change.Value) || reader.Remaining != 0)
        {
            throw new EngineException(ResultCode.Misuse, $"Unable to apply a fragment: value {part.ValueId} in"
                + " cloudsync_payload_fragments cannot be decoded");
        }

        merge.Enter();
        try
        {
            clock.Advance();
            merge.BeginRow(change);
            merge.Add(change, "merge_insert_col");
            merge.FlushRow();
            clock.Advance();
        }
        finally
        {
            merge.Leave();
        }
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
