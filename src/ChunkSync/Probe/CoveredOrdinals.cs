using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>The part of a chain that a key table answers for: up to its mark, only these chunks hold a wanted entity, or seem to.</summary>
internal sealed unsafe class CoveredOrdinals(long mark) : IDisposable
{
    private readonly NativeBuffer ordinals = new();

    /// <summary>The last ordinal that the key table covers.</summary>
    public long Mark => mark;

    private Span<long> All => new(ordinals.Data, checked((int)(ordinals.Length / sizeof(long))));

    /// <summary>Adds a chunk; the order does not matter.</summary>
    public void Add(long ordinal)
    {
        *(long*)ordinals.Reserve(sizeof(long)) = ordinal;
        ordinals.Commit((long)sizeof(long));
    }

    /// <summary>Sorts the chunks, once all are there.</summary>
    public void Build() => All.Sort();

    /// <summary>The first chunk at or behind an ordinal.</summary>
    public bool TryFind(long from, out long ordinal)
    {
        Span<long> all = All;
        int low = 0;
        int high = all.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (all[middle] < from)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        ordinal = low < all.Length ? all[low] : 0;
        return low < all.Length;
    }

    public void Dispose() => ordinals.Dispose();
}
