namespace ChunkSync.Tests.Histories;

/// <summary>A value column as it is declared.</summary>
internal sealed record OrmColumn(string Name, string Rest)
{
    public string Declaration => $"{Name} {Rest}";
}
