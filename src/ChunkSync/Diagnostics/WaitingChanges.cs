using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Sqlite;
using ChunkSync.Waiting;

namespace ChunkSync.Diagnostics;

/// <summary>The tables of changes that wait, where a database has them.</summary>
internal static class WaitingChanges
{
    public const string Changes = WaitingTables.ChangesName;
    public const string Groups = WaitingTables.RowsName;
    public const string Origins = WaitingTables.SitesName;

    /// <summary>Whether changes of a row wait.</summary>
    public static bool Has(CheckContext context, TrackedTable table, KeyBuffer key)
    {
        if (!context.HasTable(Changes))
        {
            return false;
        }

        using Statement find = context.Connection.Prepare($"SELECT 1 FROM main.{Changes} WHERE tbl = ?1 AND pk = ?2 LIMIT 1");
        find.Bind(1, table.Name).BindBlob(2, key.Bytes);
        return find.Step();
    }
}
