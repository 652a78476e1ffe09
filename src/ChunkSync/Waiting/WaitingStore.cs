using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>What waits, in the tables of <see cref="WaitingTables"/>: of each cell the change with the greatest <see cref="Stamp"/>, and only those
/// of the latest life of their row. What is stored of a row is not counted again when a change comes or goes: a row may have a million.</summary>
internal sealed unsafe class WaitingStore : IDisposable
{
    private const string Rows = "main." + WaitingTables.RowsName;
    private const string OfRow = "tbl = ?1 AND pk = ?2";

    private readonly SyncSession session;
    private readonly RowChanges read = new();
    private readonly RowChanges older = new();
    private readonly WaitingTableMemory tables;
    private readonly Statement any;
    private readonly Statement waits;
    private readonly Statement readRow;
    private readonly Statement addRow;
    private readonly Statement explainRow;
    private readonly Statement repeatRow;
    private readonly Statement repeatInTurn;
    private readonly Statement touchRow;
    private readonly Statement explainUnknown;
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
        Cells = new WaitingCells(connection);
        tables = new WaitingTableMemory(connection);
        any = connection.Prepare($"SELECT 1 FROM {Rows} LIMIT 1");
        waits = connection.Prepare($"SELECT 1 FROM {Rows} WHERE {OfRow}");
        readRow = connection.Prepare($"SELECT origin, bytes FROM {Rows} WHERE {OfRow}");
        addRow = connection.Prepare($"INSERT INTO {Rows}(tbl, pk, reason, text, needs_tbl, needs_pk, tries, since, last_try, turn, origin, bytes)"
            + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?8, ?8, ?7, ?10, ?9)");
        explainRow = connection.Prepare($"UPDATE {Rows} SET reason = ?3, text = ?4, needs_tbl = ?5, needs_pk = ?6, tries = tries + 1, last_try = ?8,"
            + $" turn = ?7, bytes = ?9 WHERE {OfRow}");
        const string Same = "reason = ?3 AND text = ?4 AND needs_tbl IS ?5 AND needs_pk IS ?6";
        repeatRow = connection.Prepare($"UPDATE {Rows} SET tries = tries + 1, last_try = ?8, turn = ?7 WHERE {OfRow} AND {Same}");
        repeatInTurn = connection.Prepare($"UPDATE {Rows} SET tries = tries + 1, last_try = ?8 WHERE {OfRow} AND {Same} AND turn > 0");
        touchRow = connection.Prepare($"UPDATE {Rows} SET bytes = ?3 WHERE {OfRow}");
        explainUnknown = connection.Prepare($"UPDATE {Rows} SET reason = ?3, text = ?4, needs_tbl = NULL, needs_pk = NULL WHERE {OfRow} AND reason <> ?3");
        removeRow = connection.Prepare($"DELETE FROM {Rows} WHERE {OfRow}");
        postponeRow = connection.Prepare($"UPDATE {Rows} SET turn = ?3 WHERE {OfRow}");
        lastTurn = connection.Prepare($"SELECT max(turn) FROM {Rows}");
    }

    /// <summary>What each sender has waiting.</summary>
    public WaitingQuota Quota { get; }

    /// <summary>The changes, to be read.</summary>
    public WaitingCells Cells { get; }

    /// <summary>Whether all rows are tried, in the order of their turns: then these stay.</summary>
    public bool KeepsTurns { get; set; }

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
    public Statement OpenList() => session.Connection.Prepare(WaitingTables.List);

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

    /// <summary>What is stored of a row, to change it.</summary>
    public WaitingRow Open(in ChangeRow row)
    {
        WaitingRow opened = default;
        if (!Remember(tables.Any(row)))
        {
            return opened;
        }

        Bind(readRow, row);
        if (readRow.Step())
        {
            opened = new WaitingRow { IsStored = true, Origin = readRow.Blob(0).ToArray(), Bytes = readRow.Int64(1) };
        }

        readRow.Reset();
        return opened;
    }

    /// <summary>The causal length of a row's changes; 0 where there are none.</summary>
    public long LifeOf(in ChangeRow change, ref WaitingRow row)
    {
        row.Life ??= row.IsStored ? Cells.Life(change) ?? 0 : 0;
        return row.Life.Value;
    }

    /// <summary>Stores a change unless a greater one of its cell is stored.</summary>
    /// <param name="change">The change, of the life of the row's other ones.</param>
    /// <param name="sender">Who sent it.</param>
    /// <param name="row">Its row.</param>
    public void Put(in ChangeRow change, byte[] sender, ref WaitingRow row)
    {
        row.Origin ??= sender;
        byte[]? other = row.Origin.AsSpan().SequenceEqual(sender) ? null : sender;
        if (!Cells.TryAdd(change, other))
        {
            read.Clear();
            bool isThere = Cells.TryRead(change, read, out byte[]? by);
            Check.That(isThere);
            ref readonly ChangeRow stored = ref read.All[0];
            if (Stamp.Compare(change, stored) <= 0)
            {
                return;
            }

            Add(by ?? row.Origin, stored, -1, ref row);
            Cells.Replace(change, other);
        }

        row.Life = change.CausalLength;
        Add(sender, change, 1, ref row);
    }

    /// <summary>Drops a change.</summary>
    /// <param name="change">The change, as it is stored.</param>
    /// <param name="hasOtherSenders">Whether another than the row's origin may have sent it.</param>
    /// <param name="row">Its row.</param>
    public void Remove(in ChangeRow change, bool hasOtherSenders, ref WaitingRow row)
    {
        Return(change, hasOtherSenders, ref row);
        Cells.Remove(change);
    }

    /// <summary>Drops the changes of earlier lives of a row.</summary>
    /// <returns>Their number.</returns>
    public long RemoveOlder(in ChangeRow change, long causalLength, ref WaitingRow row)
    {
        if (row.Origin == null || LifeOf(change, ref row) >= causalLength)
        {
            return 0;
        }

        older.Clear();
        Cells.Load(change, older);
        long count = 0;
        foreach (ref readonly ChangeRow stored in older.All)
        {
            if (stored.CausalLength < causalLength)
            {
                Return(stored, older.HasOtherSenders, ref row);
                count++;
            }
        }

        Cells.RemoveOlder(change, causalLength);
        return count;
    }

    /// <summary>Drops all changes of a row, which were read.</summary>
    public void RemoveAll(in ChangeRow change, RowChanges all, ref WaitingRow row)
    {
        foreach (ref readonly ChangeRow stored in all.All)
        {
            Return(stored, all.HasOtherSenders, ref row);
        }

        Cells.RemoveOlder(change, long.MaxValue);
        row.IsEmpty = true;
    }

    /// <summary>Drops all changes of a row.</summary>
    /// <returns>Their number.</returns>
    public long RemoveAll(in ChangeRow change)
    {
        WaitingRow row = Open(change);
        long count = RemoveOlder(change, long.MaxValue, ref row);
        Close(change, row);
        return count;
    }

    /// <summary>Ends changing a row: one without changes is not stored any more.</summary>
    public void Close(in ChangeRow change, in WaitingRow row)
    {
        if (row.IsStored && IsEmpty(change, row))
        {
            Drop(change);
        }
        else if (row.IsStored && row.IsChanged)
        {
            Bind(touchRow, change);
            touchRow.Bind(3, row.Bytes).Run();
        }
    }

    /// <summary>Ends changing a row that was tried, and stores why it waits. Where everything that was refused has lost meanwhile, it does not.</summary>
    /// <param name="change">Names the row.</param>
    /// <param name="row">The row.</param>
    /// <param name="why">Why.</param>
    /// <param name="isDue">Whether it is tried in the next call.</param>
    public void Close(in ChangeRow change, in WaitingRow row, in WaitingReason why, bool isDue)
    {
        if (IsEmpty(change, row))
        {
            if (row.IsStored)
            {
                Drop(change);
            }

            return;
        }

        if (row.IsStored && !row.IsChanged && TryRepeat(change, why, isDue))
        {
            return;
        }

        Statement statement = row.IsStored ? explainRow : addRow;
        Bind(statement, change, why).Bind(7, isDue ? 0 : NextTurn()).Bind(9, row.Bytes);
        if (!row.IsStored)
        {
            statement.BindBlob(10, row.Origin!);
            tables.NoteAny(change);
            isAny = Remember(true);
        }

        statement.Run();
    }

    /// <summary>Stores that a row was tried again and waits for the same reason, its changes being those that are stored.</summary>
    /// <returns>False where it is another reason.</returns>
    public bool TryRepeat(in ChangeRow change, in WaitingReason why, bool isDue)
    {
        if (KeepsTurns && !isDue)
        {
            Bind(repeatInTurn, change, why).Run();
            if (session.Connection.Changes > 0)
            {
                return true;
            }
        }

        Bind(repeatRow, change, why).Bind(7, isDue ? 0 : NextTurn()).Run();
        return session.Connection.Changes > 0;
    }

    /// <summary>Stores that of a row only changes of columns wait that are not here: what refused the others is no reason any more.</summary>
    public void ExplainUnknown(in ChangeRow change, in WaitingReason why)
    {
        Bind(explainUnknown, change);
        explainUnknown.Bind(3, RefusalKind.NameOf(why.Reason)).Bind(4, why.Text);
        explainUnknown.Run();
    }

    /// <summary>A row that waits could not be tried: it comes again behind all others.</summary>
    public void Postpone(in ChangeRow row)
    {
        Bind(postponeRow, row);
        postponeRow.Bind(3, NextTurn());
        postponeRow.Run();
    }

    public void Dispose()
    {
        read.Dispose();
        older.Dispose();
    }

    private bool IsEmpty(in ChangeRow change, in WaitingRow row) =>
        row.IsEmpty || (row.HasLost ? Cells.Life(change) == null : !row.IsStored && !row.IsChanged);

    private void Drop(in ChangeRow change)
    {
        Bind(removeRow, change);
        removeRow.Run();
        isAny = null;
    }

    private void Return(in ChangeRow change, bool hasOtherSenders, ref WaitingRow row)
    {
        byte[]? sender = null;
        if (hasOtherSenders)
        {
            read.Clear();
            _ = Cells.TryRead(change, read, out sender);
        }

        Add(sender ?? row.Origin!, change, -1, ref row);
        row.HasLost = true;
    }

    private void Add(byte[] sender, in ChangeRow change, int count, ref WaitingRow row)
    {
        long bytes = ChangeRowCodec.SizeOf(change) * (long)count;
        row.Bytes += bytes;
        row.IsChanged = true;
        Quota.Add(sender, count, bytes);
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

    private static Statement Bind(Statement statement, in ChangeRow change, in WaitingReason why)
    {
        Bind(statement, change);
        statement.Bind(3, RefusalKind.NameOf(why.Reason)).Bind(4, why.Text);
        _ = why.NeedsKey == null ? statement.BindNull(5).BindNull(6) : statement.Bind(5, why.NeedsTable!).BindBlob(6, why.NeedsKey);
        return statement.Bind(8, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
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
}
