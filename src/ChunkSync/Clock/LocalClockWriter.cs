using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Clock;

/// <summary>Writes the clock rows of local changes to one table (behaviour E.5). Statements are prepared once; nothing is allocated per
/// row.</summary>
/// <remarks>The statements never abort half-way (a clock row has no constraint but its key, which is handled), so SQLite keeps no
/// statement journal for them.</remarks>
internal sealed unsafe class LocalClockWriter : IDisposable
{
    /// <summary>Columns whose clock rows go into one INSERT.</summary>
    private const int MaxRowsTogether = 100;

    /// <summary>Raises a column's version, unless it is at the end of those that are counted, or no integer: a number that was forged or
    /// written by hand.</summary>
    private static readonly string Raise = " ON CONFLICT(pk, col_name) DO UPDATE SET col_version = col_version + 1, db_version = ?2,"
        + $" site_id = 0, seq = ?3 WHERE col_version < {VersionLimits.ColumnVersionReach}";

    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly TrackedTable table;
    private readonly KeyCeiling ceiling;
    private readonly KeyRules rules;
    private readonly Statement exists;
    private readonly Statement[] insertAll;
    private readonly int[] insertAllCounts;
    private readonly Statement?[] upsert;
    private readonly Statement[] fill;
    private readonly Statement createSentinel;
    private readonly Statement raiseSentinel;
    private readonly Statement deleteSentinel;
    private readonly Statement readSentinel;
    private readonly Statement setSentinel;
    private readonly Statement beginLife;
    private readonly Statement beginColumn;
    private readonly Statement deleteColumns;
    private readonly Statement columnsOf;
    private readonly Statement move;
    private readonly Statement onlyNew;
    private readonly ByteStringList names = new();
    private readonly KeyBuffer replaced;

    public LocalClockWriter(SyncSession session, TableKeys keys, VersionClock clock, LocalClocks clocks, TrackedTable table)
    {
        this.session = session;
        this.clock = clock;
        this.table = table;
        ceiling = clocks.Ceiling(table);
        rules = keys.Rules(table);
        replaced = new KeyBuffer(session.Connection);
        string clockTable = table.QuotedClock;
        exists = Prepare($"SELECT 1 FROM {clockTable} WHERE pk = ?1 LIMIT 1");
        List<Statement> inserts = [];
        List<int> counts = [];
        TableColumn[] columns = [.. table.ClockColumns];
        for (int start = 0; start < columns.Length; start += MaxRowsTogether)
        {
            TableColumn[] part = [.. columns.Skip(start).Take(MaxRowsTogether)];
            inserts.Add(Prepare(
                $"INSERT OR IGNORE INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq) VALUES "
                + string.Join(", ", part.Select((column, i) => $"(?1, {Connection.Literal(column.ClockName)}, 1, ?2, 0, ?3 + {i})"))));
            counts.Add(part.Length);
        }

        insertAll = [.. inserts];
        insertAllCounts = [.. counts];
        upsert =
        [
            .. table.ValueColumns.Select(Statement? (column) => column.IsPlace ? null : Prepare(
                $"INSERT INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq)"
                + $" VALUES (?1, {Connection.Literal(column.ClockName)}, 1, ?2, 0, ?3)"
                + Raise)),
        ];

        fill =
        [
            .. table.ValueColumns.Select(column => Prepare(
                $"INSERT OR IGNORE INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq)"
                + $" VALUES (?1, {Connection.Literal(column.ClockName)}, 0, ?2, 0, ?3)")),
        ];

        const string Raised = "col_version = col_version + 1 + (col_version & 1), db_version = ?2, site_id = 0, seq = ?3";
        string bounded = $"col_version < {VersionLimits.MaxCausalLength - 1}";
        const string Row = $"(pk, col_name, col_version, db_version, site_id, seq) VALUES (?1, '{SentinelColumn.Name}', ";
        createSentinel = Prepare(
            $"INSERT INTO {clockTable}{Row}1, ?2, 0, ?3) ON CONFLICT(pk, col_name) DO UPDATE SET {Raised} WHERE {bounded}");
        raiseSentinel = Prepare($"UPDATE {clockTable} SET {Raised} WHERE pk = ?1 AND col_name = '{SentinelColumn.Name}' AND {bounded}");
        deleteSentinel = Prepare(
            $"INSERT INTO {clockTable}{Row}2, ?2, 0, ?3) ON CONFLICT(pk, col_name) DO UPDATE SET"
            + " col_version = col_version + 2 - (col_version & 1), db_version = ?2, site_id = 0, seq = ?3"
            + $" WHERE col_version < {VersionLimits.MaxCausalLength}");
        readSentinel = Prepare($"SELECT col_version FROM {clockTable} WHERE pk = ?1 AND col_name = '{SentinelColumn.Name}'");
        setSentinel = Prepare(
            $"INSERT INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq) VALUES (?1, '{SentinelColumn.Name}', ?4, ?2, 0, ?3)"
            + " ON CONFLICT(pk, col_name) DO UPDATE SET col_version = ?4, db_version = ?2, site_id = 0, seq = ?3");
        beginLife = Prepare(
            $"INSERT INTO {clockTable}{Row}3, ?2, 0, ?3) ON CONFLICT(pk, col_name) DO UPDATE SET {Raised} WHERE {bounded}");
        beginColumn = Prepare(
            $"UPDATE {clockTable} SET col_version = 1, db_version = ?2, site_id = 0, seq = ?3 WHERE pk = ?1 AND col_name = ?4");
        deleteColumns = Prepare($"DELETE FROM {clockTable} WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}'");
        columnsOf = Prepare($"SELECT col_name FROM {clockTable} WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}' ORDER BY col_name");
        onlyNew = Prepare(
            $"SELECT col_name FROM {clockTable} AS c WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}'"
            + $" AND NOT EXISTS (SELECT 1 FROM {clockTable} AS o WHERE o.pk = ?2 AND o.col_name = c.col_name) ORDER BY col_name");
        // sqlite-sync starts over with version 1; where the new key's row was alive, others would then keep its old values.
        move = Prepare(
            $"INSERT INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq) VALUES (?1, ?4, 1, ?2, 0, ?3){Raise}");
    }

    /// <summary>A row was inserted.</summary>
    public void Insert(KeyBuffer key)
    {
        long dbVersion = clock.Next();
        if (LiveAboveEqualKeys(key, dbVersion))
        {
            UpsertColumns(key, dbVersion);
            return;
        }

        if (insertAll.Length == 0)
        {
            WriteSentinel(createSentinel, key, dbVersion, clock.TakeSeq(), mayStay: true);
            return;
        }

        if (!ceiling.IsNew(key.Native) && Exists(key))
        {
            // The seq is taken even where there is no sentinel to raise, as in INSERT OR REPLACE.
            WriteSentinel(raiseSentinel, key, dbVersion, clock.TakeSeq(), mayStay: true);
            UpsertColumns(key, dbVersion);
            return;
        }

        for (int i = 0; i < insertAll.Length; i++)
        {
            Write(insertAll[i], key, dbVersion, clock.TakeSeqs(insertAllCounts[i]));
        }
    }

    private void UpsertColumns(KeyBuffer key, long dbVersion)
    {
        for (int i = 0; i < upsert.Length; i++)
        {
            UpsertColumn(key, i, dbVersion);
        }
    }

    /// <summary>A row was deleted.</summary>
    public void Delete(KeyBuffer key)
    {
        long dbVersion = clock.Next();
        Delete(key, dbVersion, clock.TakeSeq());
    }

    /// <summary>A row was deleted, at a place in the transaction that was kept for it.</summary>
    public void Delete(KeyBuffer key, long dbVersion, long seq)
    {
        WriteSentinel(deleteSentinel, key, dbVersion, seq, mayStay: false);
        key.BindTo(deleteColumns, 1);
        deleteColumns.Run();
    }

    /// <summary>A row was replaced: its tombstone is the engine's own. A grow-only table refuses that.</summary>
    public void DeleteReplaced(KeyBuffer key, long dbVersion, long seq)
    {
        if (table.Algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            throw new EngineException(ResultCode.Constraint, CrdtAlgorithms.Refusal("DELETE", table.Name));
        }

        using CaptureScope scope = session.Capturing();
        Delete(key, dbVersion, seq);
    }

    /// <summary>The row's key changed: the old key's row dies, its columns live on under the new one.</summary>
    public void ChangeKey(KeyBuffer oldKey, KeyBuffer newKey)
    {
        long dbVersion = clock.Next();
        WriteSentinel(deleteSentinel, oldKey, dbVersion, clock.TakeSeq(), mayStay: false);
        bool atEnd = false;
        oldKey.BindTo(columnsOf, 1);
        try
        {
            while (columnsOf.Step())
            {
                move.BindText(4, columnsOf.Text(0));
                atEnd |= !Write(move, newKey, dbVersion, clock.TakeSeq());
            }
        }
        finally
        {
            columnsOf.Reset();
        }

        // A row that this one replaces may have columns that this one never had: they are NULL now, which others must hear of.
        atEnd |= RaiseOnlyNew(oldKey, newKey, dbVersion);

        oldKey.BindTo(deleteColumns, 1);
        deleteColumns.Run();
        WriteSentinel(createSentinel, newKey, dbVersion, clock.TakeSeq(), mayStay: true);
        if (atEnd)
        {
            BeginLife(newKey, dbVersion);
        }

        LiveAboveEqualKeys(newKey, dbVersion, oldKey);
    }

    /// <summary>Whether the clocks say that the row lives.</summary>
    public bool IsAlive(KeyBuffer key)
    {
        key.BindTo(readSentinel, 1);
        bool hasSentinel = readSentinel.Step();
        bool isOdd = hasSentinel && (readSentinel.Int64(0) & 1) == 1;
        readSentinel.Reset();
        return hasSentinel ? isOdd : Exists(key);
    }

    /// <summary>A column got another value, or appeared.</summary>
    public void UpsertColumn(KeyBuffer key, int column, long dbVersion)
    {
        if (upsert[column] is Statement statement && !Write(statement, key, dbVersion, clock.TakeSeq()))
        {
            BeginLife(key, dbVersion);
        }
    }

    /// <summary>A column got the value of a DEFAULT, which every write of it beats, whoever made it.</summary>
    public void FillColumn(KeyBuffer key, int column, long dbVersion) => Write(fill[column], key, dbVersion, clock.TakeSeq());

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[exists, .. insertAll, .. upsert.OfType<Statement>(), .. fill, createSentinel, raiseSentinel,
            deleteSentinel, readSentinel, setSentinel, beginLife, beginColumn, deleteColumns, columnsOf, move, onlyNew])
        {
            statement.Dispose();
        }

        names.Dispose();
        replaced.Dispose();
    }

    /// <summary>Raises the columns that only the new key's row had. They are all read before the first is written: a row written under
    /// a reader may be read again.</summary>
    /// <returns>Whether a version is at its end.</returns>
    private bool RaiseOnlyNew(KeyBuffer oldKey, KeyBuffer newKey, long dbVersion)
    {
        newKey.BindTo(onlyNew, 1);
        oldKey.BindTo(onlyNew, 2);
        names.Clear();
        while (onlyNew.Step())
        {
            names.Add(onlyNew.Text(0));
        }

        onlyNew.Reset();
        bool atEnd = false;
        for (int i = 0; i < names.Count; i++)
        {
            move.BindText(4, names[i]);
            atEnd |= !Write(move, newKey, dbVersion, clock.TakeSeq());
        }

        return atEnd;
    }

    /// <summary>A column's version is at the end of those that are counted: the row begins a new life, in which its columns count from 1.
    /// Nothing is lost by it, since all columns that the row has are sent again.</summary>
    private void BeginLife(KeyBuffer key, long dbVersion)
    {
        WriteSentinel(beginLife, key, dbVersion, clock.TakeSeq(), mayStay: false);
        names.Clear();
        key.BindTo(columnsOf, 1);
        while (columnsOf.Step())
        {
            // The blocks of a text have versions of another kind: odd ones are alive.
            if (!columnsOf.Text(0).Contains(TrackedTable.BlockSeparator))
            {
                names.Add(columnsOf.Text(0));
            }
        }

        columnsOf.Reset();
        for (int i = 0; i < names.Count; i++)
        {
            beginColumn.BindText(4, names[i]);
            Write(beginColumn, key, dbVersion, clock.TakeSeq());
        }
    }

    /// <summary>Writes the sentinel of a row.</summary>
    /// <param name="statement">What becomes of it; it changes nothing when the causal length is at its end.</param>
    /// <param name="key">The row.</param>
    /// <param name="dbVersion">The transaction's db_version.</param>
    /// <param name="seq">The sentinel's place in it.</param>
    /// <param name="mayStay">Whether a row that is alive may stay in the life that it has.</param>
    private void WriteSentinel(Statement statement, KeyBuffer key, long dbVersion, long seq, bool mayStay)
    {
        if (Write(statement, key, dbVersion, seq))
        {
            return;
        }

        key.BindTo(readSentinel, 1);
        if (!readSentinel.Step())
        {
            readSentinel.Reset();
            return;
        }

        bool isInteger = readSentinel.Type(0) == StorageClass.Integer;
        bool isNumber = isInteger || readSentinel.Type(0) == StorageClass.Real;
        long length = readSentinel.Int64(0);
        string shown = readSentinel.String(0);
        readSentinel.Reset();
        if (!mayStay || !isInteger || (length & 1) == 0 || length > VersionLimits.MaxCausalLength)
        {
            throw isNumber ? Exhausted(key, shown) : Errors.CorruptClock(
                table.ClockName, $" of key {KeyText.Describe(key.Native)}: col_version of {SentinelColumn.Name} is '{shown}', it must be an integer");
        }
    }

    private EngineException Exhausted(KeyBuffer key, object causalLength) =>
        Errors.Refused($"table {table.Name}, key {KeyText.Describe(key.Native)}: the causal length of this row is"
            + $" {causalLength}, no life of it is counted behind {VersionLimits.MaxCausalLength}; use another key");

    /// <summary>Keys stay where they are from row to row.</summary>
    private Statement Prepare(string sql) => session.Connection.Prepare(sql, lastingBindings: true);

    /// <summary>A new row lives above the tombstones of keys that are equal to its own: to others they are one row, whose lives follow each
    /// other whatever bytes they have. A living one of them was replaced: only one of them can have a row.</summary>
    /// <param name="key">The row's key.</param>
    /// <param name="dbVersion">The transaction's db_version.</param>
    /// <param name="oldKey">The key that it had before, if any: no look-up finds a dead one by a collation of the host's.</param>
    /// <returns>Whether its sentinel has been written for that.</returns>
    private bool LiveAboveEqualKeys(KeyBuffer key, long dbVersion, KeyBuffer? oldKey = null)
    {
        if (!rules.HasEqualKeys || rules.Match(key.Native) != KeyMatch.Loose)
        {
            return false;
        }

        KeyForms forms = rules.Forms(session.Connection, table);
        long highest = oldKey != null && forms.AreEqual(oldKey, key) ? forms.CausalLength(oldKey.Bytes) ?? 0 : 0;
        KeyFormList others = forms.FindOthers(key.Native);
        for (int i = 0; i < others.Count; i++)
        {
            highest = Math.Max(highest, others.CausalLength(i) + (others.IsAlive(i) ? 1 : 0));
            if (others.IsAlive(i))
            {
                replaced.Assign(others.Key(i));
                DeleteReplaced(replaced, dbVersion, clock.TakeSeq());
            }
        }

        long own = forms.CausalLength(key.Bytes) ?? 0;
        if (highest == 0 || ((own & 1) == 1 && own > highest))
        {
            return false;
        }

        highest = Math.Max(highest, own);
        highest += 1 + (highest & 1);
        if (highest > VersionLimits.MaxCausalLength)
        {
            throw Exhausted(key, highest - 1);
        }

        setSentinel.Bind(4, highest);
        Write(setSentinel, key, dbVersion, clock.TakeSeq());
        return true;
    }

    private bool Exists(KeyBuffer key)
    {
        key.BindTo(exists, 1);
        bool found = exists.Step();
        exists.Reset();
        return found;
    }

    /// <returns>Whether a clock row was written.</returns>
    private bool Write(Statement statement, KeyBuffer key, long dbVersion, long seq)
    {
        Check.That(dbVersion > 0 && dbVersion <= clock.Pending && seq >= 0);
        ceiling.Note(key.Native);
        key.BindTo(statement, 1);
        statement.Bind(2, dbVersion);
        statement.Bind(3, seq);
        statement.Run();
        return session.Connection.Changes > 0;
    }
}
