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

    /// <summary>Puts those of equal stamps, which follow each other, into the order of their content.</summary>
    public void Sort(ITreeStore store)
    {
        using StampGroups groups = new(store);
        using LogPage page = new();
        for (int i = 0; i < Count; i++)
        {
            page.Add(new LogRow(this[i].Operation, default, this[i].IsPresent));
        }

        groups.Sort(page);
        for (int i = 0; i < page.Count; i++)
        {
            this[i] = new PendingOperation(page[i].Operation, page[i].IsEffective);
        }
    }

    /// <summary>Forgets all of them and keeps the memory.</summary>
    public void Clear() => items.Clear();

    public void Dispose() => items.Dispose();
}
