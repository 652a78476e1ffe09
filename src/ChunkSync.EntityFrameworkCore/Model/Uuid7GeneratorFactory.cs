using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.ValueGeneration;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Makes what gives the keys of synced tables their UUIDs of version 7. Public because a compiled model names it.</summary>
public sealed class Uuid7GeneratorFactory : ValueGeneratorFactory
{
    /// <summary>A generator for a key.</summary>
    /// <param name="property">The key: a Guid or a string.</param>
    /// <param name="typeBase">The type that it belongs to.</param>
    public override ValueGenerator Create(IProperty property, ITypeBase typeBase)
    {
        ArgumentNullException.ThrowIfNull(property);
        return property.ClrType == typeof(Guid) ? new Uuid7Generator() : new Uuid7TextGenerator();
    }
}
