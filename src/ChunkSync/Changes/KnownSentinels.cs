using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>The sentinels of one range of keys, all of them: a row of the range whose key is not here has none.</summary>
internal sealed unsafe class KnownSentinels : IDisposable
{
    /// <summary>The most that is remembered, in bytes.</summary>
    private const long MaxBytes = 1_048_576;

    /// <summary>A sentinel; its key follows.</summary>
    private struct Entry
    {
        public long CausalLength;
        public long KeyLength;
    }

    private readonly NativeBuffer from = new();
    private readonly NativeBuffer to = new();
    private readonly NativeBuffer entries = new();

    /// <summary>Where the entries are, as long integers; their keys ascend.</summary>
    private readonly NativeBuffer places = new();

    /// <summary>The key behind the range.</summary>
    public ReadOnlySpan<byte> End => to.Bytes;

    /// <summary>Whether there is no room for more.</summary>
    public bool IsFull => entries.Length > MaxBytes;

    /// <summary>Whether a key lies in the range.</summary>
    public bool Covers(ReadOnlySpan<byte> key) => key.SequenceCompareTo(to.Bytes) < 0 && key.SequenceCompareTo(from.Bytes) >= 0;

    /// <summary>Forgets everything: the range is empty, and begins with a key.</summary>
    public void Begin(ReadOnlySpan<byte> key)
    {
        Clear();
        from.Append(key);
        to.Append(key);
    }

    /// <summary>Forgets everything: no key lies in the range.</summary>
    public void Clear()
    {
        from.Clear();
        to.Clear();
        entries.Clear();
        places.Clear();
    }

    /// <summary>Adds the next sentinel. The range must end behind it before it is asked for.</summary>
    public void Add(ReadOnlySpan<byte> key, long causalLength)
    {
        long place = entries.Length;
        *(Entry*)entries.Reserve(sizeof(Entry)) = new Entry { CausalLength = causalLength, KeyLength = key.Length };
        entries.Commit(sizeof(Entry));
        entries.Append(key);
        entries.Commit(entries.Reserve(7) + (-entries.Length & 7));
        *(long*)places.Reserve(sizeof(long)) = place;
        places.Commit(sizeof(long));
    }

    /// <summary>The range goes on to a key, with no other sentinels than those that were added.</summary>
    public void ExtendTo(ReadOnlySpan<byte> end)
    {
        to.Clear();
        to.Append(end);
    }

    /// <summary>The causal length of a row in the range.</summary>
    public long CausalLength(ReadOnlySpan<byte> key)
    {
        long* place = (long*)places.Data;
        long low = 0;
        long high = (places.Length / sizeof(long)) - 1;
        while (low <= high)
        {
            long middle = (low + high) / 2;
            Entry* entry = (Entry*)(entries.Data + place[middle]);
            int order = key.SequenceCompareTo(new ReadOnlySpan<byte>(entry + 1, (int)entry->KeyLength));
            if (order == 0)
            {
                return entry->CausalLength;
            }

            (low, high) = order < 0 ? (low, middle - 1) : (middle + 1, high);
        }

        return 1;
    }

    public void Dispose()
    {
        from.Dispose();
        to.Dispose();
        entries.Dispose();
        places.Dispose();
    }
}
