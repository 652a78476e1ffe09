using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>The changes of one tracked table in the order of the stream: a seek into the clock table's position index, and the
/// base row's values for what comes out.</summary>
internal sealed unsafe class TableStream : IDisposable
{
    /// <summary>A part of a scan that is one range of the position index. A comparison of row values would cover all of them with one
    /// statement, but SQLite then compares every row once more.</summary>
    private enum Part
    {
        /// <summary>The rest of the position where the scan starts, from one row on.</summary>
        Rows,

        /// <summary>The rest of the version, from a position on.</summary>
        Positions,

        /// <summary>The rest of the version, behind a position.</summary>
        LaterPositions,

        /// <summary>Whole versions, from one on.</summary>
        Versions,

        /// <summary>Whole versions, behind one.</summary>
        LaterVersions,
    }

    private readonly SyncSession session;
    private readonly TrackedTable table;
    private readonly byte* name;
    private readonly Dictionary<(Part Part, SiteFilter Filter, bool IsOpenEnded), Statement> statements = [];
    private readonly BaseRowReader rows;
    private Statement? open;
    private Statement? columnsOf;
    private ScanRange? range;
    private Part part;

    /// <summary>Whether the statement does not know where the window ends, because nothing of the table lies behind that. Comparing each row with the
    /// end of a range takes SQLite a twentieth of a scan.</summary>
    private bool isOpenEnded;
    private bool mayBeOpenEnded;
    private ChangeRow current;
    private int lastColumn = -1;
    private long lastSite = -1;
    private byte[]? site;
    private readonly NativeBuffer siteBytes = new();

    public TableStream(SyncSession session, TableKeys keys, LargeValueCache large, TrackedTable table)
    {
        this.session = session;
        this.table = table;
        rows = new BaseRowReader(session, keys, large, table);
        name = Sqlite3.Copy(table.NameUtf8);
        current.Table = name;
        current.TableLength = table.NameUtf8.Length;
    }

    /// <summary>The current change.</summary>
    public ref readonly ChangeRow Current => ref current;

    /// <summary>The table.</summary>
    public TrackedTable Table => table;

    /// <summary>Starts a scan; the first clock row comes with <see cref="MoveNext"/>.</summary>
    /// <param name="scan">What it covers.</param>
    /// <param name="isOneOfFew">Whether a look-up more is worth it: in a scan of many tables each has few rows.</param>
    public void Start(ScanRange scan, bool isOneOfFew)
    {
        End();
        range = scan;
        mayBeOpenEnded = isOneOfFew && table.PositionIndex != null;
        lastColumn = -1;
        if (scan.Start == ScanStart.Row && scan.FromRow!.TableOrder != table.CreationOrder)
        {
            // At the position itself, tables before the row's own are done and those behind it start whole.
            Open(table.CreationOrder < scan.FromRow.TableOrder ? Part.LaterPositions : Part.Positions);
            return;
        }

        Open(scan.Start switch
        {
            ScanStart.Version => Part.Versions,
            ScanStart.Position => Part.Positions,
            _ => Part.Rows,
        });
    }

    /// <summary>Moves on to the next clock row; false at the end. Its value is read by <see cref="TryLoad"/>.</summary>
    public bool MoveNext()
    {
        do
        {
            if (open!.Step())
            {
                if (isOpenEnded && IsBehindWindow(open))
                {
                    return false;
                }

                ReadClockRow(open);
                return true;
            }
        }
        while (OpenNext());

        return false;
    }

    /// <summary>Reads the value of the current clock row; false when its base row is gone: there is no change then.</summary>
    public bool TryLoad()
    {
        if (current.DbVersion == VersionLimits.Hidden)
        {
            return false;
        }

        if (current.ColumnName.SequenceEqual(SentinelColumn.Utf8))
        {
            if (table.Filter != null && (current.ColumnVersion & 1) != 0 && table.ValueColumns.Length > 0 && !HasColumns())
            {
                // A row that the filter leaves out: only its causal length is kept.
                return false;
            }

            current.Value = default;
            current.CausalLength = current.ColumnVersion;
            return true;
        }

        return ReadValue();
    }

    /// <summary>Another table's turn: no row of this one's base table stays open. SQLite looks through all open cursors whenever it opens
    /// one, and with many tables that would be most of the work.</summary>
    /// <param name="closesAll">Whether the two statements that walk along end, too.</param>
    public void Rest(bool closesAll)
    {
        if (closesAll)
        {
            rows.LeaveAll();
        }
        else
        {
            rows.Leave();
        }
    }

    /// <summary>Goes on with the next part of the scan; false when there is none.</summary>
    private bool OpenNext()
    {
        if (part is Part.Versions or Part.LaterVersions)
        {
            return false;
        }

        Open(part == Part.Rows ? Part.LaterPositions : Part.LaterVersions);
        return true;
    }

    private void Open(Part next)
    {
        open?.Reset();
        part = next;
        ScanRange scan = range!;
        isOpenEnded = mayBeOpenEnded && (next is Part.Versions or Part.LaterVersions) && table.NewestVersion() <= scan.ToDbVersion;
        Statement statement = StatementFor(next, scan.Filter);
        statement.Bind(1, scan.FromDbVersion);
        if (!isOpenEnded)
        {
            statement.Bind(2, scan.ToDbVersion);
        }

        if (scan.Filter is SiteFilter.Only or SiteFilter.Except)
        {
            statement.Bind(3, scan.SiteOrdinal);
        }

        if (next is not (Part.Versions or Part.LaterVersions))
        {
            statement.Bind(4, scan.FromSeq);
        }

        if (next == Part.Rows)
        {
            statement.BindBlob(5, scan.FromRow!.Key).BindText(6, scan.FromRow.Column);
        }

        open = statement;
    }

    /// <inheritdoc cref="IChangeSource.ReadData"/>
    public void ReadData(long offset, byte* target, int length) => rows.ReadData(offset, target, length);

    /// <inheritdoc cref="IChangeSource.TryRecallChecksum"/>
    public bool TryRecallChecksum(out ulong checksum) => rows.TryRecallChecksum(out checksum);

    /// <inheritdoc cref="IChangeSource.RememberChecksum"/>
    public void RememberChecksum(ulong checksum) => rows.RememberChecksum(checksum);

    /// <summary>Ends a scan: no statement of this table stays active.</summary>
    public void End()
    {
        open?.Reset();
        open = null;
        range = null;
        rows.EndScan();
        lastSite = -1;
    }

    public void Dispose()
    {
        End();
        rows.Dispose();
        columnsOf?.Dispose();
        foreach (Statement statement in statements.Values)
        {
            statement.Dispose();
        }

        Sqlite3.Free(name);
        siteBytes.Dispose();
    }

    private Statement StatementFor(Part wanted, SiteFilter filter)
    {
        if (statements.TryGetValue((wanted, filter, isOpenEnded), out Statement? known))
        {
            return known;
        }

        string lower = wanted switch
        {
            Part.Rows => "db_version = ?1 AND seq = ?4 AND (pk, col_name) >= (?5, ?6)",
            Part.Positions => "db_version = ?1 AND seq >= ?4",
            Part.LaterPositions => "db_version = ?1 AND seq > ?4",
            Part.Versions => "db_version >= ?1",
            _ => "db_version > ?1",
        };
        string site = filter switch
        {
            SiteFilter.Only => " AND site_id = ?3",
            SiteFilter.Except => " AND site_id IS NOT ?3",
            _ => "",
        };
        string upper = isOpenEnded ? "" : " AND db_version <= ?2";
        string index = table.PositionIndex == null ? "" : " INDEXED BY " + Connection.Quote(table.PositionIndex);
        Statement statement = session.Connection.Prepare(
            $"SELECT db_version, seq, pk, col_name, col_version, site_id FROM {table.QuotedClock}{index}"
            + $" WHERE {lower}{upper}{site} ORDER BY db_version, seq, pk, col_name").Walks();
        statements.Add((wanted, filter, isOpenEnded), statement);
        return statement;
    }

    /// <summary>Whether a clock row comes behind the window: it was written since the scan began, or has a version that no clock goes on from.</summary>
    private bool IsBehindWindow(Statement row) => row.Type(0) switch
    {
        StorageClass.Integer => row.Int64(0) > range!.ToDbVersion,
        StorageClass.Real => row.Double(0) > range!.ToDbVersion,
        _ => true,
    };

    private void ReadClockRow(Statement statement)
    {
        if (statement.Type(0) != StorageClass.Integer || statement.Type(1) != StorageClass.Integer
            || statement.Type(2) != StorageClass.Blob || statement.Type(3) != StorageClass.Text
            || statement.Type(4) != StorageClass.Integer || statement.Type(5) != StorageClass.Integer)
        {
            throw CorruptClockRow(statement);
        }

        current.DbVersion = statement.Int64(0);
        current.Seq = statement.Int64(1);
        current.ColumnVersion = statement.Int64(4);
        ReadOnlySpan<byte> pk = statement.Blob(2);
        ReadOnlySpan<byte> column = statement.Text(3);
        current.KeyLength = pk.Length;
        current.ColumnLength = column.Length;
        current.Key = StoredValue.Address(pk);
        current.Column = StoredValue.Address(column);
        if (current.Seq < 0)
        {
            throw Corrupt("seq", current.Seq.ToString());
        }

        long ordinal = statement.Int64(5);
        if (ordinal != lastSite)
        {
            SetSite(ordinal);
        }
    }

    private bool HasColumns()
    {
        columnsOf ??= session.Connection.Prepare(
            $"SELECT 1 FROM {table.QuotedClock} WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}' LIMIT 1");
        columnsOf.BindBlob(1, current.KeyBlob);
        bool found = columnsOf.Step();
        columnsOf.Reset();
        return found;
    }

    /// <summary>Reads the value of the current column row; false when the base row is gone.</summary>
    private bool ReadValue()
    {
        ReadOnlySpan<byte> column = current.ColumnName;
        int index = table.FindValueColumn(column, ref lastColumn);
        if (table.Columns.Length == 0)
        {
            throw Errors.TableGone(table.Name, table.ClockName);
        }

        if (!rows.Find(current.Key, current.KeyLength, Math.Max(index, 0)))
        {
            return false;
        }

        current.CausalLength = rows.CausalLength;
        if (index >= 0)
        {
            rows.Value(index, out current.Value);
            return true;
        }

        if (column.Contains(TrackedTable.BlockSeparator) && rows.BlockValue(column, ref current.Value))
        {
            return true;
        }

        int separator = column.IndexOf(TrackedTable.BlockSeparator);
        if (separator >= 0)
        {
            throw Errors.Damaged(table.Name, "table"
                + $" {table.BlocksName}, which has the blocks of column"
                + $" '{System.Text.Encoding.UTF8.GetString(column[..separator])}', is missing; restore a backup");
        }

        throw Errors.Refused($"table {table.Name} has no column"
            + $" '{System.Text.Encoding.UTF8.GetString(column)}', which its sync metadata {table.ClockName} names; alter tracked tables between"
            + " cloudsync_begin_alter and cloudsync_commit_alter");
    }

    private void SetSite(long ordinal)
    {
        site = session.Sites.Id(ordinal) ?? throw Corrupt("site_id", ordinal + ", which table cloudsync_site_id does not have");
        siteBytes.Clear();
        siteBytes.Append(site);
        current.Site = siteBytes.Data;
        current.SiteLength = site.Length;
        lastSite = ordinal;
    }

    private EngineException CorruptClockRow(Statement statement)
    {
        string[] names = ["db_version", "seq", "pk", "col_name", "col_version", "site_id"];
        int[] classes = [StorageClass.Integer, StorageClass.Integer, StorageClass.Blob, StorageClass.Text, StorageClass.Integer, StorageClass.Integer];
        for (int i = 0; i < names.Length; i++)
        {
            if (statement.Type(i) != classes[i])
            {
                string value = statement.IsNull(i) ? "NULL" : "'" + statement.String(i) + "'";
                return Errors.CorruptClock(
                    table.ClockName, $" at db_version {statement.String(0)}, seq {statement.String(1)}: {names[i]} is {value}" + RowOf(statement));
            }
        }

        return Errors.CorruptClock(table.ClockName, "");
    }

    /// <summary>Which row a clock row is about, where it says so.</summary>
    private static string RowOf(Statement statement)
    {
        if (statement.Type(2) != StorageClass.Blob || statement.Type(3) != StorageClass.Text)
        {
            return "";
        }

        ReadOnlySpan<byte> pk = statement.Blob(2);
        return $" (key {KeyText.Describe(new NativeBytes(StoredValue.Address(pk), pk.Length))}, column {statement.String(3)})";
    }

    private EngineException Corrupt(string field, string value) =>
        Errors.CorruptClock(table.ClockName, $" at db_version {current.DbVersion}, seq {current.Seq}: {field} is {value}");
}
