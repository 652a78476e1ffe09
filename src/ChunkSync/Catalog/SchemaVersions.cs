using System.Text;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>Table <c>cloudsync_schema_versions</c>: the schema hashes this database has had (behaviour E.7).</summary>
internal sealed class SchemaVersions
{
    /// <summary>The table.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_schema_versions", "(hash INTEGER PRIMARY KEY, seq INTEGER NOT NULL)");

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly Statement newest;
    private readonly Statement known;
    private readonly Statement append;
    private long computed;
    private int computedGeneration = -1;

    public SchemaVersions(SyncSession session, TableCatalog catalog)
    {
        this.session = session;
        this.catalog = catalog;
        Connection connection = session.Connection;
        newest = connection.Prepare("SELECT hash FROM main.cloudsync_schema_versions ORDER BY seq DESC LIMIT 1");
        known = connection.Prepare("SELECT 1 FROM main.cloudsync_schema_versions WHERE hash = ?1");
        append = connection.Prepare(
            """
            INSERT INTO main.cloudsync_schema_versions(hash, seq)
            VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM main.cloudsync_schema_versions))
            ON CONFLICT(hash) DO UPDATE SET seq = excluded.seq
            """);
    }

    /// <summary>The newest hash, which a payload carries.</summary>
    /// <exception cref="EngineException">There is none.</exception>
    public long CurrentHash() =>
        Newest() ?? throw Errors.Corrupt("table cloudsync_schema_versions is empty: SELECT cloudsync_init('<table_name>') computes the schema hash anew");

    /// <summary>The newest hash; null when there is none.</summary>
    private long? Newest()
    {
        bool found = newest.Step();
        long? hash = found && newest.Type(0) == StorageClass.Integer ? newest.Int64(0) : null;
        string shown = found && hash == null ? newest.IsNull(0) ? "NULL" : $"'{newest.String(0)}'" : "";
        newest.Reset();
        return shown.Length == 0
            ? hash
            : throw Errors.CorruptRow(Table.Name, $"the newest hash is {shown}, it must be an"
                + " integer; delete that row, and SELECT cloudsync_init('<table_name>') computes the schema hash anew");
    }

    /// <summary>Whether this database has ever had the hash.</summary>
    public bool Knows(long hash)
    {
        known.Bind(1, hash);
        bool found = known.Step();
        known.Reset();
        return found;
    }

    /// <summary>Whether the newest hash is that of the tables as they are. It is computed once per schema.</summary>
    public bool IsCurrent
    {
        get
        {
            if (computedGeneration != session.Generation)
            {
                computed = SchemaHash.Of(Describe());
                computedGeneration = session.Generation;
            }

            return Newest() == computed && Knows(computed);
        }
    }

    /// <summary>Computes the hash of all tracked tables and makes it the newest.</summary>
    public void Update()
    {
        long hash = SchemaHash.Of(Describe());
        if (Newest() != hash || !Knows(hash))
        {
            append.Bind(1, hash);
            append.Run();
        }
    }

    /// <summary><c>tbl:col:type:pk</c> of every column of every tracked table, joined by commas.</summary>
    private string Describe()
    {
        StringBuilder text = new();
        foreach (string name in catalog.Settings.Names())
        {
            TrackedTable? table = catalog.Find(name) is { Columns.Length: > 0 } found && found.Name == name ? found : null;
            string described = table != null ? table.Description ??= Describe(name, table.Columns) : Describe(name, catalog.ReadColumns(name));
            text.Append(text.Length == 0 || described.Length == 0 ? "" : ",").Append(described);
        }

        return text.ToString();
    }

    private static string Describe(string table, IEnumerable<TableColumn> columns) => string.Join(',', columns.Select(
        column => $"{table}:{column.ClockName}:{SchemaHash.TypeOf(column.DeclaredType)}:{(column.IsKey ? '1' : '0')}"));
}
