using System.Runtime.InteropServices;
using ChunkSync.Changes;
using ChunkSync.Format;

namespace ChunkSync.Tests.Chunks;

/// <summary>A stream of changes from a plain list, without SQLite: what cuts chunks can be tested alone.</summary>
internal sealed unsafe class ListSource : IChangeSource, IDisposable
{
    private readonly List<ChangeRow> changes = [];
    private readonly List<nint> memory = [];

    /// <summary>The values' addresses; a change that is to be read in pieces does not show its own.</summary>
    private readonly List<nint> values = [];
    private int current = -1;

    /// <summary>The number of changes.</summary>
    public int Count => changes.Count;

    /// <summary>How often a checksum had to be computed anew.</summary>
    public int ChecksumsStored { get; private set; }

    public ref readonly ChangeRow Current => ref CollectionsMarshal.AsSpan(changes)[current];

    public int TableOrder => 0;

    public ref readonly ChangeRow this[int index] => ref CollectionsMarshal.AsSpan(changes)[index];

    /// <summary>Appends a change of table t, column c, whose whole encoding has so many bytes, or one less where the width of
    /// the value's length leaves no such size; the value is a BLOB.</summary>
    /// <param name="size">The encoded size of the row; at least 100.</param>
    /// <param name="dbVersion">Its db_version.</param>
    /// <param name="seq">Its seq.</param>
    /// <param name="inPieces">Whether the value is only to be had in pieces.</param>
    public void Add(long size, long dbVersion, long seq, bool inPieces = false)
    {
        ChangeRow change = New(dbVersion, seq, WireKind.Blob);
        change.Value.Length = size - ChangeRowCodec.SizeOf(change);
        while (ChangeRowCodec.SizeOf(change) > size)
        {
            change.Value.Length--;
        }

        byte[] data = new byte[change.Value.Length];
        new Random((int)(size ^ (changes.Count * 7919))).NextBytes(data);
        byte* value = Copy(data);
        change.Value.Data = inPieces ? null : value;
        values.Add((nint)value);
        changes.Add(change);
    }

    /// <summary>Appends a change with a value that cannot be cut and a key of so many bytes.</summary>
    public void AddNumber(int keyLength, long dbVersion, long seq)
    {
        ChangeRow change = New(dbVersion, seq, WireKind.Integer);
        change.Key = Copy(new byte[keyLength]);
        change.KeyLength = keyLength;
        values.Add(0);
        changes.Add(change);
    }

    /// <summary>Goes to the first change at or behind a position.</summary>
    public void Seek(long dbVersion, long seq)
    {
        current = changes.FindIndex(change => (change.DbVersion, change.Seq).CompareTo((dbVersion, seq)) >= 0);
        current = (current < 0 ? changes.Count : current) - 1;
    }

    public bool MoveNext()
    {
        current++;
        return current < changes.Count;
    }

    public void ReadData(long offset, byte* target, int length) => Data(current).Slice((int)offset, length).CopyTo(new Span<byte>(target, length));

    public bool TryRecallChecksum(out ulong checksum)
    {
        checksum = 0;
        return false;
    }

    public void RememberChecksum(ulong checksum) => ChecksumsStored++;

    /// <summary>The bytes of a value.</summary>
    public ReadOnlySpan<byte> Data(int index) => new((byte*)values[index], (int)changes[index].Value.Length);

    public void Dispose()
    {
        foreach (nint block in memory)
        {
            NativeMemory.Free((void*)block);
        }
    }

    private ChangeRow New(long dbVersion, long seq, WireKind kind) => new()
    {
        Table = Copy("t"u8),
        TableLength = 1,
        Key = Copy(BitConverter.GetBytes(changes.Count)),
        KeyLength = 4,
        Column = Copy("c"u8),
        ColumnLength = 1,
        Value = new WireValue { Kind = kind },
        ColumnVersion = 1,
        DbVersion = dbVersion,
        Seq = seq,
        Site = Copy(new byte[16]),
        SiteLength = 16,
        CausalLength = 1,
    };

    private byte* Copy(ReadOnlySpan<byte> bytes)
    {
        byte* copy = (byte*)NativeMemory.Alloc((nuint)Math.Max(bytes.Length, 1));
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        memory.Add((nint)copy);
        return copy;
    }
}
