using System.Text;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges the blocks of block columns (behaviour E.9): clock rows named column + 0x1F + position key, with values in a table of
/// their own. A NULL value deletes a block.</summary>
internal sealed unsafe class BlockMerger : IDisposable
{
    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly TableKeys keys;
    private readonly VersionClock clock;
    private readonly TrackedTable table;
    private readonly Statement readVersion;
    private readonly Statement readValue;
    private readonly Statement write;
    private readonly Statement remove;
    private readonly Statement writeClock;
    private readonly HashSet<string> touched = [];

    public BlockMerger(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, TrackedTable table)
    {
        this.session = session;
        this.catalog = catalog;
        this.keys = keys;
        this.clock = clock;
        this.table = table;
        Connection connection = session.Connection;
        string blocks = table.QuotedBlocks;
        readVersion = connection.Prepare($"SELECT col_version FROM {table.QuotedClock} WHERE pk = ?1 AND col_name = ?2");
        readValue = connection.Prepare($"SELECT col_value FROM {blocks} WHERE pk = ?1 AND col_name = ?2");
        write = connection.Prepare($"INSERT OR REPLACE INTO {blocks}(pk, col_name, col_value) VALUES (?1, ?2, ?3)");
        remove = connection.Prepare($"DELETE FROM {blocks} WHERE pk = ?1 AND col_name = ?2");
        writeClock = connection.Prepare(
            $"INSERT OR REPLACE INTO {table.QuotedClock}(pk, col_name, col_version, db_version, site_id, seq)"
            + " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    }

    /// <summary>Whether a block of the row's present life would win.</summary>
    public bool Wins(NativeBytes key, in ChangeRow change)
    {
        long? version = Version(key, change);
        return version == null || change.ColumnVersion > version || (change.ColumnVersion == version && BeatsLocalValue(key, change));
    }

    /// <summary>Merges one block; true when it won.</summary>
    public bool Add(NativeBytes key, in ChangeRow change, bool newer, long site)
    {
        if (!newer && !Wins(key, change))
        {
            return false;
        }

        Statement statement = change.Value.Kind == WireKind.Null ? remove : write;
        Bind(statement, key, change);
        if (change.Value.Kind != WireKind.Null)
        {
            StoredValue.Bind(statement, 3, change.Value);
        }

        statement.Run();
        Bind(writeClock, key, change);
        writeClock.Bind(3, change.ColumnVersion).Bind(4, clock.Next(change.DbVersion)).Bind(5, site).Bind(6, change.StoredSeq);
        writeClock.Run();
        clock.Use();
        touched.Add(Encoding.UTF8.GetString(change.ColumnName[..change.ColumnName.IndexOf(TrackedTable.BlockSeparator)]));
        return true;
    }

    /// <summary>Rebuilds the texts whose blocks changed.</summary>
    public void Materialize(NativeBytes key)
    {
        foreach (string name in touched)
        {
            int column = table.FindValueColumn(Encoding.UTF8.GetBytes(name));
            if (column >= 0)
            {
                BlockText.Materialize(session, catalog, keys, table, table.ValueColumns[column].Name, key);
            }
        }

        touched.Clear();
    }

    /// <summary>Forgets what was not materialised.</summary>
    public void Abandon() => touched.Clear();

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[readVersion, readValue, write, remove, writeClock])
        {
            statement.Dispose();
        }
    }

    private static void Bind(Statement statement, NativeBytes key, in ChangeRow change)
    {
        statement.Reset();
        statement.BindStaticBlob(1, key).BindStaticText(2, change.Column, change.ColumnLength);
    }

    private long? Version(NativeBytes key, in ChangeRow change)
    {
        Bind(readVersion, key, change);
        long? version = readVersion.Step() ? readVersion.Int64(0) : null;
        readVersion.Reset();
        return version;
    }

    private bool BeatsLocalValue(NativeBytes key, in ChangeRow change)
    {
        Bind(readValue, key, change);
        WireValue local = readValue.Step() ? StoredValue.Read(readValue, 0) : default;
        bool beats = ValueOrder.Compare(change.Value, local) > 0;
        readValue.Reset();
        return beats;
    }
}
