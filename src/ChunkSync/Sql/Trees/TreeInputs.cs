using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>What the tables over trees share: the tree as first hidden input.</summary>
internal static unsafe class TreeInputs
{
    /// <summary>Rows that a plan is told to expect.</summary>
    public const int EstimatedRows = 1000;

    /// <summary>Plans a table-valued function.</summary>
    public static int Plan(IndexInfo* plan, int firstInput, int inputs) => HiddenInputs.Plan(plan, firstInput, inputs, EstimatedRows, EstimatedRows);

    /// <summary>The tree that a query names.</summary>
    public static TreeTable Tree(Engine engine, Value table, string name) => table.IsGiven
        ? engine.Trees.Require(table.String, name)
        : throw Errors.BadArgument(name, $"a table name is needed, as in {name}('items')");
}
