using ChunkSync.Receive;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that receive chunks in any order and know what is missing.</summary>
internal static unsafe class ReceiveFunctions
{
    private const string ForgetName = "cloudsync_receive_forget";

    private const string ReceiveSummary =
        "Applies a chunk like cloudsync_payload_apply(payload, 0) and records which part of the sender's stream has arrived, all or nothing."
        + " Arguments: payload (NULL with is_final 1: the sender found nothing), the sender's site_id, from_db_version, from_seq,"
        + " from_frag_offset (the cursor that the chunk was asked for with; (since_db_version + 1, 0, 0) for a window's first), and its"
        + " next_db_version, next_seq, next_frag_offset, is_final.";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_payload_receive", ReceiveRequest.ArgumentCount, &Receive)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = ReceiveSummary,
            Example = "SELECT cloudsync_payload_receive(?1, ?2, 1, 0, 0, ?3, ?4, ?5, ?6)",
        },
        new("cloudsync_receive_forget", 1, &Forget)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Forgets what has arrived from a sender, given by its site id; returns the number of ranges that were recorded.",
            Example = "SELECT cloudsync_receive_forget(?1)",
        },
        new("cloudsync_receive_forget", 3, &ForgetPosition)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Forgets what has arrived at one position (site_id, db_version, seq), so that it is asked for from its beginning: for"
                + " a sender that answers that resume_frag_offset is not a boundary there any more; returns 1 if something was recorded.",
            Example = "SELECT cloudsync_receive_forget(?1, 7, 3)",
        },
    ];

    private static void Receive(in Call call)
    {
        Value value = call[0];
        if (!value.IsNull && value.Type != StorageClass.Blob)
        {
            throw ReceiveRequest.Refused($"payload is {SqlText.Describe(value)}, it must be a BLOB");
        }

        ReceiveRequest request = ReceiveRequest.Read(call);
        if (value.IsNull && !request.IsFinal)
        {
            throw ReceiveRequest.Refused("payload is NULL and is_final is 0: only a window's end can be empty");
        }

        ReadOnlySpan<byte> payload = value.Blob;
        byte none = 0;
        fixed (byte* bytes = payload)
        {
            byte* data = value.IsNull ? null : payload.IsEmpty ? &none : bytes;
            call.Return(Engine.Of(call).Receiver.Receive(data, payload.Length, request));
        }
    }

    private static void Forget(in Call call)
    {
        byte[] site = ReceiveRequest.ReadSite(call[0], ForgetName);
        call.Return(Engine.Of(call).Receiver.Forget(site));
    }

    private static void ForgetPosition(in Call call)
    {
        byte[] site = ReceiveRequest.ReadSite(call[0], ForgetName);
        long dbVersion = ReceiveRequest.ReadDbVersion(call[1], "db_version", ForgetName);
        long seq = ReceiveRequest.ReadPosition(call[2], "seq", ForgetName);
        call.Return(Engine.Of(call).Receiver.Forget(site, dbVersion, seq) ? 1 : 0);
    }
}
