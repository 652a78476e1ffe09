using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>One change of another , as it came: addresses belong to the payload or to the arguments of an INSERT.</summary>
internal unsafe struct IncomingChange
{
    public byte* Table;
    public int TableLength;
    public byte* Key;
    public int KeyLength;

    /// <summary>The column's name; null for the sentinel.</summary>
    public byte* Column;
    public int ColumnLength;
    public WireValue Value;
    public long ColumnVersion;
    public long DbVersion;
    public byte* Site;
    public int SiteLength;
    public long CausalLength;
    public long Seq;

    public readonly ReadOnlySpan<byte> TableName => new(Table, TableLength);

    public readonly ReadOnlySpan<byte> KeyBlob => new(Key, KeyLength);

    public readonly ReadOnlySpan<byte> ColumnName => new(Column, ColumnLength);

    public readonly ReadOnlySpan<byte> SiteId => new(Site, SiteLength);

    /// <summary>Whether the change is about the row as a whole.</summary>
    public readonly bool IsSentinel => Column == null || ColumnName.SequenceEqual(SentinelColumn.Utf8);

    /// <summary>The seq that is stored.</summary>
    public readonly long StoredSeq => Math.Clamp(Seq, 0, VersionLimits.MaxSeq);

    /// <summary>Refuses a change whose numbers would end the clocks that take them.</summary>
    /// <param name="operation">What the message begins with.</param>
    /// <exception cref="EngineException">Names the field, the table and the value.</exception>
    public readonly void CheckNumbers(string operation)
    {
        if (DbVersion < VersionLimits.DbVersionEnd && (ulong)ColumnVersion < VersionLimits.ColumnVersionEnd
            && (ulong)CausalLength <= VersionLimits.MaxCausalLength)
        {
            return;
        }

        (string field, long value, string rule) = this switch
        {
            { DbVersion: >= VersionLimits.DbVersionEnd } => ("db_version", DbVersion, "below " + VersionLimits.DbVersionEnd),
            { ColumnVersion: < 0 or >= VersionLimits.ColumnVersionEnd } =>
                ("col_version", ColumnVersion, "from 0 to " + (VersionLimits.ColumnVersionEnd - 1)),
            _ => ("cl", CausalLength, "from 0 to " + VersionLimits.MaxCausalLength),
        };
        throw new EngineException(
            ResultCode.Error, $"{operation}: {field} of a change of table {TableText} is {value}, it must be {rule}");
    }

    private readonly string TableText => System.Text.Encoding.UTF8.GetString(TableName);
}
