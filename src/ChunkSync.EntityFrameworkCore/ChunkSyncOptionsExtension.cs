using ChunkSync.Client;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Internal;
using Microsoft.EntityFrameworkCore.Sqlite.Infrastructure.Internal;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>What <c>UseChunkSync</c> puts into the options: services of Entity Framework that are added or wrapped.</summary>
internal sealed class ChunkSyncOptionsExtension(LoadOptions load) : IDbContextOptionsExtension
{
    private DbContextOptionsExtensionInfo? info;

    /// <inheritdoc/>
    public DbContextOptionsExtensionInfo Info => info ??= new ExtensionInfo(this);

    /// <summary>How the engine comes to a connection.</summary>
    private LoadOptions Load => load;

    /// <inheritdoc/>
    public void ApplyServices(IServiceCollection services)
    {
        services.AddSingleton<IInterceptor>(new LoadInterceptor(load));
        new EntityFrameworkServicesBuilder(services).TryAdd<IConventionSetPlugin, SyncedConventionPlugin>();

        // In whatever order the two extensions come: the provider adds what is not there yet, and what it has added is wrapped.
        ServiceDescriptor? differ = Remove<IMigrationsModelDiffer>(services);
        services.AddScoped<IMigrationsModelDiffer>(provider => new SyncedModelDiffer((IMigrationsModelDiffer)(
            differ?.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, differ?.ImplementationType ?? InternalTypes.MigrationsModelDiffer))));
        _ = Remove<IMigrationsSqlGenerator>(services);
        services.AddScoped<IMigrationsSqlGenerator, SyncedMigrationsSqlGenerator>();
    }

    /// <inheritdoc/>
    public void Validate(IDbContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.Extensions.Any(extension => InternalTypes.SqliteOptionsExtension.IsInstanceOfType(extension)))
        {
            throw new InvalidOperationException("UseChunkSync works on SQLite: call UseSqlite, too");
        }
    }

    private static ServiceDescriptor? Remove<TService>(IServiceCollection services)
    {
        ServiceDescriptor? found = services.LastOrDefault(descriptor => descriptor.ServiceType == typeof(TService));
        if (found != null)
        {
            services.Remove(found);
        }

        return found;
    }

    private sealed class ExtensionInfo(ChunkSyncOptionsExtension extension) : DbContextOptionsExtensionInfo(extension)
    {
        public override bool IsDatabaseProvider => false;

        public override string LogFragment => "using ChunkSync ";

        public override int GetServiceProviderHashCode() => extension.Load.GetHashCode();

        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) =>
            other is ExtensionInfo info && info.Extension is ChunkSyncOptionsExtension same && same.Load == extension.Load;

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo) => debugInfo["ChunkSync"] = "1";
    }

    /// <summary>Types that Entity Framework names as its own business: only their names are used.</summary>
    private static class InternalTypes
    {
#pragma warning disable EF1001
        public static readonly Type MigrationsModelDiffer = typeof(MigrationsModelDiffer);
        public static readonly Type SqliteOptionsExtension = typeof(SqliteOptionsExtension);
#pragma warning restore EF1001
    }
}
