using System.Runtime.CompilerServices;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Ascending byte strings that lie somewhere else in native memory, with a binary search.</summary>
internal sealed unsafe class NameList : IDisposable
{
    private struct Entry
    {
        public byte* Data;
        public int Length;
    }

    private readonly NativeBuffer entries = new();

    public int Count => (int)(entries.Length / sizeof(Entry));

    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            Entry entry = ((Entry*)entries.Data)[index];
            return new ReadOnlySpan<byte>(entry.Data, entry.Length);
        }
    }

    /// <summary>Adds a string; false when it does not come behind the last one.</summary>
    public bool TryAdd(byte* data, int length)
    {
        if (Count > 0 && this[Count - 1].SequenceCompareTo(new ReadOnlySpan<byte>(data, length)) >= 0)
        {
            return false;
        }

        *(Entry*)entries.Reserve(sizeof(Entry)) = new Entry { Data = data, Length = length };
        entries.Commit(sizeof(Entry));
        return true;
    }

    /// <summary>The index of a string, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name) => Find(name, isFolded: false);

    /// <summary>The index of a table name that is folded on the way, or -1.</summary>
    public int FindFolded(ReadOnlySpan<byte> name) => Find(name, isFolded: true);

    public void Dispose() => entries.Dispose();

    /// <summary>Inlined, so that each caller has its comparison alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(ReadOnlySpan<byte> name, bool isFolded)
    {
        int low = 0;
        int high = Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = isFolded ? FoldedName.Compare(name, this[middle]) : name.SequenceCompareTo(this[middle]);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }

        return -1;
    }
}
