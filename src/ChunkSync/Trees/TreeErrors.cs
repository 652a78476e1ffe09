using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The failures that more than one function of tree tables reports.</summary>
internal static class TreeErrors
{
    /// <summary>The function that makes trees.</summary>
    public const string Init = "cloudsync_tree_init";

    /// <summary>The table is none.</summary>
    public static string NotATree(string function, string table) => $"{function}: table '{table}' is not a tree table";

    /// <summary>A fold failed.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="table">The tree table.</param>
    /// <param name="key">The row that was being written, as messages show it; null where it was none.</param>
    /// <param name="pending">How many operations stay pending.</param>
    public static EngineException FoldFailed(EngineException failure, string table, string? key, long pending) =>
        failure.With($" (table {table}{(key == null ? "" : ", key " + key)}); the tree is as before, {pending} operations are pending");

    /// <summary>Another library left rows in a circle.</summary>
    public static unsafe EngineException Circle(string table, in WireValue key)
    {
        using NativeBuffer bytes = new();
        byte* start = bytes.Reserve(1 + ValueCodec.SizeOf(key));
        *start = 1;
        bytes.Commit(ValueCodec.Write(start + 1, key));
        return Errors.Corrupt($"the rows of tree table {table} lead in a circle at key {KeyText.Describe(new NativeBytes(bytes.Data, (int)bytes.Length))};"
            + $" SELECT cloudsync_tree_ensure('{table}', 'rebuild') puts them right");
    }

    /// <summary>A row of the tables beside a tree cannot be.</summary>
    public static EngineException Damaged(string table, string what) =>
        Errors.Corrupt($"the tree of table {table} is damaged: {what}; SELECT cloudsync_tree_ensure('{table}', 'rebuild') makes it anew");
}
