using ChunkSync.Chunks;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Receive;

/// <summary>Table <c>cloudsync_receive_ranges</c>: what has arrived of each sender's stream, as half-open ranges of cursors. Ranges
/// that touch are one row, so a sender has at most one row more than holes. The table is made at the first receipt: a database that
/// never calls <c>cloudsync_payload_receive</c> does not have it.</summary>
/// <remarks>The first row of a sender that begins at or before (1, 0, 0) ends at the sender's frontier: everything before it has
/// arrived. <c>last_*</c> is the position of the last change in the range, as far as it is known: it is what the checkpoint may be set
/// to.</remarks>
internal sealed class ReceivedRanges
{
    private const string Key = "from_db_version, from_seq, from_frag_offset";
    private const string Columns = Key + ", to_db_version, to_seq, to_frag_offset, last_db_version, last_seq";

    /// <summary>The table.</summary>
    public static MetadataTable Table { get; } = new(
        "cloudsync_receive_ranges", "(site_id BLOB NOT NULL, from_db_version INTEGER NOT NULL, from_seq INTEGER NOT NULL,"
        + " from_frag_offset INTEGER NOT NULL, to_db_version INTEGER NOT NULL, to_seq INTEGER NOT NULL, to_frag_offset INTEGER NOT NULL,"
        + $" last_db_version INTEGER, last_seq INTEGER, PRIMARY KEY (site_id, {Key})) WITHOUT ROWID", IsOnDemand: true);

    private readonly Connection connection;
    private readonly OnDemandTable stored;
    private readonly Statement upTo;
    private readonly Statement first;
    private readonly Statement all;
    private readonly Statement insert;
    private readonly Statement remove;
    private readonly Statement others;
    private readonly Statement forget;

    public ReceivedRanges(Connection connection)
    {
        this.connection = connection;
        string table = "main." + Table.Name;
        stored = new OnDemandTable(connection, Table);
        upTo = connection.Prepare(
            $"SELECT {Columns} FROM {table} WHERE site_id = ?1 AND ({Key}) <= (?2, ?3, ?4)"
            + " ORDER BY from_db_version DESC, from_seq DESC, from_frag_offset DESC");
        first = connection.Prepare($"SELECT {Columns} FROM {table} WHERE site_id = ?1 ORDER BY {Key} LIMIT 1");
        all = connection.Prepare($"SELECT {Columns}, site_id FROM {table} WHERE ?1 IS NULL OR site_id = ?1 ORDER BY site_id, {Key}");
        insert = connection.Prepare($"INSERT INTO {table}(site_id, {Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
        remove = connection.Prepare($"DELETE FROM {table} WHERE site_id = ?1 AND ({Key}) = (?2, ?3, ?4)");
        others = connection.Prepare(
            $"SELECT EXISTS (SELECT 1 FROM {table} WHERE site_id < ?1) OR EXISTS (SELECT 1 FROM {table} WHERE site_id > ?1)");
        forget = connection.Prepare($"DELETE FROM {table} WHERE site_id = ?1");
    }

    /// <summary>Where every stream begins: db_versions count from 1.</summary>
    public static ResumePoint Origin { get; } = new(1, 0, 0);

    /// <summary>True when the table is there.</summary>
    public bool Exist => stored.Exists;

    /// <summary>Makes the table.</summary>
    public void Create() => stored.Create();

    /// <summary>Books a range; ranges that it touches become one with it.</summary>
    public RangeChange Add(ReadOnlySpan<byte> site, ReceivedRange range)
    {
        RangeChange change = RangeChange.Alone;
        foreach (ReceivedRange old in Touching(site, range.From, range.To))
        {
            Remove(site, old.From);
            change = change == RangeChange.Alone && old.From.CompareTo(range.From) <= 0 ? RangeChange.Appended : RangeChange.Filled;
            range = new ReceivedRange(
                ResumePointOrder.Max(old.From, range.From) == old.From ? range.From : old.From, ResumePointOrder.Max(old.To, range.To),
                Later(old.Last, range.Last));
        }

        Insert(site, range);
        return change;
    }

    /// <summary>Whether something is missing between what has arrived, or before it.</summary>
    public bool HasHole(ReadOnlySpan<byte> site) => Gaps(site).Count > 1;

    /// <summary>Takes back what was recorded between two cursors; true when there was something.</summary>
    public bool Subtract(ReadOnlySpan<byte> site, ResumePoint from, ResumePoint to)
    {
        bool found = false;
        foreach (ReceivedRange old in Touching(site, from, to))
        {
            if (old.To.CompareTo(from) <= 0 || old.From.CompareTo(to) >= 0)
            {
                continue;
            }

            found = true;
            Remove(site, old.From);
            if (old.From.CompareTo(from) < 0)
            {
                // Where the last change of the left part is, nothing says when it was in what is taken back.
                Insert(site, new ReceivedRange(old.From, from, old.Last is ResumePoint last && last.ComparePosition(from) < 0 ? last : null));
            }

            if (old.To.CompareTo(to) > 0)
            {
                Insert(site, new ReceivedRange(to, old.To, old.Last is ResumePoint last && last.ComparePosition(to) > 0 ? last : null));
            }
        }

        return found;
    }

    /// <summary>Whether everything between two cursors is recorded.</summary>
    public bool Cover(ReadOnlySpan<byte> site, ResumePoint from, ResumePoint to)
    {
        upTo.BindBlob(1, site).Bind(2, from.DbVersion).Bind(3, from.Seq).Bind(4, from.Offset);
        bool covered = upTo.Step() && Read(upTo).To.CompareTo(to) >= 0;
        upTo.Reset();
        return covered;
    }

    /// <summary>The range from the beginning of a sender's stream; null while the beginning is missing.</summary>
    public ReceivedRange? Beginning(ReadOnlySpan<byte> site)
    {
        first.BindBlob(1, site);
        ReceivedRange? found = first.Step() ? Read(first) : null;
        first.Reset();
        return found is ReceivedRange range && range.From.CompareTo(Origin) <= 0 ? found : null;
    }

    /// <summary>Whether anything is recorded of another sender.</summary>
    public bool HasOthers(ReadOnlySpan<byte> site)
    {
        others.BindBlob(1, site);
        others.Step();
        bool any = others.Int64(0) != 0;
        others.Reset();
        return any;
    }

    /// <summary>Drops all of a sender's ranges; returns how many there were.</summary>
    public long Forget(ReadOnlySpan<byte> site)
    {
        forget.BindBlob(1, site);
        forget.Run();
        return connection.Changes;
    }

    /// <summary>What is missing of every sender that something was recorded of, or of one of them.</summary>
    public List<StreamGap> Gaps(ReadOnlySpan<byte> site)
    {
        List<StreamGap> gaps = [];
        if (!Exist)
        {
            return gaps;
        }

        _ = site.IsEmpty ? all.BindNull(1) : all.BindBlob(1, site);
        byte[] sender = [];
        ResumePoint reached = Origin;
        while (all.Step())
        {
            const int SiteColumn = 8;
            ReadOnlySpan<byte> of = all.Blob(SiteColumn);
            if (!of.SequenceEqual(sender))
            {
                Close();
                sender = of.ToArray();
                reached = Origin;
            }

            ReceivedRange range = Read(all);
            if (range.From.CompareTo(reached) > 0)
            {
                gaps.Add(new StreamGap(sender, reached, range.From));
            }

            reached = ResumePointOrder.Max(reached, range.To);
        }

        all.Reset();
        Close();
        return gaps;

        void Close()
        {
            if (sender.Length > 0)
            {
                gaps.Add(new StreamGap(sender, reached, null));
            }
        }
    }

    /// <summary>How many senders something is recorded of, and how many holes there are in what is.</summary>
    public (long Senders, long Holes) Count()
    {
        List<StreamGap> gaps = Gaps([]);
        long senders = gaps.Count(gap => gap.To == null);
        return (senders, gaps.Count - senders);
    }

    /// <summary>The ranges that overlap or touch a range, the last one first.</summary>
    private List<ReceivedRange> Touching(ReadOnlySpan<byte> site, ResumePoint from, ResumePoint to)
    {
        List<ReceivedRange> found = [];
        upTo.BindBlob(1, site).Bind(2, to.DbVersion).Bind(3, to.Seq).Bind(4, to.Offset);
        while (upTo.Step() && Read(upTo) is ReceivedRange range && range.To.CompareTo(from) >= 0)
        {
            found.Add(range);
        }

        upTo.Reset();
        return found;
    }

    private void Insert(ReadOnlySpan<byte> site, ReceivedRange range)
    {
        insert.BindBlob(1, site).Bind(2, range.From.DbVersion).Bind(3, range.From.Seq).Bind(4, range.From.Offset)
            .Bind(5, range.To.DbVersion).Bind(6, range.To.Seq).Bind(7, range.To.Offset);
        _ = range.Last is ResumePoint last ? insert.Bind(8, last.DbVersion).Bind(9, last.Seq) : insert.BindNull(8).BindNull(9);
        insert.Run();
    }

    private void Remove(ReadOnlySpan<byte> site, ResumePoint from)
    {
        remove.BindBlob(1, site).Bind(2, from.DbVersion).Bind(3, from.Seq).Bind(4, from.Offset);
        remove.Run();
    }

    private static ReceivedRange Read(Statement row)
    {
        const int Numbers = 8;
        const int Last = 6;
        for (int i = 0; i < Numbers; i++)
        {
            if (row.Type(i) != StorageClass.Integer && !(i >= Last && row.IsNull(i)))
            {
                string name = Columns.Split(", ")[i];
                string value = row.IsNull(i) ? "NULL" : $"'{row.String(i)}'";
                row.Reset();
                throw Errors.CorruptRow(Table.Name, $"{name} is {value}, it must be an integer; SELECT"
                    + " cloudsync_receive_forget(site_id) forgets what has arrived of that sender");
            }
        }

        return ReadChecked(row);
    }

    private static ReceivedRange ReadChecked(Statement row) => new(
        new ResumePoint(row.Int64(0), row.Int64(1), row.Int64(2)), new ResumePoint(row.Int64(3), row.Int64(4), row.Int64(5)),
        row.IsNull(6) ? null : new ResumePoint(row.Int64(6), row.Int64(7), 0));

    private static ResumePoint? Later(ResumePoint? left, ResumePoint? right) =>
        left is ResumePoint one && right is ResumePoint other ? ResumePointOrder.Max(one, other) : left ?? right;
}
