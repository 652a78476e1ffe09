using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>A payload that has passed all checks (behaviour G.2): its header, and its rows uncompressed. Nothing is written before, and
/// no memory is taken that the payload's own length does not justify.</summary>
internal sealed unsafe class OpenedPayload : IDisposable
{
    private readonly NativeBuffer expanded = new();

    private OpenedPayload(ContainerHeader header) => Header = header;

    public ContainerHeader Header { get; }

    /// <summary>The uncompressed rows.</summary>
    public byte* Body { get; private set; }

    public long BodyLength { get; private set; }

    /// <summary>Whether all rows have been decoded and checked: set by who has done that, so that it is not done twice.</summary>
    public bool HasCheckedRows { get; set; }

    /// <summary>Its rows, from the first on.</summary>
    public RowReader Rows => new(this);

    /// <summary>Checks and uncompresses a payload. The bytes must stay in place while it is open.</summary>
    /// <exception cref="EngineException">SQLITE_MISUSE with the check's message.</exception>
    /// <param name="session">The session.</param>
    /// <param name="catalog">The tables.</param>
    /// <param name="data">The payload.</param>
    /// <param name="length">Its length.</param>
    /// <param name="byNames">Whether the schema may be another, where the settings do not say.</param>
    public static OpenedPayload Open(SyncSession session, TableCatalog catalog, byte* data, long length, bool byNames)
    {
        ReadOnlySpan<byte> start = new(data, (int)Math.Min(length, ContainerHeader.Length));
        PayloadDefects defects = PayloadBody.ReadHeader(start, length, out ContainerHeader header);
        if (defects == PayloadDefects.TooShort)
        {
            throw PayloadErrors.NoPayload("invalid input size.");
        }

        if (!session.IsInitialized)
        {
            throw SyncSession.NotInitialized("before calling cloudsync_payload_apply().", ResultCode.Misuse);
        }

        CheckSchema(session, catalog, header, byNames);
        if ((defects & (PayloadDefects.NoSignature | PayloadDefects.NoColumns)) != 0)
        {
            throw PayloadErrors.Malformed("invalid signature or column size");
        }

        if ((defects & PayloadDefects.UnknownVersion) != 0)
        {
            throw PayloadErrors.Malformed("unsupported payload version");
        }

        OpenedPayload payload = new(header);
        payload.ReadBody(data, length);
        return payload;
    }

    /// <summary>Whether all rows can be decoded, and their numbers be taken: nothing is applied of a payload where one cannot. Does nothing
    /// when they were checked before.</summary>
    /// <exception cref="EngineException">Names the row and the byte offset in the uncompressed body, or the field and its value.</exception>
    public void CheckRows()
    {
        if (HasCheckedRows)
        {
            return;
        }

        RowReader rows = Rows;
        for (uint i = 0; i < Header.Rows; i++)
        {
            rows.Read(out ChangeRow change);
            ChangeNumbers.Check(change, PayloadErrors.Operation);
        }

        HasCheckedRows = true;
    }

    public void Dispose() => expanded.Dispose();

    private void ReadBody(byte* data, long length)
    {
        PayloadDefects defect = PayloadBody.Open(Header, data, length, verify: true, expanded, out PayloadBody body);
        if (defect != PayloadDefects.None)
        {
            Dispose();
            throw PayloadErrors.Malformed(defect switch
            {
                PayloadDefects.Checksum => "invalid checksum",
                PayloadDefects.ExpandedSize => "declared expanded size is inconsistent with the compressed payload",
                _ => "unable to decompress BLOB",
            });
        }

        Body = body.Data;
        BodyLength = body.Length;
    }

    private static void CheckSchema(SyncSession session, TableCatalog catalog, in ContainerHeader header, bool byNames)
    {
        if (header.Version != ContainerHeader.RowsVersion || session.Settings.MatchesNames(byNames))
        {
            return;
        }

        if (!catalog.Schema.Knows((long)header.SchemaHash))
        {
            throw Errors.Misuse($"Cannot apply the received payload because the schema hash is unknown {header.SchemaHash}. (As"
                + $" cloudsync_schema_versions stores it {(long)header.SchemaHash}; the newest here is {catalog.Schema.CurrentHash()})").As(FailureKind.Schema);
        }
    }

    /// <summary>The change rows, one after the other. A copy of it goes on from the same row.</summary>
    public struct RowReader(OpenedPayload payload)
    {
        private ValueReader reader = new(payload.Body, payload.BodyLength);
        private long row;

        /// <summary>Where the next row lies.</summary>
        public readonly byte* At => payload.Body + reader.Offset;

        /// <summary>Reads the next row.</summary>
        /// <exception cref="EngineException">The row is malformed.</exception>
        public void Read(out ChangeRow change)
        {
            if (!ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Merge, out change, out ChangeRowFault fault))
            {
                throw PayloadErrors.BadRow(fault, row);
            }

            row++;
        }
    }
}
