using Microsoft.EntityFrameworkCore.Infrastructure;

namespace ChunkSync.EntityFrameworkCore.Tests.Host;

/// <summary>One model for each <see cref="VersionedContext.Key"/>.</summary>
public sealed class VersionedModelKey : IModelCacheKeyFactory
{
    public object Create(DbContext context, bool designTime) => (context.GetType(), (context as VersionedContext)?.Key, designTime);
}
