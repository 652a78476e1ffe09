using ChunkSync.Catalog;

namespace ChunkSync.Merge;

/// <summary>By which rules the rows of a table merge: the one place in this folder that knows algorithms.</summary>
internal static class MergeStrategy
{
    /// <summary>The merger of a table. A table with <c>gos</c> merges by columns too, without deletes: taking whatever came last, as sqlite-sync
    /// does, would leave replicas with different values.</summary>
    public static RowMerger MergerOf(MergeContext context, TrackedTable table) => new ColumnMerger(context, table, HasTombstones(table));

    /// <summary>Whether rows of a table can be deleted on all replicas: then their sentinels stay as tombstones.</summary>
    public static bool HasTombstones(TrackedTable table) => table.Algorithm == CrdtAlgorithm.CausalLengthSet;
}
