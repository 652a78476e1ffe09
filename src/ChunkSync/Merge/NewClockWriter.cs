using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Writes the first clock rows of keys of one table, for one set of columns: there is nothing to replace, and most parameters are the
/// same from key to key.</summary>
internal sealed unsafe class NewClockWriter : IDisposable
{
    /// <summary>Parameters of a key before those of its columns, and per column.</summary>
    private const int KeyParameters = 3;
    private const int ColumnParameters = 2;

    private readonly int columns;
    private readonly Statement single;
    private readonly Statement? batch;

    /// <param name="connection">The connection.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns, ascending; not none.</param>
    public NewClockWriter(Connection connection, TrackedTable table, int[] columns)
    {
        this.columns = columns.Length;
        BatchRows = ClockBatch.RowsOf(connection, columns.Length, KeyParameters + (ColumnParameters * columns.Length));
        string[] names = [.. columns.Select(column => Connection.Literal(table.ValueColumns[column].ClockName))];
        single = connection.Prepare(Sql(table, names, 1));
        batch = BatchRows > 1 ? connection.Prepare(Sql(table, names, BatchRows)) : null;
    }

    /// <summary>How many keys one statement writes.</summary>
    public int BatchRows { get; }

    /// <summary>Writes the clock rows of keys.</summary>
    /// <param name="keys">The pk blobs, at most <see cref="BatchRows"/>.</param>
    /// <param name="dbVersions">Their db_versions.</param>
    /// <param name="entries">The clock rows, key by key; those of a key are of one site.</param>
    public void Write(ReadOnlySpan<NativeBytes> keys, ReadOnlySpan<long> dbVersions, ReadOnlySpan<ClockEntry> entries)
    {
        if (keys.Length == BatchRows && batch != null)
        {
            for (int i = 0; i < keys.Length; i++)
            {
                Bind(batch, i, keys[i], dbVersions[i], entries.Slice(i * columns, columns));
            }

            batch.Run();
            return;
        }

        for (int i = 0; i < keys.Length; i++)
        {
            Bind(single, 0, keys[i], dbVersions[i], entries.Slice(i * columns, columns));
            single.Run();
        }
    }

    public void Dispose()
    {
        single.Dispose();
        batch?.Dispose();
    }

    private void Bind(Statement statement, int row, NativeBytes key, long dbVersion, ReadOnlySpan<ClockEntry> entries)
    {
        Check.That(dbVersion > 0 && key.Length > 0);
        int parameter = row * (KeyParameters + (ColumnParameters * columns));
        statement.BindStaticBlob(parameter + 1, key);
        HeldNumbers held = statement.Held;
        held.Bind(parameter + 2, dbVersion);
        held.Bind(parameter + 3, entries[0].Site);
        parameter += KeyParameters;
        foreach (ref readonly ClockEntry entry in entries)
        {
            Check.That(entry.Version >= 0 && entry.Site == entries[0].Site && entry.Seq is >= 0 and <= VersionLimits.MaxSeq);
            held.Bind(parameter + 1, entry.Version);
            statement.Bind(parameter + 2, entry.Seq);
            parameter += ColumnParameters;
        }
    }

    /// <summary>OR IGNORE has nothing to ignore here: it tells SQLite that the statement never aborts half-way, and no statement
    /// journal is kept.</summary>
    private static string Sql(TrackedTable table, string[] names, int rows)
    {
        List<string> values = [];
        int parameter = 1;
        for (int row = 0; row < rows; row++)
        {
            int key = parameter;
            parameter += KeyParameters;
            foreach (string name in names)
            {
                values.Add($"(?{key}, {name}, ?{parameter}, ?{key + 1}, ?{key + 2}, ?{parameter + 1})");
                parameter += ColumnParameters;
            }
        }

        return $"INSERT OR IGNORE INTO {table.QuotedClock}(pk, col_name, col_version, db_version, site_id, seq) VALUES {string.Join(", ", values)}";
    }
}
