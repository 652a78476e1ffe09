using System.Text;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>One row of a fragment payload (format B.1), checked: it says which value it belongs to, and where in it.</summary>
internal unsafe struct FragmentRow
{
    /// <summary>The longest value that a fragment may announce: SQLite's own limit is below.</summary>
    private const long MaxTotalSize = int.MaxValue;

    /// <summary>The change that the whole value belongs to, with the real column name and no value.</summary>
    public ChangeRow Change;

    /// <summary>32 hex digits.</summary>
    public string ValueId;

    /// <summary>16 hex digits.</summary>
    public string Checksum;
    public long PartIndex;
    public long PartCount;
    public long TotalSize;

    /// <summary>The length of every part but the last, as this part implies it.</summary>
    public long PartSize;
    public byte* Data;
    public long DataLength;

    /// <summary>Reads and checks the next row.</summary>
    /// <exception cref="EngineException">SQLITE_MISUSE with the check's message.</exception>
    public static FragmentRow Read(ref ValueReader reader, uint number)
    {
        if (!ChangeRowCodec.TryReadExact(ref reader, out ChangeRow change, out ChangeRowFault fault))
        {
            throw PayloadErrors.Malformed("invalid v3 payload row"
                + (fault.Defect == ChangeRowDefect.Undecodable ? $" {number} at offset {fault.Offset}" : ""));
        }

        if (change.Value.Kind != WireKind.Blob || change.Value.Length == 0)
        {
            throw PayloadErrors.Malformed("invalid v3 payload row");
        }

        FragmentRow row = new() { Change = change, Data = change.Value.Data, DataLength = change.Value.Length };
        row.Change.Value = default;
        row.ReadName(change.ColumnName, change.Column);
        ChangeNumbers.Check(row.Change, PayloadErrors.Operation);
        return row;
    }

    private void ReadName(ReadOnlySpan<byte> text, byte* address)
    {
        if (!FragmentName.TryParse(text, out FragmentName name) || name.TotalSize < 1 || name.TotalSize > MaxTotalSize
            || name.PartCount > name.TotalSize)
        {
            throw PayloadErrors.Malformed("invalid v3 fragment metadata");
        }

        ValueId = Encoding.ASCII.GetString(name.ValueId);
        Checksum = Encoding.ASCII.GetString(name.Checksum);
        PartIndex = name.PartIndex;
        PartCount = name.PartCount;
        TotalSize = name.TotalSize;
        Change.Column = address + (text.Length - name.Column.Length);
        Change.ColumnLength = name.Column.Length;
        if (!ulong.TryParse(Checksum, System.Globalization.NumberStyles.AllowHexSpecifier, null, out ulong checksum))
        {
            throw PayloadErrors.Malformed("invalid v3 fragment metadata");
        }

        FragmentIdentity identity = FragmentIdentity.Of(
            Change.TableName, Change.KeyBlob, name.Column, Change.SiteId, Change.ColumnVersion, Change.DbVersion,
            Change.CausalLength, Change.Seq, checksum, TotalSize);
        if (ValueId != identity.High.ToString("x16") + identity.Low.ToString("x16") || Checksum != checksum.ToString("x16"))
        {
            throw PayloadErrors.Malformed("invalid v3 fragment identity");
        }

        CheckPlace();
    }

    /// <summary>A part of a cut has the cut's size, the last one what is left.</summary>
    private void CheckPlace()
    {
        PartSize = StagedParts.PartSize(PartCount, PartIndex, DataLength, TotalSize);
        bool fits = PartSize > 0 && (PartCount - 1) * PartSize < TotalSize && TotalSize <= PartCount * PartSize
            && DataLength == Math.Min(PartSize, TotalSize - (PartIndex * PartSize));
        if (!fits)
        {
            throw PayloadErrors.BadFragment($"part {PartIndex} of {PartCount} of value {ValueId},"
                + $" {TotalSize} bytes in all, has {DataLength} bytes");
        }
    }
}
