using Microsoft.EntityFrameworkCore.Metadata;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>How a table is synced.</summary>
public sealed class SyncedTableBuilder
{
    private readonly IMutableEntityType entityType;

    internal SyncedTableBuilder(IMutableEntityType entityType) => this.entityType = entityType;

    /// <summary>Rows are only added: UPDATE and DELETE are refused.</summary>
    /// <returns>The same builder.</returns>
    public SyncedTableBuilder GrowOnly() => Set(sync => sync with { IsGrowOnly = true });

    /// <summary>Takes a single integer key. Two devices give the same number to two rows, unless numbers are handed out globally.</summary>
    /// <returns>The same builder.</returns>
    public SyncedTableBuilder AllowIntegerKey() => Set(sync => sync with { AllowsIntegerKey = true });

    /// <summary>Takes required columns without a store default, and gives them none: a row that arrives in pieces waits for all of them.</summary>
    /// <returns>The same builder.</returns>
    public SyncedTableBuilder AllowNotNull() => Set(sync => sync with { AllowsNotNull = true });

    /// <summary>Takes key columns with another collation than BINARY.</summary>
    /// <returns>The same builder.</returns>
    public SyncedTableBuilder AllowCollation() => Set(sync => sync with { AllowsCollation = true });

    /// <summary>Leaves INSERT and UPDATE their RETURNING clause.</summary>
    /// <returns>The same builder.</returns>
    public SyncedTableBuilder KeepReturning()
    {
        entityType.SetAnnotation(SyncedTable.KeepReturningAnnotation, true);
        return this;
    }

    private SyncedTableBuilder Set(Func<SyncedTable, SyncedTable> change)
    {
        entityType.SetAnnotation(SyncedTable.Annotation, change(SyncedTable.Of(entityType)!).ToString());
        return this;
    }
}
