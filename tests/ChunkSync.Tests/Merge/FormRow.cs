namespace ChunkSync.Tests.Merge;

/// <summary>What the model of equal keys knows of one row: its causal length, the bytes of its key, and its columns.</summary>
internal sealed class FormRow
{
    public long CausalLength { get; set; }

    /// <summary>The pk blob in hex that the row has in its present life.</summary>
    public string Form { get; set; } = "";

    public Dictionary<string, (long Version, object? Value)> Columns { get; private init; } = [];

    public FormRow Copy() => new() { CausalLength = CausalLength, Form = Form, Columns = new(Columns) };
}
