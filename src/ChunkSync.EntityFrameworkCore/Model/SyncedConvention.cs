using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>What holds for synced tables: no RETURNING, keys that the client makes, store defaults of required columns, no integer key.</summary>
internal sealed class SyncedConvention : IEntityTypeAddedConvention, IModelFinalizingConvention
{
    /// <summary>Takes <see cref="SyncedAttribute"/>; what the model says of the type goes first.</summary>
    public void ProcessEntityTypeAdded(IConventionEntityTypeBuilder entityTypeBuilder, IConventionContext<IConventionEntityTypeBuilder> context)
    {
        if (entityTypeBuilder.Metadata.ClrType.GetCustomAttribute<SyncedAttribute>() is not SyncedAttribute attribute)
        {
            return;
        }

        SyncedTable sync = new()
        {
            IsGrowOnly = attribute.GrowOnly,
            AllowsIntegerKey = attribute.AllowIntegerKey,
            AllowsNotNull = attribute.AllowNotNull,
            AllowsCollation = attribute.AllowCollation,
        };
        entityTypeBuilder.HasAnnotation(SyncedTable.Annotation, sync.ToString(), fromDataAnnotation: true);
        if (attribute.KeepReturning)
        {
            entityTypeBuilder.HasAnnotation(SyncedTable.KeepReturningAnnotation, true, fromDataAnnotation: true);
        }
    }

    /// <summary>Applies what holds for every synced table.</summary>
    public void ProcessModelFinalizing(IConventionModelBuilder modelBuilder, IConventionContext<IConventionModelBuilder> context)
    {
        ILookup<(string?, string?), IConventionEntityType> tables =
            modelBuilder.Metadata.GetEntityTypes().ToLookup(type => (type.GetSchema(), type.GetTableName()));
        foreach (IConventionEntityType entityType in modelBuilder.Metadata.GetEntityTypes().Where(type => SyncedTable.Of(type) != null).ToList())
        {
            SyncedTable sync = SyncedTable.Of(entityType)!;
            string name = entityType.GetTableName()
                ?? throw new InvalidOperationException($"The entity type {entityType.DisplayName()} is synced, and has no table of its own: IsSynced belongs to"
                    + " a type that is mapped to a table");
            StoreObjectIdentifier table = StoreObjectIdentifier.Table(name, entityType.GetSchema());
            CheckKey(entityType, sync, table);
            bool keepsReturning = tables[(entityType.GetSchema(), name)].Any(type => type.FindAnnotation(SyncedTable.KeepReturningAnnotation)?.Value is true);
            foreach (IConventionEntityType sharing in tables[(entityType.GetSchema(), name)])
            {
                bool isFirst = sharing.BaseType?.GetTableName() != name;
                if (!keepsReturning && isFirst && (sharing.GetUseSqlReturningClauseConfigurationSource() is null or ConfigurationSource.Convention))
                {
                    sharing.UseSqlReturningClause(false);
                }

                if (!sync.AllowsNotNull)
                {
                    GiveDefaults(sharing, table);
                }
            }
        }
    }

    private static void CheckKey(IConventionEntityType entityType, SyncedTable sync, StoreObjectIdentifier table)
    {
        IConventionKey key = entityType.FindPrimaryKey()
            ?? throw new InvalidOperationException($"The entity type {entityType.DisplayName()} is synced, and has no key: rows are known by their primary key");
        if (key.Properties.Count != 1)
        {
            return;
        }

        IConventionProperty property = key.Properties[0];
        if (ColumnType(property).Contains("INT", StringComparison.OrdinalIgnoreCase))
        {
            if (!sync.AllowsIntegerKey)
            {
                throw new InvalidOperationException($"Table {table.Name} uses a single-column INTEGER primary key. For CRDT replication, primary keys must be"
                    + $" globally unique: two devices would give the same number to two rows. Make {entityType.DisplayName()}.{property.Name} a string or a Guid,"
                    + " which gets a UUID where it has no value; or, where numbers are handed out globally, say IsSynced(s => s.AllowIntegerKey())");
            }

            return;
        }

        // A number that another table gives, or a key that the program or the database makes, is left alone.
        bool isFree = !property.IsForeignKey() && property.GetValueGeneratorFactory() == null
            && property.GetDefaultValueSql() == null && !property.TryGetDefaultValue(out _)
            && property.GetValueGeneratedConfigurationSource() is null or ConfigurationSource.Convention;
        bool takesUuid = property.ClrType == typeof(Guid) || (property.ClrType == typeof(string) && property.GetMaxLength() is null or >= 36);
        if (isFree && takesUuid && property.DeclaringType == (object)entityType.GetRootType())
        {
            property.Builder.ValueGenerated(ValueGenerated.OnAdd);
            property.Builder.HasValueGeneratorFactory(typeof(Uuid7GeneratorFactory));
        }
    }

    /// <summary>The type of a column as far as it is known here: as the model says it, or INTEGER for what is stored as a number.</summary>
    private static string ColumnType(IConventionProperty property)
    {
        Type stored = property.GetValueConverter()?.ProviderClrType ?? property.GetProviderClrType() ?? property.ClrType;
        stored = Nullable.GetUnderlyingType(stored) ?? stored;
        bool isNumber = stored.IsEnum || Type.GetTypeCode(stored) is >= TypeCode.Boolean and <= TypeCode.UInt64;
        return property.GetColumnType() ?? (isNumber ? "INTEGER" : "");
    }

    /// <summary>A row can arrive in pieces, so that a column which is not there yet needs a value. The client goes on sending its own.</summary>
    private static void GiveDefaults(IConventionTypeBase type, StoreObjectIdentifier table)
    {
        foreach (IConventionComplexProperty complex in type.GetComplexProperties())
        {
            GiveDefaults(complex.ComplexType, table);
        }

        foreach (IConventionProperty property in type.GetProperties())
        {
            if (property.IsPrimaryKey() || property.GetColumnName(table) == null || property.IsColumnNullable(table)
                || property.GetDefaultValueSql(table) != null || property.TryGetDefaultValue(table, out _) || property.GetComputedColumnSql(table) != null)
            {
                continue;
            }

            ValueGenerated before = property.ValueGenerated;
            switch (Default(property))
            {
                case string sql when property.ClrType != typeof(string):
                    property.Builder.HasDefaultValueSql(sql);
                    break;
                case object value:
                    property.Builder.HasDefaultValue(value);
                    break;
                default:
                    throw new InvalidOperationException($"The column {property.GetColumnName(table)} of table {table.Name} is required, and has no default."
                        + $" A row can arrive in pieces: give {type.DisplayName()}.{property.Name} one (HasDefaultValue), make it optional, or say"
                        + " IsSynced(s => s.AllowNotNull())");
            }

            // Entity Framework would leave values out that are the default of their type, and read them back.
            property.Builder.ValueGenerated(before, fromDataAnnotation: true);
        }
    }

    /// <summary>The value of a column that has not come: the default of its type; SQL for one that the store alone can write.</summary>
    private static object? Default(IConventionProperty property)
    {
        Type type = property.ClrType;
        if (type == typeof(string))
        {
            return "";
        }

        if (type == typeof(byte[]))
        {
            return Array.Empty<byte>();
        }

        if (type.IsValueType)
        {
            return Activator.CreateInstance(Nullable.GetUnderlyingType(type) ?? type);
        }

        // A class of the program's, stored as text: what the converter makes of an empty one is not known here. A list is stored as JSON.
        return property.GetElementType() != null ? "'[]'" : null;
    }
}
