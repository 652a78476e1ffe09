using System.Buffers.Binary;

namespace ChunkSync.Tests.Consistency;

/// <summary>The keys of a table's rows as pk blobs (format H), sorted by their bytes, in one buffer that is used again.</summary>
internal sealed class EncodedKeys
{
    private readonly List<(int Offset, int Length, bool IsOutside)> entries = [];
    private byte[] bytes = new byte[256];
    private int used;
    private int start;

    /// <summary>The number of keys.</summary>
    public int Count => entries.Count;

    /// <summary>The i-th key in byte order, after <see cref="Sort"/>.</summary>
    public ReadOnlySpan<byte> this[int index] => bytes.AsSpan(entries[index].Offset, entries[index].Length);

    /// <summary>Whether the i-th row is outside the table's filter.</summary>
    public bool IsOutside(int index) => entries[index].IsOutside;

    public void Clear()
    {
        entries.Clear();
        used = 0;
    }

    /// <summary>Begins a key of so many columns.</summary>
    public void Begin(int columns)
    {
        start = used;
        Put((byte)columns);
    }

    /// <summary>Ends a key.</summary>
    public void End(bool isOutside) => entries.Add((start, used - start, isOutside));

    public void AddNull() => Put(5);

    public void AddInteger(long value)
    {
        if (value == long.MinValue)
        {
            Put(6);
            return;
        }

        AddCounted(value < 0 ? 0 : 1, (ulong)Math.Abs(value));
    }

    public void AddReal(double value)
    {
        Put(value < 0 ? (byte)7 : (byte)2);
        BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value < 0 ? -value : value);
        used += 8;
    }

    public void AddText(ReadOnlySpan<byte> utf8) => AddBytes(3, utf8);

    public void AddBlob(ReadOnlySpan<byte> blob) => AddBytes(4, blob);

    public void Sort()
    {
        byte[] data = bytes;
        for (int i = 1; i < entries.Count; i++)
        {
            if (this[i - 1].SequenceCompareTo(this[i]) > 0)
            {
                entries.Sort((left, right) =>
                    data.AsSpan(left.Offset, left.Length).SequenceCompareTo(data.AsSpan(right.Offset, right.Length)));
                return;
            }
        }
    }

    private void AddBytes(int kind, ReadOnlySpan<byte> data)
    {
        AddCounted(kind, (ulong)data.Length);
        data.CopyTo(Room(data.Length));
        used += data.Length;
    }

    private void AddCounted(int kind, ulong number)
    {
        int count = Math.Max(1, (71 - System.Numerics.BitOperations.LeadingZeroCount(number)) / 8);
        Put((byte)((count << 3) | kind));
        for (int i = count - 1; i >= 0; i--)
        {
            Put((byte)(number >> (8 * i)));
        }
    }

    private void Put(byte value)
    {
        Room(1)[0] = value;
        used++;
    }

    private Span<byte> Room(int length)
    {
        if (bytes.Length - used < length)
        {
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, used + length));
        }

        return bytes.AsSpan(used, length);
    }
}
