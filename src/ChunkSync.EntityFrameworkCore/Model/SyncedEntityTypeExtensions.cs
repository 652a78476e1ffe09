using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Entity types whose tables are synced.</summary>
public static class SyncedEntityTypeExtensions
{
    /// <summary>Keeps the table of an entity type in sync.</summary>
    /// <param name="builder">The entity type.</param>
    /// <param name="configure">What is different from the defaults.</param>
    /// <returns>The same builder.</returns>
    public static EntityTypeBuilder IsSynced(this EntityTypeBuilder builder, Action<SyncedTableBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IMutableEntityType entityType = builder.Metadata;
        entityType.SetAnnotation(SyncedTable.Annotation, (SyncedTable.Of(entityType) ?? SyncedTable.Default).ToString());
        configure?.Invoke(new SyncedTableBuilder(entityType));
        return builder;
    }

    /// <inheritdoc cref="IsSynced(EntityTypeBuilder, Action{SyncedTableBuilder})"/>
    /// <typeparam name="TEntity">The entity type.</typeparam>
    public static EntityTypeBuilder<TEntity> IsSynced<TEntity>(this EntityTypeBuilder<TEntity> builder, Action<SyncedTableBuilder>? configure = null)
        where TEntity : class
    {
        IsSynced((EntityTypeBuilder)builder, configure);
        return builder;
    }
}
