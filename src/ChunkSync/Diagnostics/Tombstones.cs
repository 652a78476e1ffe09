using ChunkSync.Catalog;
using ChunkSync.Format;

namespace ChunkSync.Diagnostics;

/// <summary>D29: more deleted rows than living ones, and what they cost.</summary>
internal sealed class Tombstones() : FindingCheck("D29", Severity.Info)
{
    /// <summary>Bytes of a tombstone in the clock table and its index, beside twice the key.</summary>
    private const int Overhead = 51;

    public override bool IsDeep => true;

    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            object?[] dead = context.Rows($"SELECT count(*), coalesce(sum(2 * length(pk) + {Overhead}), 0) FROM {table.QuotedClock}"
                + $" WHERE col_name = '{SentinelColumn.Name}' AND col_version % 2 = 0")[0];
            long living = context.Connection.Integer($"SELECT count(*) FROM {table.Quoted}");
            if (dead[0] is long count && count > living)
            {
                context.Add(table.Name, null, count, $"{count} deleted rows are remembered beside {living} living ones, in about {dead[1]} bytes. They cannot go while any replica"
                    + " may still send such a row");
            }
        }
    }
}
