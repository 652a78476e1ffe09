using ChunkSync.Catalog;
using ChunkSync.Frontier;
using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>The table <c>cloudsync_tree_log(table)</c>: the operations of a tree by clock and site, whether each moved its node, where that was before.
/// <code>
/// SELECT lamport, node, parent, pos, effective, old_parent, old_pos, state FROM cloudsync_tree_log('items');
/// </code>
/// idxNum has the bit of the input.</summary>
internal sealed unsafe class TreeLogTable(Engine engine) : VirtualTable
{
    private const string Name = "cloudsync_tree_log";

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(Name, Writable: false, Transactional: false, state => new TreeLogTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "The operations of a tree in order: whether each moved its row, and where that was before; state counted, pending, held, void, compacted (its undo was dropped) or lost (what is beside the log was changed by hand).",
        Example = "SELECT lamport, node, parent, pos, effective, state FROM cloudsync_tree_log('items')",
    };

    /// <summary>Whether an operation never counts, as in <see cref="TreeValue.IsVoid"/>.</summary>
    private static string IsVoid { get; } =
        $"typeof(c.lamport) <> 'integer' OR c.lamport NOT BETWEEN -{TreeLimits.Top} AND {TreeLimits.Top - 1} OR typeof(c.site) <> 'blob'"
        + $" OR length(c.site) <> {TreeLimits.SiteBytes} OR 'real' IN (typeof(c.node), typeof(c.parent))"
        + $" OR max(length(CAST(c.node AS BLOB)), length(CAST(c.parent AS BLOB)), length(CAST(c.pos AS BLOB))) > {TreeLimits.MaxValue}";

    public override string Declaration =>
        "CREATE TABLE x(lamport, site, node, parent, pos, effective INTEGER, old_parent, old_pos, state TEXT, tbl HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => TreeInputs.Plan(plan, 9, 1);

    public override VirtualCursor Open() => new TreeQueryCursor(engine, Name, names =>
        $"""
        SELECT c.lamport, c.site, c.node, c.parent, c.pos, l.effective, (SELECT key FROM {names.Node} WHERE nid = l.old_parent), l.old_pos,
        CASE WHEN l.nid IS NOT NULL THEN 'counted' WHEN {IsVoid} THEN 'void'
          WHEN p.lamport IS NULL THEN CASE WHEN c.lamport <= (SELECT floor_lamport FROM main.{TreeRegistry.Table.Name} WHERE tbl = {Connection.Literal(names.Registration.Table)})
            THEN 'compacted' ELSE 'lost' END
          WHEN c.lamport > {TreeLimits.Gap} + max(0, coalesce((SELECT max(lamport) FROM {names.Log}), 0)) THEN 'held' ELSE 'pending' END
        FROM {names.Carrier} AS c
        LEFT JOIN {names.Log} AS l ON l.lamport = c.lamport AND l.site = c.site AND l.nid = (SELECT nid FROM {names.Node} WHERE key = +c.node)
          AND l.parent = CASE WHEN +c.parent IS +c.node THEN 0 ELSE (SELECT nid FROM {names.Node} WHERE key = +c.parent) END AND l.pos = +c.pos
        LEFT JOIN {names.Pending} AS p ON p.lamport = +c.lamport AND p.site = +c.site AND p.node = +c.node AND p.parent = +c.parent AND p.pos = +c.pos AND p.present
        ORDER BY c.lamport, c.site
        """, 9);
}
