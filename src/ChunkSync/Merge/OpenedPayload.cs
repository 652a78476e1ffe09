using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>A payload that has passed all checks (behaviour G.2): its header, and its rows uncompressed. Nothing is written before, and
/// no memory is taken that the payload's own length does not justify.</summary>
internal sealed unsafe class OpenedPayload : IDisposable
{
    /// <summary>An LZ4 block grows at most by this factor, plus <see cref="ExpansionSlack"/>.</summary>
    private const long MaxExpansion = 255;
    private const long ExpansionSlack = 64;

    private const string Prefix = "Error on cloudsync_payload_apply: ";

    private byte* expanded;

    private OpenedPayload(ContainerHeader header) => Header = header;

    public ContainerHeader Header { get; }

    /// <summary>The uncompressed rows.</summary>
    public byte* Body { get; private set; }

    public long BodyLength { get; private set; }

    /// <summary>Checks and uncompresses a payload. The bytes must stay in place while it is open.</summary>
    /// <exception cref="EngineException">SQLITE_MISUSE with the check's message.</exception>
    public static OpenedPayload Open(SyncSession session, TableCatalog catalog, byte* data, long length)
    {
        if (length < ContainerHeader.Length)
        {
            throw Failure("Error on cloudsync_payload_decode: invalid input size.");
        }

        if (!session.IsInitialized)
        {
            throw SyncSession.NotInitialized("before calling cloudsync_payload_apply().", ResultCode.Misuse);
        }

        ContainerHeader header = ContainerHeader.Read(new ReadOnlySpan<byte>(data, ContainerHeader.Length));
        CheckSchema(session, catalog, header);
        if (!header.HasMagic || header.Columns == 0)
        {
            throw Failure(Prefix + "invalid signature or column size");
        }

        if (header.Version is < ContainerHeader.LegacyVersion or > ContainerHeader.FragmentVersion)
        {
            throw Failure(Prefix + "unsupported payload version");
        }

        byte* stored = data + ContainerHeader.Length;
        long storedLength = length - ContainerHeader.Length;
        if (header.Version != ContainerHeader.LegacyVersion
            && ContainerHeader.Low48(Fnv1a64.Of(stored, storedLength)) != header.Checksum)
        {
            throw Failure(Prefix + "invalid checksum");
        }

        OpenedPayload payload = new(header) { Body = stored, BodyLength = storedLength };
        if (header.ExpandedSize != 0)
        {
            payload.Expand(stored, storedLength);
        }

        return payload;
    }

    public void Dispose()
    {
        Sqlite3.Free(expanded);
        expanded = null;
    }

    private static EngineException Failure(string message) => new(ResultCode.Misuse, message);

    private static void CheckSchema(SyncSession session, TableCatalog catalog, in ContainerHeader header)
    {
        if (header.Version != ContainerHeader.RowsVersion || (session.Settings.Integer(Settings.SkipSchemaHashCheck) ?? 0) != 0)
        {
            return;
        }

        if (!catalog.Schema.Knows((long)header.SchemaHash))
        {
            throw Failure($"Cannot apply the received payload because the schema hash is unknown {header.SchemaHash}. (As"
                + $" cloudsync_schema_versions stores it {(long)header.SchemaHash}; the newest here is {catalog.Schema.CurrentHash()})");
        }
    }

    private void Expand(byte* stored, long storedLength)
    {
        long size = Header.ExpandedSize;
        if (size > PayloadContainer.MaxBody || size > (MaxExpansion * storedLength) + ExpansionSlack || storedLength > int.MaxValue)
        {
            throw Failure(Prefix + "declared expanded size is inconsistent with the compressed payload");
        }

        expanded = Sqlite3.Allocate(size);
        if (Lz4.Decompress(stored, (int)storedLength, expanded, (int)size) != size)
        {
            Dispose();
            throw Failure(Prefix + "unable to decompress BLOB");
        }

        Body = expanded;
        BodyLength = size;
    }
}
