using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Finds out which row keeps a refused one from being written.</summary>
internal sealed class Blockers
{
    private readonly MergeEngine merge;
    private readonly TablePart<UniqueHolders> holders;
    private readonly TablePart<ReferenceSeeks> references;

    public Blockers(Connection connection, TableCatalog catalog, TableKeys keys, MergeEngine merge)
    {
        this.merge = merge;
        holders = new(table => new UniqueHolders(connection, keys, table));
        references = new(table => new ReferenceSeeks(connection, catalog, keys, table));
    }

    /// <summary>The holders of a table's unique values.</summary>
    public UniqueHolders Holders(TrackedTable table) => holders.Of(table)!;

    /// <summary>The references of a table.</summary>
    public ReferenceSeeks References(TrackedTable table) => references.Of(table)!;

    /// <summary>Whether the references of a refused row hold, and those to it.</summary>
    public bool Hold(RefusedRows rows, int row) =>
        merge.Find(rows.First(row).TableName) is TrackedTable table && References(table).Hold(rows.First(row).KeyBytes);

    /// <summary>What keeps the row from being written that was refused and is in progress; null where nobody knows.</summary>
    public Blocker? Find()
    {
        if (merge.Current is not { IsRowRefused: true } row)
        {
            return null;
        }

        return merge.Refusals.Code switch
        {
            ResultCode.ConstraintUnique => FindHolder(row),
            ResultCode.ConstraintForeignKey => FindReference(row),
            _ => null,
        };
    }

    /// <summary>The row that has a unique value which a row in progress would have; null where none has.</summary>
    public Blocker? FindHolder(RowMerger row)
    {
        UniqueHolders indexes = Holders(row.Table);
        for (int i = 0; i < indexes.Count; i++)
        {
            if (indexes.TryFind(i, row, out ReadOnlySpan<byte> key))
            {
                return new Blocker(row.Table, key.ToArray(), i);
            }
        }

        return null;
    }

    private Blocker? FindReference(RowMerger row)
    {
        ReferenceSeeks seeks = References(row.Table);
        if (seeks.TryFindMissing(row, out TrackedTable? parent, out ReadOnlySpan<byte> key))
        {
            return new Blocker(parent!, key.ToArray(), -1);
        }

        return seeks.TryFindChild(row.Key, out TrackedTable? child, out key) ? new Blocker(child!, key.ToArray(), -1) : null;
    }
}
