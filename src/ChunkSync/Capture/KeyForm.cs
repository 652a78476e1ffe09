namespace ChunkSync.Capture;

/// <summary>A key that has clocks and is equal to another one.</summary>
/// <param name="Key">The pk blob.</param>
/// <param name="CausalLength">The causal length that its clocks say.</param>
internal readonly record struct KeyForm(byte[] Key, long CausalLength)
{
    /// <summary>Whether its clocks are those of a living row.</summary>
    public bool IsAlive => (CausalLength & 1) == 1;
}
