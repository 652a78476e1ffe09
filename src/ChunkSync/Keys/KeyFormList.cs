using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>Keys (pk blobs) that have clocks and are equal to another one, each with the causal length that its clocks say. The memory is kept
/// between uses.</summary>
internal sealed class KeyFormList : IDisposable
{
    private readonly ByteStringList keys = new();
    private readonly List<long> causalLengths = [];

    /// <summary>The number of keys.</summary>
    public int Count => causalLengths.Count;

    /// <summary>A key, valid until the next one is added.</summary>
    public ReadOnlySpan<byte> Key(int index) => keys[index];

    /// <summary>The causal length that its clocks say.</summary>
    public long CausalLength(int index) => causalLengths[index];

    /// <summary>Whether its clocks are those of a living row.</summary>
    public bool IsAlive(int index) => (causalLengths[index] & 1) == 1;

    /// <summary>Whether a key is among them.</summary>
    public bool Contains(ReadOnlySpan<byte> key)
    {
        for (int i = 0; i < Count; i++)
        {
            if (key.SequenceEqual(keys[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds a copy of a key.</summary>
    public void Add(ReadOnlySpan<byte> key, long causalLength)
    {
        keys.Add(key);
        causalLengths.Add(causalLength);
    }

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        keys.Clear();
        causalLengths.Clear();
    }

    public void Dispose() => keys.Dispose();
}
