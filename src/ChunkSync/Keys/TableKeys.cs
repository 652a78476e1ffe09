using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>How SQLite compares the keys of each tracked table.</summary>
internal sealed class TableKeys(Connection connection)
{
    private readonly TablePart<KeyRules> rules = new(table => KeyRules.Read(connection, table));

    /// <summary>The rules of a table, read once per schema.</summary>
    public KeyRules Rules(TrackedTable table) => rules.Of(table)!;
}
