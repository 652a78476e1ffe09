using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Trees;

/// <summary>The table <c>cloudsync_tree_lost(table)</c>: rows whose parent's row is not here.
/// <code>
/// SELECT key, parent FROM cloudsync_tree_lost('items');
/// </code>
/// idxNum has the bit of the input.</summary>
internal sealed unsafe class TreeLostTable(Engine engine) : VirtualTable
{
    private const string Name = "cloudsync_tree_lost";

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(Name, Writable: false, Transactional: false, state => new TreeLostTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "Rows of a tree whose parent's row is not here: it was deleted, or has not come yet.",
        Example = "SELECT key, parent FROM cloudsync_tree_lost('items')",
    };

    public override string Declaration => "CREATE TABLE x(key, parent, tbl HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => TreeInputs.Plan(plan, 2, 1);

    public override VirtualCursor Open() => new TreeQueryCursor(engine, Name, names =>
        $"SELECT t.{names.Key}, CASE WHEN n.parked THEN p.key ELSE t.{names.Parent} END FROM {names.Table} AS t LEFT JOIN {names.Node} AS n ON n.key = +t.{names.Key}"
        + $" LEFT JOIN {names.Node} AS p ON p.nid = n.parent WHERE n.parked OR (t.{names.Parent} IS NOT NULL"
        + $" AND NOT EXISTS (SELECT 1 FROM {names.Table} AS up WHERE up.{names.Key} = t.{names.Parent}))", 2);
}
