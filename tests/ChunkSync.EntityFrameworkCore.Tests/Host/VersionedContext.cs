using System.Data.Common;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace ChunkSync.EntityFrameworkCore.Tests.Host;

/// <summary>A context whose model a test gives: another one for every key.</summary>
public class VersionedContext(DbContextOptions options, object key, Action<ModelBuilder> build) : DbContext(options)
{
    /// <summary>What the model is known by.</summary>
    public object Key => key;

    /// <summary>A context on a file, or on a connection.</summary>
    public static VersionedContext On(string file, object key, Action<ModelBuilder> build) =>
        new(Options(new DbContextOptionsBuilder().UseSqlite($"Data Source={file};Pooling=False")), key, build);

    public static VersionedContext On(DbConnection connection, object key, Action<ModelBuilder> build) =>
        new(Options(new DbContextOptionsBuilder().UseSqlite(connection)), key, build);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => build(modelBuilder);

    private static DbContextOptions Options(DbContextOptionsBuilder builder) =>
        builder.UseChunkSync().ReplaceService<IModelCacheKeyFactory, VersionedModelKey>().Options;
}
