using ChunkSync.Format;
using ChunkSync.Tests.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A change as nobody honest sends it, and the ways in which it can come.</summary>
internal sealed record ForgedChange(
    string Table, string Key, string? Column, object? Value, object? ColumnVersion, object? DbVersion, object? CausalLength, object? Seq)
{
    public static readonly byte[] Site = [.. Enumerable.Repeat((byte)0xEE, 16)];

    /// <summary>The nine values of its row.</summary>
    private object?[] Fields(Database database) =>
        [Table, database.Scalar("SELECT cloudsync_pk_encode(?)", Key), Column, Value, ColumnVersion, DbVersion, Site, CausalLength, Seq];

    /// <summary>Merges it by an INSERT.</summary>
    public void Insert(Database database) =>
        database.Run("INSERT INTO cloudsync_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", Fields(database));

    /// <summary>A payload with this change alone, made with a database that has the table.</summary>
    public byte[] Payload(Database database) =>
        (byte[])database.Scalar("SELECT cloudsync_payload_encode(?, ?, ?, ?, ?, ?, ?, ?, ?)", Fields(database))!;

    /// <summary>A payload with this change as the only part of a long value; its numbers are integers.</summary>
    public byte[] Fragment(Database database)
    {
        object?[] fields = Fields(database);
        byte[] encoded = Wire.Encode(Value);
        FragmentIdentity identity = FragmentIdentity.Of(
            System.Text.Encoding.UTF8.GetBytes(Table), (byte[])fields[1]!, System.Text.Encoding.UTF8.GetBytes(Column!), Site, (long)ColumnVersion!,
            (long)DbVersion!, (long)CausalLength!, (long)Seq!, Fnv1a64.Of(encoded), encoded.Length);
        fields[2] = $"__cloudsync_frag_v1__:{identity.High:x16}{identity.Low:x16}:{identity.Checksum:x16}:0:1:{encoded.Length}:{Column}";
        fields[3] = encoded;
        byte[] payload = (byte[])database.Scalar("SELECT cloudsync_payload_encode(?, ?, ?, ?, ?, ?, ?, ?, ?)", fields)!;
        payload[4] = ContainerHeader.FragmentVersion;
        return payload;
    }
}
