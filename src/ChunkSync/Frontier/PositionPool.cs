using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>The positions of one fold that are too long to be kept in place, each once. Bytes are those of a value in a key (format A.4); no bytes
/// are NULL.</summary>
internal sealed unsafe class PositionPool : IDisposable
{
    private const int FirstSlots = 64;

    /// <summary>Bytes up to which nothing is looked for that is not needed any more.</summary>
    private const long SmallSize = 16 << 20;

    private readonly NativeBuffer slots = new();
    private NativeBuffer bytes = new();
    private NativeBuffer starts = new();
    private NativeBuffer? oldBytes;
    private NativeBuffer? oldStarts;
    private long sizeBehindCompaction;
    private int oldCount;
    private int count;
    private long slotCount;

    /// <summary>Bytes of all of them.</summary>
    public long Size => bytes.Length;

    /// <summary>The position of encoded bytes.</summary>
    public TreePosition Intern(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length <= TreePosition.MaxInPlace)
        {
            return TreePosition.InPlace(encoded);
        }

        if (count * 2 >= slotCount)
        {
            Grow();
        }

        int* slot = Slot(encoded);
        if (*slot == 0)
        {
            *(long*)starts.Reserve(sizeof(long)) = bytes.Length;
            bytes.Append(encoded);
            starts.Commit(sizeof(long));
            count++;
            *slot = count;
        }

        return TreePosition.InPool(*slot - 1);
    }

    /// <summary>The bytes of a position.</summary>
    /// <param name="position">The position, of this pool.</param>
    /// <param name="room">At least 16 bytes, for those that are kept in place.</param>
    public ReadOnlySpan<byte> Bytes(in TreePosition position, Span<byte> room) =>
        position.IsPooled ? Pooled(position.Number) : room[..position.Write(room)];

    /// <summary>Whether so much has been added that some of it may not be needed any more.</summary>
    public bool IsWorthCompacting => Size > SmallSize && Size > 2 * sizeBehindCompaction;

    /// <summary>Begins to forget the positions that <see cref="Move"/> is not asked for.</summary>
    public void BeginCompaction()
    {
        (oldBytes, oldStarts, oldCount) = (bytes, starts, count);
        bytes = new NativeBuffer();
        starts = new NativeBuffer();
        Clear();
    }

    /// <summary>What an old position is from now on.</summary>
    public TreePosition Move(in TreePosition old) => old.IsPooled ? Intern(Pooled(old.Number, oldBytes!, oldStarts!, oldCount)) : old;

    /// <summary>Ends it.</summary>
    public void EndCompaction()
    {
        oldBytes!.Dispose();
        oldStarts!.Dispose();
        oldBytes = null;
        oldStarts = null;
        sizeBehindCompaction = Size;
    }

    /// <summary>Forgets all of them. Positions that were given out are worth nothing then.</summary>
    public void Clear()
    {
        bytes.Clear();
        starts.Clear();
        count = 0;
        NativeMemory.Clear(slots.Data, (nuint)(slotCount * sizeof(int)));
    }

    public void Dispose()
    {
        bytes.Dispose();
        starts.Dispose();
        slots.Dispose();
        oldBytes?.Dispose();
        oldStarts?.Dispose();
        count = 0;
        slotCount = 0;
    }

    private ReadOnlySpan<byte> Pooled(int number) => Pooled(number, bytes, starts, count);

    private static ReadOnlySpan<byte> Pooled(int number, NativeBuffer bytes, NativeBuffer starts, int count)
    {
        Check.That(number >= 0 && number < count);
        long* start = (long*)starts.Data + number;
        long end = number + 1 < count ? start[1] : bytes.Length;
        return new(bytes.Data + *start, (int)(end - *start));
    }

    private int* Slot(ReadOnlySpan<byte> encoded)
    {
        int* table = (int*)slots.Data;
        long at = (long)(Fnv1a64.Of(encoded) % (ulong)slotCount);
        while (table[at] != 0 && !Pooled(table[at] - 1).SequenceEqual(encoded))
        {
            at = at + 1 == slotCount ? 0 : at + 1;
        }

        return table + at;
    }

    private void Grow()
    {
        long grown = Math.Max(FirstSlots, slotCount * 2);
        byte* memory = slots.Allocate(grown * sizeof(int));
        NativeMemory.Clear(memory, (nuint)(grown * sizeof(int)));
        slotCount = grown;
        for (int i = 0; i < count; i++)
        {
            *Slot(Pooled(i)) = i + 1;
        }
    }
}
