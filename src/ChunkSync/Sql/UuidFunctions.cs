using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions around UUIDs (behaviour I).</summary>
internal static unsafe class UuidFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_uuid", 0, &Create)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "A new UUID version 7 as text with dashes.",
            Example = "SELECT cloudsync_uuid()",
        },
        new("cloudsync_uuid_text", 1, &ToText)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "A 16-byte BLOB as UUID text.",
            Example = "SELECT cloudsync_uuid_text(cloudsync_siteid())",
        },
        new("cloudsync_uuid_text", 2, &ToText)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "A 16-byte BLOB as UUID text, without dashes when the second argument is 0.",
            Example = "SELECT cloudsync_uuid_text(cloudsync_siteid(), 0)",
        },
        new("cloudsync_uuid_blob", 1, &ToBlob)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "UUID text as a 16-byte BLOB.",
            Example = "SELECT hex(cloudsync_uuid_blob('0190a5b0-c0de-7111-a222-333344445555'))",
        },
    ];

    private static void Create(in Call call)
    {
        Span<byte> id = stackalloc byte[Uuid7.Length];
        Uuid7.Create(id);
        call.Return(Uuid7.Format(id, dashes: true));
    }

    private static void ToText(in Call call)
    {
        Value id = call[0];
        if (id.IsNull)
        {
            call.ReturnNull();
            return;
        }

        if (id.Type != StorageClass.Blob || id.Blob.Length != Uuid7.Length)
        {
            throw Errors.Refused("cloudsync_uuid_text: expected a 16-byte BLOB.");
        }

        call.Return(Uuid7.Format(id.Blob, dashes: call.Count < 2 || call[1].Int64 != 0));
    }

    private static void ToBlob(in Call call)
    {
        if (call[0].IsNull)
        {
            call.ReturnNull();
            return;
        }

        Span<byte> id = stackalloc byte[Uuid7.Length];
        if (!Uuid7.TryParse(call[0].Text, id))
        {
            throw Errors.Refused("cloudsync_uuid_blob: malformed UUID string.");
        }

        call.ReturnBlob(id);
    }
}
