using ChunkSync.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>ChunkSync in the options of a context.</summary>
public static class ChunkSyncOptionsExtensions
{
    /// <summary>Puts the engine on every connection of the context, applies the conventions of synced tables to its model, and lets its migrations alter them
    /// without losing a change. With <c>UseSqlite</c>, before or behind it.</summary>
    /// <param name="options">The options.</param>
    /// <param name="load">How the engine comes to a connection; in process unless they say otherwise.</param>
    /// <returns>The same options.</returns>
    public static DbContextOptionsBuilder UseChunkSync(this DbContextOptionsBuilder options, LoadOptions? load = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(new ChunkSyncOptionsExtension(load ?? LoadOptions.Default));
        return options;
    }

    /// <inheritdoc cref="UseChunkSync(DbContextOptionsBuilder, LoadOptions?)"/>
    /// <typeparam name="TContext">The context.</typeparam>
    public static DbContextOptionsBuilder<TContext> UseChunkSync<TContext>(this DbContextOptionsBuilder<TContext> options, LoadOptions? load = null)
        where TContext : DbContext
    {
        UseChunkSync((DbContextOptionsBuilder)options, load);
        return options;
    }
}
