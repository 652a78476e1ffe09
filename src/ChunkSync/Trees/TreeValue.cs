using ChunkSync.Format;
using ChunkSync.Frontier;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Keys and positions between SQLite and the bytes that the engine compares (format A.4).</summary>
internal static unsafe class TreeValue
{
    /// <summary>Whether a value may be a key: no REAL, and not too long.</summary>
    public static bool IsKey(Value value) => value.Type is StorageClass.Integer || (value.Type is StorageClass.Text or StorageClass.Blob && Fits(value));

    /// <summary>Whether a value may be a position.</summary>
    public static bool Fits(Value value) => value.Type is not (StorageClass.Text or StorageClass.Blob) || Length(value) <= TreeLimits.MaxValue;

    /// <summary>Whether an operation never counts, on any replica.</summary>
    public static bool IsVoid(Value lamport, Value siteId, Value node, Value parent, Value position) =>
        lamport.Type != StorageClass.Integer || lamport.Int64 is < -TreeLimits.Top or >= TreeLimits.Top
        || siteId.Type != StorageClass.Blob || siteId.Blob.Length != TreeLimits.SiteBytes
        || !IsKey(node) || !IsKey(parent) || !Fits(position);

    /// <summary>Appends a value's bytes to a buffer.</summary>
    public static void Append(NativeBuffer target, Value value)
    {
        WireValue wire = StoredValue.Read(value);
        byte* start = target.Reserve(ValueCodec.SizeOf(wire));
        target.Commit(ValueCodec.Write(start, wire));
    }

    /// <summary>A position: NULL and the empty blob are the same.</summary>
    public static TreePosition Position(PositionPool pool, Value value, NativeBuffer scratch)
    {
        if (value.IsNull || (value.Type == StorageClass.Blob && value.Blob.IsEmpty))
        {
            return TreePosition.Null;
        }

        scratch.Clear();
        Append(scratch, value);
        return pool.Intern(scratch.Bytes);
    }

    /// <summary>Binds a position.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="index">The parameter.</param>
    /// <param name="position">The position.</param>
    /// <param name="pool">Where long ones are.</param>
    /// <param name="nullAsBlob">Whether NULL is bound as the empty blob, as keys have it.</param>
    public static void Bind(Statement statement, int index, in TreePosition position, PositionPool pool, bool nullAsBlob)
    {
        ReadOnlySpan<byte> bytes = pool.Bytes(position, stackalloc byte[16]);
        if (bytes.IsEmpty)
        {
            _ = nullAsBlob ? statement.BindBlob(index, []) : statement.BindNull(index);
            return;
        }

        fixed (byte* data = bytes)
        {
            ValueReader reader = new(data, bytes.Length);
            Check.That(reader.TryRead(out _));
            reader = new ValueReader(data, bytes.Length);
            reader.TryRead(out WireValue value);
            StoredValue.BindCopy(statement, index, value);
        }
    }

    private static int Length(Value value) => value.Type == StorageClass.Text ? value.Text.Length : value.Blob.Length;
}
