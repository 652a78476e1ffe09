using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Which tables are synced before a migration, and which behind it.</summary>
internal sealed class SyncedTables
{
    private readonly Dictionary<string, SyncedTable> after = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> began = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> created = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> ended = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> dropped = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads them.</summary>
    /// <param name="operations">The migration's operations, as it was written.</param>
    /// <param name="model">The model behind it; null where nobody knows it.</param>
    public SyncedTables(IReadOnlyList<MigrationOperation> operations, IModel? model)
    {
        foreach (ITable table in model?.GetRelationalModel().Tables ?? [])
        {
            if (SyncedTable.Of(table) is SyncedTable sync)
            {
                after[table.Name] = sync;
            }
        }

        foreach (MigrationOperation operation in operations)
        {
            switch (operation)
            {
                case CreateTableOperation create when SyncedTable.Of(create) is SyncedTable sync:
                    after[create.Name] = sync;
                    created.Add(create.Name);
                    break;
                case CreateTableOperation create:
                    created.Add(create.Name);
                    break;
                case DropTableOperation drop when SyncedTable.Of(drop) != null:
                    dropped.Add(drop.Name);
                    break;
                case AlterTableOperation alter when SyncedTable.Of(alter) is SyncedTable sync && SyncedTable.Of(alter.OldTable) == null:
                    after[alter.Name] = sync;
                    began.Add(alter.Name);
                    break;
                case AlterTableOperation alter when SyncedTable.Of(alter) == null && SyncedTable.Of(alter.OldTable) != null:
                    ended.Add(alter.Name);
                    after.Remove(alter.Name);
                    break;
            }
        }
    }

    /// <summary>Whether the migration has nothing to do with any.</summary>
    public bool IsEmpty => after.Count == 0 && ended.Count == 0 && dropped.Count == 0;

    /// <summary>Tables whose sync begins with the migration though they are there before it.</summary>
    public IEnumerable<string> Began => began.Where(table => !created.Contains(table));

    /// <summary>Tables whose sync ends with the migration, and which stay.</summary>
    public IEnumerable<string> Ended => ended;

    /// <summary>Whether an operation only says that the sync of a table begins or ends.</summary>
    public static bool IsToggle(MigrationOperation operation) => operation is AlterTableOperation alter
        && (SyncedTable.Of(alter) != null || SyncedTable.Of(alter.OldTable) != null)
        && alter.GetAnnotations().Concat(alter.OldTable.GetAnnotations()).All(annotation => annotation.Name == SyncedTable.Annotation)
        && alter.Comment == alter.OldTable.Comment;

    /// <summary>How a table is synced behind the migration; null when it is not.</summary>
    public SyncedTable? Find(string? table) => table == null ? null : after.GetValueOrDefault(table);

    /// <summary>Whether a table is synced before the migration and behind it.</summary>
    public bool IsAltered(string? table) => Find(table) != null && !began.Contains(table!) && !created.Contains(table!);

    /// <summary>Whether a table that is dropped is synced before.</summary>
    public bool IsDropped(string table) => dropped.Contains(table);

    /// <summary>Refuses what would be another table for all other databases.</summary>
    /// <exception cref="InvalidOperationException">There is such an operation.</exception>
    public void Check(IEnumerable<MigrationOperation> operations)
    {
        foreach (MigrationOperation operation in operations)
        {
            switch (operation)
            {
                case RenameTableOperation rename when IsAltered(rename.NewName) && rename.NewName != rename.Name:
                    throw Refusals.Rename(rename.Name, rename.NewName!);
                case AddPrimaryKeyOperation add when IsAltered(add.Table):
                    throw Refusals.Key(add.Table, "…", string.Join(", ", add.Columns));
                case AlterTableOperation alter when SyncedTable.Of(alter)?.Algorithm is string algorithm
                    && SyncedTable.Of(alter.OldTable)?.Algorithm is string before && algorithm != before:
                    throw Refusals.Algorithm(alter.Name);
            }
        }
    }
}
