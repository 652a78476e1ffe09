using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Writes into the operations of a migration which tables are synced, adds those that begin and end it, and refuses what would be another table
/// for all other databases.</summary>
internal sealed class SyncedModelDiffer(IMigrationsModelDiffer inner) : IMigrationsModelDiffer
{
    /// <inheritdoc/>
    public bool HasDifferences(IRelationalModel? source, IRelationalModel? target) =>
        inner.HasDifferences(source, target) || Toggles(source, target).Count > 0 || OtherAlgorithm(source, target) != null;

    /// <inheritdoc/>
    public IReadOnlyList<MigrationOperation> GetDifferences(IRelationalModel? source, IRelationalModel? target)
    {
        IReadOnlyList<MigrationOperation> operations = inner.GetDifferences(source, target);
        foreach (MigrationOperation operation in operations)
        {
            switch (operation)
            {
                case CreateTableOperation create:
                    Annotate(create, SyncedTable.Of(target?.FindTable(create.Name, create.Schema)));
                    break;
                case DropTableOperation drop:
                    Annotate(drop, SyncedTable.Of(source?.FindTable(drop.Name, drop.Schema)));
                    break;
                case RenameTableOperation rename when SyncedTable.Of(source?.FindTable(rename.Name, rename.Schema)) != null
                    && SyncedTable.Of(target?.FindTable(rename.NewName ?? rename.Name, rename.NewSchema)) != null:
                    throw Refusals.Rename(rename.Name, rename.NewName ?? rename.Name);
            }
        }

        if (OtherAlgorithm(source, target) is string table)
        {
            throw Refusals.Algorithm(table);
        }

        List<AlterTableOperation> toggles = Toggles(source, target);
        RefuseOtherKeys(source, target, operations);
        return
        [
            .. toggles.Where(toggle => SyncedTable.Of(toggle) == null),
            .. operations,
            .. toggles.Where(toggle => SyncedTable.Of(toggle) != null),
        ];
    }

    private static void Annotate(MigrationOperation operation, SyncedTable? sync)
    {
        if (sync != null)
        {
            operation[SyncedTable.Annotation] = sync.ToString();
        }
    }

    /// <summary>Tables that are in both models, and synced in one of them.</summary>
    private static List<AlterTableOperation> Toggles(IRelationalModel? source, IRelationalModel? target)
    {
        List<AlterTableOperation> toggles = [];
        foreach (ITable before in source?.Tables ?? [])
        {
            ITable? after = target?.FindTable(before.Name, before.Schema);
            SyncedTable? was = SyncedTable.Of(before);
            SyncedTable? becomes = SyncedTable.Of(after);
            if (after != null && (was == null) != (becomes == null))
            {
                AlterTableOperation toggle = new() { Name = before.Name, Schema = before.Schema };
                Annotate(toggle, becomes);
                if (was != null)
                {
                    toggle.OldTable[SyncedTable.Annotation] = was.ToString();
                }

                toggles.Add(toggle);
            }
        }

        return toggles;
    }

    /// <summary>A table that is synced in both models, each time with another algorithm; null for none.</summary>
    private static string? OtherAlgorithm(IRelationalModel? source, IRelationalModel? target) => source?.Tables.FirstOrDefault(before =>
        SyncedTable.Of(before)?.Algorithm is string was && SyncedTable.Of(target?.FindTable(before.Name, before.Schema))?.Algorithm is string becomes
        && was != becomes)?.Name;

    private static void RefuseOtherKeys(IRelationalModel? source, IRelationalModel? target, IReadOnlyList<MigrationOperation> operations)
    {
        foreach (ITable before in source?.Tables ?? [])
        {
            ITable? after = target?.FindTable(before.Name, before.Schema);
            bool isRecreated = operations.Any(operation => operation is DropTableOperation drop && drop.Name == before.Name && drop.Schema == before.Schema);
            if (SyncedTable.Of(before) != null && SyncedTable.Of(after) != null && !isRecreated && !Key(before).SequenceEqual(Key(after!)))
            {
                throw Refusals.Key(before.Name, string.Join(", ", Key(before)), string.Join(", ", Key(after!)));
            }
        }
    }

    private static IEnumerable<string> Key(ITable table) => table.PrimaryKey?.Columns.Select(column => $"{column.Name} {column.StoreType}") ?? [];
}
