using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The statements that a merge reads and writes one table's rows and clocks with. Prepared once per shape.</summary>
internal sealed unsafe class RemoteRowWriter : IDisposable
{
    /// <summary>Column sets whose statements are kept.</summary>
    private const int MaxShapes = 32;

    /// <summary>Clock rows written by one statement.</summary>
    private const int MaxClockRows = 64;

    /// <summary>Parameters of a clock statement before those of its rows, and per row.</summary>
    private const int ClockHead = 2;
    private const int ClockRow = 4;

    /// <summary>The statements for one set of columns.</summary>
    private sealed record Shape(int[] Columns, Statement Update, Statement Upsert)
    {
        /// <summary>Writes the columns' clock rows of a key that has none; null when there are too many for one statement.</summary>
        public NewClockWriter? NewClocks { get; init; }
    }

    private readonly Connection connection;
    private readonly TrackedTable table;
    private readonly List<Shape> shapes = [];
    private readonly Statement?[] clocks = new Statement?[MaxClockRows + 1];
    private readonly StoredRow stored;
    private readonly Statement delete;
    private readonly Statement exists;
    private readonly Statement deleteColumnClocks;
    private readonly Statement resetColumnClocks;
    private readonly string keyCondition;
    private readonly Refusals refusals;
    private readonly ClockBatch batch;

    /// <summary>What stands behind INSERT and UPDATE. A declared ON CONFLICT clause is overridden: what it would leave out or remove would
    /// be lost without an error. Not without need: the statement's clause counts inside triggers, too, whatever their text says.</summary>
    private readonly string orAbort;

    /// <param name="connection">The connection.</param>
    /// <param name="rules">How the table's keys are compared.</param>
    /// <param name="refusals">Gets why a row is refused.</param>
    /// <param name="batch">Keeps the first clock rows of keys.</param>
    /// <param name="table">The table.</param>
    public RemoteRowWriter(Connection connection, KeyRules rules, Refusals refusals, ClockBatch batch, TrackedTable table)
    {
        this.connection = connection;
        this.batch = batch;
        this.table = table;
        this.refusals = refusals;
        orAbort = ConflictClauses.AreDeclared(connection, table) ? " OR ABORT" : "";
        stored = new StoredRow(connection, rules, table);
        keyCondition = string.Join(" AND ", rules.Conditions);
        ReadClocks = connection.Prepare($"SELECT col_name, col_version FROM {table.QuotedClock} WHERE pk = ?1");
        ReadClocksAndSites = connection.Prepare($"SELECT col_name, col_version, site_id FROM {table.QuotedClock} WHERE pk = ?1");
        delete = connection.Prepare($"DELETE FROM {table.Quoted} WHERE {keyCondition}");
        exists = connection.Prepare($"SELECT 1 FROM {table.Quoted} WHERE {keyCondition}");
        deleteColumnClocks = connection.Prepare(
            $"DELETE FROM {table.QuotedClock} WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}'");
        resetColumnClocks = connection.Prepare(
            $"UPDATE {table.QuotedClock} SET col_version = 0, db_version = ?2 WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}'");
    }

    /// <summary>The clock rows of a pk blob: col_name, col_version.</summary>
    public Statement ReadClocks { get; }

    /// <summary>The same with site_id behind them.</summary>
    public Statement ReadClocksAndSites { get; }

    /// <inheritdoc cref="StoredRow.Read"/>
    public WireValue ReadValue(NativeBytes key, int column) => stored.Read(key, column);

    /// <summary>Appends the stored value of a column, encoded; NULL when there is no row.</summary>
    public void CopyValue(NativeBytes key, int column, NativeBuffer target)
    {
        WireValue value = stored.Read(key, column);
        target.Commit(ValueCodec.Write(target.Reserve(ValueCodec.SizeOf(value)), value));
        stored.Release(column);
    }

    /// <summary>The ordinal of the site that wrote a column's value; null when the column has no clock.</summary>
    public long? ReadSite(NativeBytes key, int column)
    {
        FlushClocks(key);
        using Statement site = connection.Prepare($"SELECT site_id FROM {table.QuotedClock} WHERE pk = ?1 AND col_name = ?2");
        site.BindBlob(1, key.Span).BindText(2, table.ValueColumns[column].ClockNameUtf8);
        return site.Step() ? site.Int64(0) : null;
    }

    /// <inheritdoc cref="StoredRow.Release"/>
    public void Release(int column) => stored.Release(column);

    /// <inheritdoc cref="StoredRow.End"/>
    public void EndValues() => stored.End();

    /// <summary>Writes columns of a row: an UPDATE where the row is known, falling back to an upsert that makes it.</summary>
    /// <param name="key">The pk blob.</param>
    /// <param name="columns">The columns, ascending; none to make the row with its key only.</param>
    /// <param name="newValues">The values by column.</param>
    /// <param name="known">Whether the row is expected to be there.</param>
    public WriteOutcome WriteColumns(NativeBytes key, ReadOnlySpan<int> columns, WireValue[] newValues, bool known)
    {
        Shape shape = ShapeOf(columns);
        if (known && columns.Length > 0)
        {
            if (!RunBase(shape.Update, key, columns, newValues))
            {
                return WriteOutcome.Refused;
            }

            if (connection.Changes > 0)
            {
                return WriteOutcome.Written;
            }
        }

        if (!RunBase(shape.Upsert, key, columns, newValues))
        {
            return WriteOutcome.Refused;
        }

        return connection.Changes > 0 || (columns.IsEmpty && Exists(key)) ? WriteOutcome.Written : WriteOutcome.Ignored;
    }

    /// <summary>Deletes a row; nothing happens when there is none.</summary>
    /// <param name="key">The pk blob.</param>
    /// <param name="known">Whether the row is expected to be there.</param>
    public WriteOutcome Delete(NativeBytes key, bool known)
    {
        if (!RunBase(delete, key, [], []))
        {
            return WriteOutcome.Refused;
        }

        return !known || connection.Changes > 0 || !Exists(key) ? WriteOutcome.Written : WriteOutcome.Ignored;
    }

    /// <summary>Removes the clocks of a row's columns; the sentinel stays.</summary>
    public void DeleteColumnClocks(NativeBytes key)
    {
        FlushClocks(key);
        deleteColumnClocks.BindStaticBlob(1, key);
        deleteColumnClocks.Run();
    }

    /// <summary>Sets the clocks of a row's columns to version 0: the row lives again, and any column write wins.</summary>
    public void ResetColumnClocks(NativeBytes key, long dbVersion)
    {
        FlushClocks(key);
        resetColumnClocks.BindStaticBlob(1, key).Bind(2, dbVersion);
        resetColumnClocks.Run();
    }

    /// <summary>Writes the first clock rows of a pk blob.</summary>
    /// <param name="key">The pk blob.</param>
    /// <param name="dbVersion">Their db_version.</param>
    /// <param name="columns">The columns of the entries, ascending.</param>
    /// <param name="entries">The clock rows; with a sentinel in front there is one more than columns.</param>
    /// <param name="canWait">Whether nobody looks at them before <see cref="ClockBatch.Flush"/>, and the key stays in place until then.</param>
    public void WriteNewClocks(NativeBytes key, long dbVersion, ReadOnlySpan<int> columns, ReadOnlySpan<ClockEntry> entries, bool canWait)
    {
        NewClockWriter? writer = entries.Length == columns.Length && HaveOneSite(entries) ? ShapeOf(columns).NewClocks : null;
        if (writer == null)
        {
            WriteClocks(key, dbVersion, entries);
        }
        else if (canWait && writer.BatchRows > 1)
        {
            batch.Add(writer, key, dbVersion, entries);
        }
        else
        {
            writer.Write([key], [dbVersion], entries);
        }
    }

    /// <summary>Writes what waits of a key's clock rows: others of it are written or read.</summary>
    public void FlushClocks(NativeBytes key)
    {
        if (!batch.IsEmpty && batch.Has(key))
        {
            batch.Flush();
        }
    }

    /// <summary>Writes clock rows of one pk blob.</summary>
    public void WriteClocks(NativeBytes key, long dbVersion, ReadOnlySpan<ClockEntry> entries)
    {
        Check.That(dbVersion > 0 && key.Length > 0);
        FlushClocks(key);
        while (!entries.IsEmpty)
        {
            int count = Math.Min(entries.Length, MaxClockRows);
            Statement statement = clocks[count] ??= connection.Prepare(ClockSql(count));
            HeldNumbers held = statement.Held;
            statement.BindStaticBlob(1, key);
            held.Bind(2, dbVersion);
            for (int i = 0; i < count; i++)
            {
                ref readonly ClockEntry entry = ref entries[i];
                int parameter = ClockHead + (ClockRow * i);
                Check.That(entry.Version >= 0 && entry.Site >= 0 && entry.Seq is >= 0 and <= VersionLimits.MaxSeq);
                if (!held.Has(parameter + 1, (nint)entry.Name))
                {
                    statement.BindStaticText(parameter + 1, entry.Name, entry.NameLength);
                }

                held.Bind(parameter + 2, entry.Version);
                held.Bind(parameter + 3, entry.Site);
                statement.Bind(parameter + 4, entry.Seq);
            }

            statement.Run();
            entries = entries[count..];
        }
    }

    public void Dispose()
    {
        foreach (Statement? statement in (Statement?[])[.. clocks, ReadClocks, ReadClocksAndSites, delete, exists, deleteColumnClocks, resetColumnClocks])
        {
            statement?.Dispose();
        }

        stored.Dispose();
        shapes.ForEach(Drop);
    }

    private bool Exists(NativeBytes key)
    {
        KeyBinder.Bind(exists, table, key);
        bool found = exists.Step();
        exists.Reset();
        return found;
    }

    private static void Drop(Shape shape)
    {
        shape.Update.Dispose();
        shape.Upsert.Dispose();
        shape.NewClocks?.Dispose();
    }

    /// <returns>False when the row was refused.</returns>
    private bool RunBase(Statement statement, NativeBytes key, ReadOnlySpan<int> columns, WireValue[] newValues)
    {
        stored.End();
        KeyBinder.Bind(statement, table, key);
        for (int i = 0; i < columns.Length; i++)
        {
            StoredValue.Bind(statement, table.KeyColumns.Length + 1 + i, newValues[columns[i]]);
        }

        int code = statement.TryRun();
        if (code != ResultCode.Done)
        {
            refusals.Take(connection, statement, code, table.Name, key);
            return false;
        }

        statement.Reset();
        return true;
    }

    private Shape ShapeOf(ReadOnlySpan<int> columns)
    {
        for (int i = 0; i < shapes.Count; i++)
        {
            if (columns.SequenceEqual(shapes[i].Columns))
            {
                return shapes[i];
            }
        }

        if (shapes.Count == MaxShapes)
        {
            batch.Flush();
            Drop(shapes[0]);
            shapes.RemoveAt(0);
        }

        Shape made = MakeShape(columns.ToArray());
        shapes.Add(made);
        return made;
    }

    private Shape MakeShape(int[] columns)
    {
        int keys = table.KeyColumns.Length;
        string[] names = [.. columns.Select(column => table.ValueColumns[column].Quoted)];
        string keyNames = string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
        string all = string.Join(", ", table.KeyColumns.Select(column => column.Quoted).Concat(names));
        string parameters = string.Join(", ", Enumerable.Range(1, keys + columns.Length).Select(i => "?" + i));
        string conflict = columns.Length == 0
            ? "NOTHING"
            : "UPDATE SET " + string.Join(", ", names.Select(name => $"{name} = excluded.{name}"));
        string assignments = columns.Length == 0
            ? $"{table.KeyColumns[0].Quoted} = {table.KeyColumns[0].Quoted}"
            : string.Join(", ", names.Select((name, i) => $"{name} = ?{keys + 1 + i}"));
        return new Shape(
            columns,
            connection.Prepare($"UPDATE{orAbort} {table.Quoted} SET {assignments} WHERE {keyCondition}"),
            connection.Prepare($"INSERT{orAbort} INTO {table.Quoted}({all}) VALUES ({parameters}) ON CONFLICT({keyNames}) DO {conflict}"))
        {
            NewClocks = columns.Length is > 0 and <= MaxClockRows ? new NewClockWriter(connection, table, columns) : null,
        };
    }

    private static bool HaveOneSite(ReadOnlySpan<ClockEntry> entries)
    {
        foreach (ref readonly ClockEntry entry in entries)
        {
            if (entry.Site != entries[0].Site)
            {
                return false;
            }
        }

        return entries.Length > 0;
    }

    private string ClockSql(int count) =>
        $"INSERT OR REPLACE INTO {table.QuotedClock}(pk, col_name, col_version, db_version, site_id, seq) VALUES "
        + string.Join(", ", Enumerable.Range(0, count).Select(i =>
        {
            int parameter = ClockHead + (ClockRow * i);
            return $"(?1, ?{parameter + 1}, ?{parameter + 2}, ?2, ?{parameter + 3}, ?{parameter + 4})";
        }));
}
