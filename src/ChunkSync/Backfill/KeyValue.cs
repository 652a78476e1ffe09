using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>A key value as the roundings see it.</summary>
/// <param name="type">One of <see cref="StorageClass"/>.</param>
/// <param name="integer">The value of an INTEGER.</param>
/// <param name="real">The value of a REAL.</param>
/// <param name="bytes">The bytes of a TEXT or BLOB in the database's encoding.</param>
internal readonly ref struct KeyValue(int type, long integer, double real, ReadOnlySpan<byte> bytes)
{
    public int Type { get; } = type;

    public long Integer { get; } = integer;

    public double Real { get; } = real;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>Whether it is a number that is not infinite.</summary>
    public bool IsFinite => Type == StorageClass.Integer || (Type == StorageClass.Real && double.IsFinite(Real));

    /// <summary>Reads a value; it must stay in place as long as the result is used.</summary>
    public static KeyValue Of(Value value) => value.Type switch
    {
        StorageClass.Integer => new(StorageClass.Integer, value.Int64, 0, default),
        StorageClass.Real => new(StorageClass.Real, 0, value.Double, default),
        StorageClass.Null => new(StorageClass.Null, 0, 0, default),
        int type => new(type, 0, 0, value.Blob),
    };
}
