using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>A foreign key that changes or deletes the rows which refer to a row.</summary>
/// <param name="Parent">The table that is referred to.</param>
/// <param name="Child">The table that has the key.</param>
/// <param name="ParentColumns">The columns that are referred to.</param>
/// <param name="ChildColumns">The columns of the key, in the same order.</param>
/// <param name="OnDelete">What happens when the row is deleted.</param>
/// <param name="OnUpdate">What happens when one of its columns that are referred to changes.</param>
internal sealed record Reference(
    ReferenceTable Parent, ReferenceTable Child, string[] ParentColumns, string[] ChildColumns, ReferenceAction OnDelete, ReferenceAction OnUpdate)
{
    /// <summary>The key's columns as bits of the child's <see cref="ReferenceTable.Watched"/>.</summary>
    public ulong ChildMask { get; private set; }

    /// <summary>The columns that are referred to as bits of the parent's <see cref="ReferenceTable.Watched"/>.</summary>
    public ulong ParentMask { get; private set; }

    /// <summary>The rows that refer to a row: what identifies them, and their watched columns. Parameters are what identifies the
    /// row.</summary>
    public Statement Find { get; private set; } = null!;

    /// <summary>Makes masks and statement, when all watched columns of both tables are known.</summary>
    public void Complete(Connection connection)
    {
        ChildMask = Child.MaskOf(ChildColumns);
        ParentMask = Parent.MaskOf(ParentColumns);

        // As SQLite's own actions compare: what the parent has stands on the left, so that its affinity and collation decide.
        string on = string.Join(" AND ", ParentColumns.Zip(
            ChildColumns, (left, right) => $"p.{Connection.Quote(left)} = c.{Connection.Quote(right)}"));
        Find = connection.Prepare(
            $"SELECT {string.Join(", ", Child.IdentityOf("c").Concat(Child.WatchedOf("c")))} FROM {Parent.Quoted} AS p CROSS JOIN {Child.Quoted} AS c"
            + $" ON {on} WHERE {Parent.IdentityCondition("p.")}");
    }
}
