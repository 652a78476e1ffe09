using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>Puts operations of equal stamps into the order of their content. A faulty or copied site makes them; there may be many.</summary>
internal sealed unsafe class StampGroups(ITreeStore store) : IDisposable
{
    private readonly NativeBuffer content = new();
    private readonly NativeBuffer keys = new();
    private readonly NativeBuffer sorted = new();

    /// <summary>A row of a group and its content.</summary>
    private struct Key
    {
        public long Start;
        public long Length;
        public LogRow Row;
    }

    /// <summary>Sorts each group of a page that is ordered by stamp.</summary>
    public void Sort(LogPage page)
    {
        for (int first = 0; first < page.Count;)
        {
            int end = first + 1;
            while (end < page.Count && page[end].Operation.Stamp == page[first].Operation.Stamp)
            {
                end++;
            }

            if (end - first > 1)
            {
                Sort(page, first, end);
            }

            first = end;
        }
    }

    /// <summary>The order of two operations, by stamp and content.</summary>
    public int Compare(in TreeOperation left, in TreeOperation right)
    {
        int order = left.Stamp.CompareTo(right.Stamp);
        if (order != 0 || left == right)
        {
            return order;
        }

        content.Clear();
        store.AppendContent(left, content);
        int length = checked((int)content.Length);
        store.AppendContent(right, content);
        ReadOnlySpan<byte> both = content.Bytes;
        return both[..length].SequenceCompareTo(both[length..]);
    }

    public void Dispose()
    {
        content.Dispose();
        keys.Dispose();
        sorted.Dispose();
    }

    private void Sort(LogPage page, int first, int end)
    {
        content.Clear();
        keys.Clear();
        for (int i = first; i < end; i++)
        {
            Key* key = (Key*)keys.Reserve(sizeof(Key));
            key->Start = content.Length;
            key->Row = page[i];
            store.AppendContent(page[i].Operation, content);
            key->Length = content.Length - key->Start;
            keys.Commit(sizeof(Key));
        }

        Key* all = Merge(end - first);
        for (int i = first; i < end; i++)
        {
            page[i] = all[i - first].Row;
        }
    }

    /// <summary>A merge sort from the bottom: no recursion, and no worst case that a hostile group could look for.</summary>
    private Key* Merge(int count)
    {
        Key* from = (Key*)keys.Data;
        Key* to = (Key*)sorted.Allocate(count * (long)sizeof(Key));
        for (long width = 1; width < count; width *= 2)
        {
            for (long low = 0; low < count; low += 2 * width)
            {
                long middle = Math.Min(low + width, count);
                long high = Math.Min(low + (2 * width), count);
                long left = low;
                long right = middle;
                for (long target = low; target < high; target++)
                {
                    bool takesLeft = left < middle && (right >= high || Order(from[left], from[right]) <= 0);
                    to[target] = takesLeft ? from[left++] : from[right++];
                }
            }

            Key* swap = from;
            from = to;
            to = swap;
        }

        return from;
    }

    private int Order(in Key left, in Key right)
    {
        Check.That(left.Start >= 0 && right.Start + right.Length <= content.Length);
        return new ReadOnlySpan<byte>(content.Data + left.Start, (int)left.Length).SequenceCompareTo(new ReadOnlySpan<byte>(content.Data + right.Start, (int)right.Length));
    }
}
