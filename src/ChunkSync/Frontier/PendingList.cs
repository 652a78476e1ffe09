using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>What came and went since the last fold, in native memory.</summary>
internal sealed unsafe class PendingList : IDisposable
{
    private readonly NativeBuffer items = new();

    /// <summary>How many there are.</summary>
    public int Count => (int)(items.Length / sizeof(PendingOperation));

    /// <summary>One of them.</summary>
    public PendingOperation this[int index]
    {
        get
        {
            Check.That(index >= 0 && index < Count);
            return ((PendingOperation*)items.Data)[index];
        }

        set => ((PendingOperation*)items.Data)[index] = value;
    }

    /// <summary>Adds one.</summary>
    public void Add(in PendingOperation item)
    {
        *(PendingOperation*)items.Reserve(sizeof(PendingOperation)) = item;
        items.Commit(sizeof(PendingOperation));
    }

    public void Dispose() => items.Dispose();
}
