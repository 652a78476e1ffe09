using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>The stored changes that wait (tables of <see cref="WaitingTables"/>): one per cell, the one with the greatest
/// <see cref="Stamp"/>, and only of the latest life of its row among them.</summary>
internal sealed unsafe class WaitingStore : IDisposable
{
    private const string Now = "CAST(strftime('%s', 'now') AS INTEGER)";
    private const string Cells = "main." + WaitingTables.ChangesName;
    private const string Rows = "main." + WaitingTables.RowsName;
    private const string OfRow = "tbl = ?1 AND pk = ?2";

    private readonly SyncSession session;
    private readonly RowChanges measured = new();
    private readonly WaitingTableMemory tables;
    private readonly Statement any;
    private readonly Statement waits;
    private readonly Statement load;
    private readonly Statement insert;
    private readonly Statement replace;
    private readonly Statement readCell;
    private readonly Statement removeCell;
    private readonly Statement removeOlder;
    private readonly Statement readRow;
    private readonly Statement writeRow;
    private readonly Statement touchRow;
    private readonly Statement explainRow;
    private readonly Statement removeRow;
    private readonly Statement postponeRow;
    private readonly Statement lastTurn;
    private bool? isAny;
    private bool? exist;
    private long turn = -1;

    /// <summary>When something was remembered last.</summary>
    private long remembered;

    public WaitingStore(SyncSession session)
    {
        this.session = session;
        Connection connection = session.Connection;
        Quota = new WaitingQuota(session);
        tables = new WaitingTableMemory(connection);
        any = connection.Prepare($"SELECT 1 FROM {Rows} LIMIT 1");
        waits = connection.Prepare($"SELECT 1 FROM {Rows} WHERE {OfRow}");
        load = connection.Prepare($"SELECT col_name, col_value, col_version, db_version, site_id, cl, seq FROM {Cells} WHERE {OfRow}");
        insert = connection.Prepare($"INSERT INTO {Cells}(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(tbl, pk, col_name) DO NOTHING");
        replace = connection.Prepare($"UPDATE {Cells} SET col_value = ?4, col_version = ?5, db_version = ?6, site_id = ?7, cl = ?8, seq = ?9"
            + $" WHERE {OfRow} AND col_name = ?3");
        readCell = connection.Prepare($"SELECT col_value, col_version, cl FROM {Cells} WHERE {OfRow} AND col_name = ?3");
        removeCell = connection.Prepare($"DELETE FROM {Cells} WHERE {OfRow} AND col_name = ?3");
        removeOlder = connection.Prepare($"DELETE FROM {Cells} WHERE {OfRow} AND cl < ?3");
        readRow = connection.Prepare($"SELECT r.origin, r.bytes, (SELECT count(*) FROM {Cells} AS c WHERE c.tbl = r.tbl AND c.pk = r.pk),"
            + $" (SELECT max(cl) FROM {Cells} AS c WHERE c.tbl = r.tbl AND c.pk = r.pk) FROM {Rows} AS r WHERE {OfRow}");
        writeRow = connection.Prepare($"INSERT INTO {Rows}(tbl, pk, reason, text, needs_tbl, needs_pk, tries, since, last_try, turn, origin, bytes)"
            + $" VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, {Now}, {Now}, ?7, ?8, ?9) ON CONFLICT(tbl, pk) DO UPDATE SET reason = excluded.reason,"
            + " text = excluded.text, needs_tbl = excluded.needs_tbl, needs_pk = excluded.needs_pk, tries = tries + 1,"
            + " last_try = excluded.last_try, turn = excluded.turn, origin = excluded.origin, bytes = excluded.bytes");
        touchRow = connection.Prepare($"UPDATE {Rows} SET bytes = ?3 WHERE {OfRow}");
        explainRow = connection.Prepare($"UPDATE {Rows} SET reason = ?3, text = ?4, needs_tbl = NULL, needs_pk = NULL WHERE {OfRow} AND reason <> ?3");
        removeRow = connection.Prepare($"DELETE FROM {Rows} WHERE {OfRow}");
        postponeRow = connection.Prepare($"UPDATE {Rows} SET turn = ?3 WHERE {OfRow}");
        lastTurn = connection.Prepare($"SELECT max(turn) FROM {Rows}");
    }

    /// <summary>What each sender has waiting.</summary>
    public WaitingQuota Quota { get; }

    /// <summary>Whether any change waits: remembered until what is cached of the database is dropped.</summary>
    public bool Any => isAny ?? Remember(isAny = Exist && Has(any));

    /// <summary>Whether the tables are there.</summary>
    public bool Exist =>
        exist ?? Remember(exist = new[] { WaitingTables.RowsName, WaitingTables.ChangesName, WaitingTables.SitesName }.All(session.Connection.HasTable));

    /// <summary>Whether changes of a row wait.</summary>
    public bool Wait(in ChangeRow change)
    {
        if (!(tables.Knows(change) ? tables.Any(change) : Remember(tables.Any(change))))
        {
            return false;
        }

        Bind(waits, change);
        return Has(waits);
    }

    /// <summary>Whether the tables are there, looked up anew where the schema may have changed.</summary>
    public bool IsThere()
    {
        session.Refresh();
        return Exist;
    }

    /// <summary>All rows that wait, as <c>cloudsync_waiting</c> shows them, the oldest first; the third column is left to the reader, who
    /// disposes the statement.</summary>
    public Statement OpenList() => session.Connection.Prepare(
        $"SELECT r.tbl, r.pk, NULL, (SELECT group_concat(col_name, ',') FROM (SELECT c.col_name FROM {Cells} AS c WHERE c.tbl = r.tbl"
        + " AND c.pk = r.pk ORDER BY c.col_name)), r.reason, r.text, r.needs_tbl, r.needs_pk, r.tries, r.since, r.last_try, r.origin,"
        + $" (SELECT count(*) FROM {Cells} AS c WHERE c.tbl = r.tbl AND c.pk = r.pk), r.bytes FROM {Rows} AS r ORDER BY r.since, r.tbl, r.pk");

    /// <summary>Forgets what is remembered: the database may have changed.</summary>
    public void Forget()
    {
        isAny = null;
        exist = null;
        turn = -1;
        tables.Forget();
    }

    /// <summary>A part of the transaction is gone, and what was read in it.</summary>
    /// <param name="since">When it began, by <see cref="SavepointTimes"/>.</param>
    public void Undone(long since)
    {
        if (remembered >= since)
        {
            Forget();
        }
    }

    /// <summary>Makes the tables where they are missing.</summary>
    public void Create()
    {
        if (Exist)
        {
            return;
        }

        session.ChangeSchema([WaitingTables.Changes.CreateSql, WaitingTables.Rows.CreateSql, WaitingTables.Sites.CreateSql, .. WaitingTables.Indexes]);
        exist = Remember(true);
    }

    /// <summary>Adds the waiting changes of a row to a list.</summary>
    /// <param name="row">Names the row.</param>
    /// <param name="changes">The list.</param>
    public void Load(in ChangeRow row, RowChanges changes)
    {
        Bind(load, row);
        try
        {
            while (load.Step())
            {
                changes.Add(Read(row, changes));
            }
        }
        finally
        {
            load.Reset();
        }
    }

    /// <summary>What is stored of a row; null where nothing of it waits.</summary>
    public WaitingRow? Find(in ChangeRow row)
    {
        Bind(readRow, row);
        WaitingRow? found = readRow.Step()
            ? new WaitingRow(readRow.Blob(0).ToArray(), readRow.Int64(2), readRow.Int64(1), readRow.Int64(3))
            : null;
        readRow.Reset();
        return found;
    }

    /// <summary>Stores a change unless a greater one of its cell is stored.</summary>
    public void Put(in ChangeRow change)
    {
        Bind(insert, change);
        BindCell(insert, change);
        insert.Run();
        if (session.Connection.Changes == 0 && Beats(change))
        {
            Bind(replace, change);
            BindCell(replace, change);
            replace.Run();
        }
    }

    /// <summary>Drops the change of a cell.</summary>
    public void Remove(in ChangeRow change)
    {
        Bind(removeCell, change);
        BindName(removeCell, change);
        removeCell.Run();
    }

    /// <summary>Drops the changes of earlier lives of a row.</summary>
    public void RemoveOlder(in ChangeRow row, long causalLength)
    {
        Bind(removeOlder, row);
        removeOlder.Bind(3, causalLength);
        removeOlder.Run();
    }

    /// <summary>Drops all changes of a row.</summary>
    public long RemoveAll(in ChangeRow row, in WaitingRow before)
    {
        RemoveOlder(row, long.MaxValue);
        Count(row, before, 0, 0);
        return before.Changes;
    }

    /// <summary>Changes of a row were dropped: what is stored of it is counted again.</summary>
    public void Count(in ChangeRow row, in WaitingRow before)
    {
        (long changes, long bytes) = Measure(row);
        Count(row, before, changes, bytes);
    }

    /// <summary>A row that waits could not be tried: it comes again behind all others.</summary>
    public void Postpone(in ChangeRow row)
    {
        Bind(postponeRow, row);
        postponeRow.Bind(3, NextTurn());
        postponeRow.Run();
    }

    /// <summary>Stores why a row waits, behind its changes.</summary>
    public void Explain(in ChangeRow row, in WaitingRow? before, in WaitingReason why, byte[] origin, bool isDue)
    {
        (long changes, long bytes) = Measure(row);
        if (changes == 0)
        {
            // Everything that was refused has lost meanwhile.
            if (before is WaitingRow known)
            {
                Count(row, known, 0, 0);
            }

            return;
        }

        Bind(writeRow, row);
        writeRow.Bind(3, RefusalKind.NameOf(why.Reason)).Bind(4, why.Text);
        _ = why.NeedsKey == null ? writeRow.BindNull(5).BindNull(6) : writeRow.Bind(5, why.NeedsTable!).BindBlob(6, why.NeedsKey);
        writeRow.Bind(7, isDue ? 0 : NextTurn()).BindBlob(8, origin).Bind(9, bytes);
        writeRow.Run();
        isAny = Remember(true);
        tables.NoteAny(row);
        if (before is WaitingRow old)
        {
            Quota.Add(old.Origin, -old.Changes, -old.Bytes);
        }

        Quota.Add(origin, changes, bytes);
    }

    /// <summary>Stores another reason why a row goes on waiting that needs no other row.</summary>
    public void Explain(in ChangeRow row, in WaitingReason why)
    {
        Bind(explainRow, row);
        explainRow.Bind(3, RefusalKind.NameOf(why.Reason)).Bind(4, why.Text);
        explainRow.Run();
    }

    public void Dispose() => measured.Dispose();

    private void Count(in ChangeRow row, in WaitingRow before, long changes, long bytes)
    {
        Statement statement = changes == 0 ? removeRow : touchRow;
        Bind(statement, row);
        if (changes > 0)
        {
            statement.Bind(3, bytes);
        }

        statement.Run();
        isAny = changes > 0 ? isAny : null;
        Quota.Add(before.Origin, changes - before.Changes, bytes - before.Bytes);
    }

    private (long Changes, long Bytes) Measure(in ChangeRow row)
    {
        long changes = 0;
        long bytes = 0;
        measured.Clear();
        Load(row, measured);
        foreach (ref readonly ChangeRow change in measured.All)
        {
            changes++;
            bytes += ChangeRowCodec.SizeOf(change);
        }

        return (changes, bytes);
    }

    private bool Beats(in ChangeRow change)
    {
        Bind(readCell, change);
        BindName(readCell, change);
        bool beats = true;
        if (readCell.Step())
        {
            ChangeRow stored = change;
            stored.Value = StoredValue.Read(readCell, 0);
            stored.ColumnVersion = readCell.Int64(1);
            stored.CausalLength = readCell.Int64(2);
            beats = Stamp.Compare(change, stored) > 0;
        }

        readCell.Reset();
        return beats;
    }

    private long NextTurn()
    {
        if (turn < 0)
        {
            turn = lastTurn.Step() ? lastTurn.Int64(0) : 0;
            lastTurn.Reset();
        }

        _ = Remember(true);
        return ++turn;
    }

    private bool Remember(bool? value)
    {
        remembered = session.Transaction.Times.Now;
        return value!.Value;
    }

    private static bool Has(Statement statement)
    {
        bool found = statement.Step();
        statement.Reset();
        return found;
    }

    private static void Bind(Statement statement, in ChangeRow row)
    {
        statement.Reset();
        statement.BindStaticText(1, row.Table, row.TableLength).BindStaticBlob(2, row.KeyBytes);
    }

    private static void BindName(Statement statement, in ChangeRow change)
    {
        if (change.Column == null)
        {
            statement.BindText(3, SentinelColumn.Utf8);
        }
        else
        {
            statement.BindStaticText(3, change.Column, change.ColumnLength);
        }
    }

    private static void BindCell(Statement statement, in ChangeRow change)
    {
        BindName(statement, change);
        StoredValue.Bind(statement, 4, change.Value);
        statement.Bind(5, change.ColumnVersion).Bind(6, change.DbVersion).BindStaticBlob(7, change.Site, change.SiteLength)
            .Bind(8, change.CausalLength).Bind(9, change.Seq);
    }

    private ChangeRow Read(in ChangeRow row, RowChanges changes)
    {
        ReadOnlySpan<byte> name = load.Text(0);
        ReadOnlySpan<byte> site = load.Blob(4);
        ChangeRow change = row with
        {
            Column = changes.Keep(name),
            ColumnLength = name.Length,
            Value = StoredValue.Read(load, 1),
            ColumnVersion = load.Int64(2),
            DbVersion = load.Int64(3),
            Site = changes.Keep(site),
            SiteLength = site.Length,
            CausalLength = load.Int64(5),
            Seq = load.Int64(6),
        };
        if (change.Value.Kind is WireKind.Text or WireKind.Blob)
        {
            change.Value.Data = changes.Keep(change.Value.Bytes);
        }

        bool isSound = change.HasSoundNumbers && site.Length > 0 && load.Type(2) == StorageClass.Integer && load.Type(3) == StorageClass.Integer
            && load.Type(5) == StorageClass.Integer && load.Type(6) == StorageClass.Integer;
        return isSound ? change : throw Unreadable(row);
    }

    private static EngineException Unreadable(in ChangeRow row)
    {
        const int Shown = 64;
        ReadOnlySpan<byte> key = row.KeyBlob[..Math.Min(row.KeyLength, Shown)];
        return Errors.Corrupt($"cloudsync_waiting: a row of {WaitingTables.ChangesName} cannot be read (table"
            + $" {System.Text.Encoding.UTF8.GetString(row.TableName)}, pk X'{Convert.ToHexString(key)}'); see cloudsync_check");
    }
}
