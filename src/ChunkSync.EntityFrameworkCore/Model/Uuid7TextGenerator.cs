using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>The same as text, as <c>cloudsync_uuid()</c> writes it.</summary>
internal sealed class Uuid7TextGenerator : ValueGenerator<string>
{
    /// <inheritdoc/>
    public override bool GeneratesTemporaryValues => false;

    /// <inheritdoc/>
    public override string Next(EntityEntry entry) => Guid.CreateVersion7().ToString();
}
