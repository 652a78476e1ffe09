using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Keys that no other device chooses, in the order of their time.</summary>
internal sealed class Uuid7Generator : ValueGenerator<Guid>
{
    /// <inheritdoc/>
    public override bool GeneratesTemporaryValues => false;

    /// <inheritdoc/>
    public override Guid Next(EntityEntry entry) => Guid.CreateVersion7();
}
