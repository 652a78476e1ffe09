using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Table <c>cloudsync_backfill_state</c>: how far the fill of each table is. A row is written in the transaction of its slice, so that
/// both are there or none. Whether a table is being filled says <see cref="TableMarks.Pending"/>: what forgets the table's settings, another
/// implementation included, ends the fill with them.</summary>
internal sealed class FillStates(Connection connection)
{
    /// <summary>The table in SQL.</summary>
    public const string QualifiedName = "main." + Name;

    private const string Name = "cloudsync_backfill_state";

    /// <summary>The table's definition.</summary>
    public static MetadataTable Table { get; } = new(
        Name, "(tbl TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, state TEXT NOT NULL, shape TEXT, position BLOB, rows_done INTEGER NOT NULL,"
        + " rows_total INTEGER, slices INTEGER NOT NULL, first_db_version INTEGER, last_db_version INTEGER) WITHOUT ROWID", IsOnDemand: true);

    private readonly OnDemandTable stored = new(connection, Table);

    private readonly Statement read = connection.Prepare(
        $"SELECT tbl, state, shape, position, rows_done, rows_total, slices, first_db_version, last_db_version FROM {QualifiedName}"
        + " WHERE ?1 IS NULL OR tbl = ?1 ORDER BY tbl");

    private readonly Statement write = connection.Prepare(
        $"INSERT OR REPLACE INTO {QualifiedName}(tbl, state, shape, position, rows_done, rows_total, slices, first_db_version, last_db_version)"
        + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");

    private readonly Statement forget = connection.Prepare($"DELETE FROM {QualifiedName} WHERE tbl = ?1");

    /// <summary>True when the table is there.</summary>
    public bool Exist => stored.Exists;

    /// <summary>Makes the table.</summary>
    public void Create() => stored.Create();

    /// <summary>The state of a table's fill; null when there is none.</summary>
    public FillState? Find(string table) => Exist ? Read(table).FirstOrDefault() : null;

    /// <summary>The states of all fills, by name of the table.</summary>
    public List<FillState> All() => Exist ? Read(null) : [];

    /// <summary>Stores a state.</summary>
    public void Store(FillState state)
    {
        write.Bind(1, state.Table).Bind(2, state.IsDone ? FillState.Done : FillState.Filling).Bind(3, state.Shape);
        Bind(5, state.RowsDone);
        Bind(6, state.RowsTotal);
        Bind(7, state.Slices);
        Bind(8, state.FirstVersion);
        Bind(9, state.LastVersion);
        if (state.Position == null)
        {
            write.BindNull(4);
        }
        else
        {
            write.BindBlob(4, state.Position);
        }

        write.Run();
        write.ClearBindings();

        void Bind(int parameter, long? value) => _ = value is long number ? write.Bind(parameter, number) : write.BindNull(parameter);
    }

    /// <summary>Forgets a table's fill.</summary>
    public void Forget(string table)
    {
        if (Exist)
        {
            forget.Bind(1, table);
            forget.Run();
        }
    }

    private List<FillState> Read(string? table)
    {
        _ = table == null ? read.BindNull(1) : read.Bind(1, table);
        List<FillState> states = [];
        while (read.Step())
        {
            states.Add(new FillState(read.String(0), read.String(2), read.IsNull(3) ? null : read.Blob(3).ToArray())
            {
                IsDone = read.String(1) != FillState.Filling,
                RowsDone = read.Int64(4),
                RowsTotal = Number(5),
                Slices = read.Int64(6),
                FirstVersion = Number(7),
                LastVersion = Number(8),
            });
        }

        read.Reset();
        return states;

        long? Number(int column) => read.IsNull(column) ? null : read.Int64(column);
    }
}
