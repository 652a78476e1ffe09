namespace ChunkSync.Tests.Consistency;

/// <summary>A column of a tracked table.</summary>
internal sealed record CheckedColumn(string Name, bool IsKey)
{
    /// <summary>Whether it has clocks; a tree's parent and position have none.</summary>
    public bool HasClocks { get; init; } = true;

    /// <summary>The name in clock rows: ASCII letters in lower case (behaviour E.5).</summary>
    public string ClockName { get; } = string.Create(Name.Length, Name, (target, name) =>
    {
        for (int i = 0; i < name.Length; i++)
        {
            target[i] = char.IsAsciiLetterUpper(name[i]) ? (char)(name[i] | 0x20) : name[i];
        }
    });
}
