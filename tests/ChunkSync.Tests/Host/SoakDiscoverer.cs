using Xunit.Abstractions;
using Xunit.Sdk;

namespace ChunkSync.Tests.Host;

/// <summary>Tells xunit the traits of a <see cref="SoakAttribute"/>.</summary>
public sealed class SoakDiscoverer : ITraitDiscoverer
{
    public IEnumerable<KeyValuePair<string, string>> GetTraits(IAttributeInfo traitAttribute)
    {
        ArgumentNullException.ThrowIfNull(traitAttribute);
        yield return new("Category", "Soak");
        yield return new("Soak", (string)traitAttribute.GetConstructorArguments().First());
    }
}
