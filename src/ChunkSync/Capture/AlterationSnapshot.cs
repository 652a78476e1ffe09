using System.Runtime.InteropServices;
using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What a table held when its alteration began: every row's key and a digest of each value. Between begin and commit there are no
/// triggers, because SQLite refuses to drop a column that a trigger names; what the two states differ in is what was changed.</summary>
/// <remarks>It lives in the database <c>temp</c>, so that ROLLBACK and ROLLBACK TO undo it with the alteration, and so that it costs disk
/// and not memory.</remarks>
internal sealed unsafe class AlterationSnapshot
{
    private const string Alterations = "temp.chunksync_alterations";
    private const string Rows = "temp.chunksync_altered_rows";

    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly Statement exists;

    public AlterationSnapshot(SyncSession session, VersionClock clock, LocalClocks clocks)
    {
        this.session = session;
        this.clock = clock;
        this.clocks = clocks;
        exists = session.Connection.Prepare("SELECT 1 FROM temp.sqlite_master WHERE type = 'table' AND name = 'chunksync_alterations'");
    }

    /// <summary>Whether an alteration of the table was begun and not ended, in the transaction that is open.</summary>
    public bool IsOpen(TrackedTable table) => Find(table) != null;

    /// <summary>Makes the tables, before the savepoint is opened: a new table of database temp makes SQLite prepare every statement again,
    /// and a savepoint is undone with one that is prepared.</summary>
    public void CreateTables()
    {
        Connection connection = session.Connection;
        connection.Execute($"CREATE TABLE IF NOT EXISTS {Alterations} (tbl TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, joined INTEGER NOT NULL,"
            + " db_version INTEGER NOT NULL, columns BLOB NOT NULL)");
        connection.Execute($"CREATE TABLE IF NOT EXISTS {Rows} (tbl TEXT NOT NULL COLLATE NOCASE, pk BLOB NOT NULL, digests BLOB NOT NULL,"
            + " PRIMARY KEY (tbl, pk)) WITHOUT ROWID");
    }

    /// <summary>Takes the snapshot, unless an outer alteration of the table has one. The transaction must be joined.</summary>
    public void Take(TrackedTable table)
    {
        Connection connection = session.Connection;
        if (IsOpen(table))
        {
            return;
        }

        Remove(table);
        using (Statement add = connection.Prepare($"INSERT INTO {Alterations} VALUES (?1, ?2, ?3, ?4)"))
        {
            add.Bind(1, table.Name).Bind(2, session.Transaction.Number).Bind(3, clock.Highest);
            add.BindBlob(4, Encoding.UTF8.GetBytes(string.Join('\0', table.ValueColumns.Select(column => column.ClockName))));
            add.Run();
        }

        string columns = string.Join(", ", table.KeyColumns.Concat(table.ValueColumns).Select(column => column.Quoted));
        using Statement rows = connection.Prepare($"SELECT {columns} FROM {table.Quoted}");
        using Statement store = connection.Prepare($"INSERT OR IGNORE INTO {Rows} VALUES (?1, ?2, ?3)");
        using KeyBuffer key = new(session.Connection);
        ulong[] digests = new ulong[table.ValueColumns.Length];
        while (rows.Step())
        {
            if (!key.TryRead(rows, table.KeyColumns.Length))
            {
                continue;
            }

            for (int i = 0; i < digests.Length; i++)
            {
                digests[i] = ValueDigest.Of(rows.ColumnValue(table.KeyColumns.Length + i));
            }

            store.Bind(1, table.Name).BindStaticBlob(2, key.Data, key.Length).BindBlob(3, MemoryMarshal.AsBytes<ulong>(digests));
            store.Run();
        }
    }

    /// <summary>Captures what was changed since the snapshot, and forgets it: rows that are gone, rows that are new under keys that have
    /// clocks, and values. Rows and columns without clocks are not its business. What was captured or merged meanwhile has a newer
    /// db_version, and is left out.</summary>
    public void Capture(TrackedTable table)
    {
        if (Find(table) is not (long version, string[] columns))
        {
            return;
        }

        using (session.Capturing())
        {
            CaptureDeletions(table, version);
            CaptureChanges(table, version, columns);
        }

        Remove(table);
    }

    /// <summary>The clock names of the value columns that a table had when the snapshot was taken; none without one.</summary>
    public string[] ColumnsBefore(TrackedTable table) => Find(table) is (_, string[] columns) ? [.. columns.Where(name => name.Length > 0)] : [];

    /// <summary>Forgets the snapshot of a table.</summary>
    public void Remove(TrackedTable table)
    {
        if (!Exist)
        {
            return;
        }

        foreach (string from in (string[])[Rows, Alterations])
        {
            using Statement remove = session.Connection.Prepare($"DELETE FROM {from} WHERE tbl = ?1");
            remove.Bind(1, table.Name);
            remove.Run();
        }
    }

    private bool Exist
    {
        get
        {
            bool any = exists.Step();
            exists.Reset();
            return any;
        }
    }

    private (long Version, string[] Columns)? Find(TrackedTable table)
    {
        if (!session.Transaction.IsJoined || !Exist)
        {
            return null;
        }

        using Statement find = session.Connection.Prepare($"SELECT db_version, columns FROM {Alterations} WHERE tbl = ?1 AND joined = ?2");
        find.Bind(1, table.Name).Bind(2, session.Transaction.Number);
        return find.Step() ? (find.Int64(0), Encoding.UTF8.GetString(find.Blob(1)).Split('\0')) : null;
    }

    private void CaptureDeletions(TrackedTable table, long version)
    {
        if (table.Algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            return;
        }

        using ClockRows rowClocks = new(session.Connection, table);
        using BaseRows rows = new(session.Connection, table);
        using KeyBuffer key = new(session.Connection);
        using Statement known = session.Connection.Prepare($"SELECT pk FROM {Rows} WHERE tbl = ?1");
        known.Bind(1, table.Name);
        while (known.Step())
        {
            key.Assign(known.Blob(0));
            if (!rows.Has(key) && rowClocks.Read(key) && rowClocks.IsAlive && rowClocks.NewestVersion <= version
                && !(rowClocks.HasHidden && table.Filter != null))
            {
                clocks.Writer(table).Delete(key);
            }
        }
    }

    private void CaptureChanges(TrackedTable table, long version, string[] columns)
    {
        // By column of the snapshot: the column it is now, or -1 when it was dropped.
        int[] present = [.. columns.Select(name => table.FindValueColumn(Encoding.UTF8.GetBytes(name)))];
        // Columns that are new. Where one has clocks, they are those of a column that was renamed, now or before, without begin and commit: the new
        // one goes on above them.
        int[] appeared = [.. Enumerable.Range(0, table.ValueColumns.Length).Except(present)];
        CarryRenamed(table, columns, new RenamedColumns([.. Enumerable.Range(0, present.Length).Where(i => present[i] < 0 && columns[i].Length > 0)], appeared));
        LocalClockWriter writer = clocks.Writer(table);
        using ClockRows rowClocks = new(session.Connection, table);
        using KeyBuffer key = new(session.Connection);
        using Statement known = session.Connection.Prepare($"SELECT digests FROM {Rows} WHERE tbl = ?1 AND pk = ?2");
        using Statement rows = session.Connection.Prepare(ExistingRows.Select(table, table.ValueColumns));
        while (rows.Step())
        {
            if (!key.TryRead(rows, table.KeyColumns.Length) || !rowClocks.Read(key))
            {
                continue;
            }

            known.Bind(1, table.Name).BindStaticBlob(2, key.Data, key.Length);
            bool found = known.Step();
            if (!found && rowClocks.NewestVersion <= version)
            {
                writer.Insert(key);
                known.Reset();
                continue;
            }

            foreach (int column in appeared)
            {
                if (rowClocks.VersionOf(column) is long other && other <= version)
                {
                    writer.UpsertColumn(key, column, clock.Next());
                }
            }

            if (found)
            {
                ReadOnlySpan<ulong> digests = MemoryMarshal.Cast<byte, ulong>(known.Blob(0));
                for (int i = 0; i < present.Length; i++)
                {
                    int column = present[i];
                    if (column >= 0 && rowClocks.VersionOf(column) is long captured && captured <= version
                        && digests[i] != ValueDigest.Of(rows.ColumnValue(table.KeyColumns.Length + column)))
                    {
                        writer.UpsertColumn(key, column, clock.Next());
                    }
                }
            }

            known.Reset();
        }
    }

    /// <summary>Gives clocks of a renamed column its new name. What it holds was written by somebody, as often as they say; as the DEFAULT of a new
    /// column it would lose against that of a replica on which the column was renamed earlier.</summary>
    private void CarryRenamed(TrackedTable table, string[] columns, RenamedColumns renamed)
    {
        if (!renamed.IsPossible)
        {
            return;
        }

        using KeyBuffer key = new(session.Connection);
        using Statement known = session.Connection.Prepare($"SELECT digests FROM {Rows} WHERE tbl = ?1 AND pk = ?2");
        using Statement rows = session.Connection.Prepare(ExistingRows.Select(table, table.ValueColumns));
        while (rows.Step())
        {
            if (key.TryRead(rows, table.KeyColumns.Length))
            {
                known.Bind(1, table.Name).BindStaticBlob(2, key.Data, key.Length);
                if (known.Step())
                {
                    renamed.Add(MemoryMarshal.Cast<byte, ulong>(known.Blob(0)), rows, table.KeyColumns.Length);
                }

                known.Reset();
            }
        }

        foreach ((int from, int to) in renamed.Find())
        {
            using Statement carry = session.Connection.Prepare($"UPDATE OR IGNORE {table.QuotedClock} SET col_name = ?1 WHERE col_name = ?2 COLLATE NOCASE");
            carry.Bind(1, table.ValueColumns[to].ClockName).Bind(2, columns[from]);
            carry.Run();
        }
    }
}
