using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Collects the distinct names of a payload for its index. Once they are longer than an index takes, nothing more is kept: the block
/// is left out.</summary>
internal sealed unsafe class DistinctNames(bool fold) : IDisposable
{
    private struct Name
    {
        public int Offset;
        public int Length;
    }

    private readonly NativeBuffer bytes = new();
    private readonly NativeBuffer names = new();
    private int last = -1;
    private bool isTooLong;

    private int Count => (int)(names.Length / sizeof(Name));

    /// <summary>Adds a name, unless it is there.</summary>
    public void Add(ReadOnlySpan<byte> name)
    {
        if (isTooLong || (last >= 0 && Same(last, name)))
        {
            return;
        }

        for (int i = 0; i < Count; i++)
        {
            if (Same(i, name))
            {
                last = i;
                return;
            }
        }

        // Every name takes two bytes of header at least.
        if (bytes.Length + name.Length + (2L * (Count + 1)) > PayloadIndexFormat.MaxNames)
        {
            isTooLong = true;
            return;
        }

        last = Count;
        *(Name*)names.Reserve(sizeof(Name)) = new Name { Offset = (int)bytes.Length, Length = name.Length };
        names.Commit(sizeof(Name));
        byte* target = bytes.Reserve(name.Length);
        name.CopyTo(new Span<byte>(target, name.Length));
        if (fold)
        {
            FoldedName.Write(target, target, name.Length);
        }

        bytes.Commit((long)name.Length);
    }

    /// <summary>Sorts the names; false when their encodings are longer than <paramref name="limit"/>.</summary>
    public bool TrySort(int limit, out long size)
    {
        size = 0;
        Span<Name> all = new(names.Data, Count);
        foreach (Name name in all)
        {
            size += ValueCodec.SizeOfBytes(name.Length);
        }

        all.Sort((left, right) => Bytes(left).SequenceCompareTo(Bytes(right)));
        return !isTooLong && size <= limit;
    }

    /// <summary>Appends the names as BLOBs of format A.4.</summary>
    public void WriteTo(NativeBuffer target)
    {
        foreach (Name name in new Span<Name>(names.Data, Count))
        {
            byte* at = target.Reserve(ValueCodec.MaxHeader + (long)name.Length);
            target.Commit(ValueCodec.WriteBytes(at, ValueCodec.Blob, bytes.Data + name.Offset, name.Length));
        }
    }

    public void Dispose()
    {
        bytes.Dispose();
        names.Dispose();
    }

    private ReadOnlySpan<byte> Bytes(Name name) => new(bytes.Data + name.Offset, name.Length);

    private bool Same(int index, ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> known = Bytes(((Name*)names.Data)[index]);
        return fold ? known.Length == name.Length && FoldedName.Compare(name, known) == 0 : known.SequenceEqual(name);
    }
}
