using Xunit.Sdk;

namespace ChunkSync.Tests.Host;

/// <summary>Marks a test that has a long variant: <c>./build.sh soak</c> runs it for a share of the time, <c>./build.sh test</c> runs a
/// sample. Gives the traits Category=Soak and Soak=<paramref name="name"/>; the test starts an <see cref="Effort"/> of that name.</summary>
/// <param name="name">A short name in lower case with dashes, the test's line in the table of what was tried.</param>
[AttributeUsage(AttributeTargets.Method)]
[TraitDiscoverer("ChunkSync.Tests.Host.SoakDiscoverer", "ChunkSync.Tests")]
public sealed class SoakAttribute(string name) : Attribute, ITraitAttribute
{
    public string Name { get; } = name;

    /// <summary>How much of the time the test gets, beside the others' weights.</summary>
    public double Weight { get; init; } = 1;
}
