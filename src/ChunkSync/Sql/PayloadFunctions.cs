using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that make and apply payloads (behaviour G).</summary>
internal static unsafe class PayloadFunctions
{
    private const string ApplySummary =
        "Merges a payload and returns its number of rows (of completed values for fragments). A second argument 0 leaves the"
        + " checkpoint where it is.";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_payload_apply", -1, &Apply)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = ApplySummary,
            Example = "SELECT cloudsync_payload_apply(?1)",
        },
        new("cloudsync_payload_decode", -1, &Apply)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "The same as cloudsync_payload_apply.",
            Example = "SELECT cloudsync_payload_decode(?1)",
        },
        new("cloudsync_payload_encode", -1, state => new PayloadEncoder(((Engine)state).Catalog), &EncodeRow, &EncodeEnd)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "Aggregate: the rows of its arguments as one payload; NULL when there are none.",
            Example = "SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
                + " FROM cloudsync_changes",
        },
        new("cloudsync_payload_blob_checked", 5, &BlobChecked)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "All changes behind (since, since_seq) as one payload, unless they are larger than the last argument.",
            Example = "SELECT cloudsync_payload_blob_checked(0, 0, NULL, 0, 1000000)",
        },
        new("cloudsync_payload_save", 1, &Save)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Writes the local changes that were not sent to a file, which appears whole or not at all; returns its size, 0 when there are none: an older file stays then.",
            Example = "SELECT cloudsync_payload_save('/tmp/changes.bin')",
        },
        new("cloudsync_payload_load", 1, &Load)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Applies the payload in a file.",
            Example = "SELECT cloudsync_payload_load('/tmp/changes.bin')",
        },
    ];

    private static void Apply(in Call call)
    {
        if (call.Count == 0 || call[0].Type != StorageClass.Blob)
        {
            throw PayloadErrors.NoPayload("value must be a BLOB.");
        }

        ReadOnlySpan<byte> payload = call[0].Blob;
        bool advance = call.Count < 2 || call[1].IsNull || call[1].Int64 != 0;
        fixed (byte* bytes = payload)
        {
            call.Return(Engine.Of(call).Applier.Apply(bytes, payload.Length, advance));
        }
    }

    private static void EncodeRow(object accumulator, in Call call) =>
        ((PayloadEncoder)accumulator).Add(new ReadOnlySpan<Value>(call.Arguments, call.Count));

    private static void EncodeEnd(object? accumulator, in Call call)
    {
        if (accumulator is not PayloadEncoder encoder)
        {
            call.ReturnNull();
            return;
        }

        Engine.Of(call).Session.Refresh();
        byte* payload = encoder.Finish(out long length);
        Result.OwnedBlob(call.Context, payload, length);
    }

    private static void BlobChecked(in Call call)
    {
        Engine engine = Engine.Of(call);
        RequireInitialized(engine, "cloudsync_payload_blob_checked");
        long limit = call[4].Int64;
        if (limit <= 0)
        {
            throw Errors.Refused("cloudsync_payload_blob_checked: max_estimated_payload_size must be positive");
        }

        bool except = call[3].Int64 != 0;
        SiteFilter filter = SiteFilter.Only;
        long site = SiteDirectory.LocalOrdinal;
        if (!call[2].IsNull)
        {
            long? ordinal = call[2].Type == StorageClass.Blob && !call[2].Blob.IsEmpty ? engine.Session.Sites.Find(call[2].Blob) : null;
            filter = (ordinal, except) switch
            {
                (null, true) => SiteFilter.All,
                (null, false) => SiteFilter.None,
                (_, true) => SiteFilter.Except,
                _ => SiteFilter.Only,
            };
            site = ordinal ?? site;
        }
        else if (except)
        {
            throw Errors.Refused("cloudsync_payload_blob_checked: exclude_filter_site_id requires a non-NULL site_id");
        }

        byte* payload = MonolithicPayload.Encode(engine.Catalog, engine.Changes, call[0].Int64, call[1].Int64, filter, site, limit, out long length);
        Return(call, payload, length);
    }

    private static void Return(in Call call, byte* payload, long length)
    {
        if (payload == null)
        {
            call.ReturnNull();
        }
        else
        {
            Result.OwnedBlob(call.Context, payload, length);
        }
    }

    private static void RequireInitialized(Engine engine, string function)
    {
        if (!engine.Session.IsInitialized)
        {
            throw SyncSession.NotInitialized($"before calling {function}().");
        }
    }

    private static void Save(in Call call)
    {
        if (call[0].Type != StorageClass.Text)
        {
            throw Errors.Refused("Unable to retrieve file path.");
        }

        Engine engine = Engine.Of(call);
        SchemaText.RefuseCallsOf(engine.Session.Connection, "cloudsync_payload_save");
        RequireInitialized(engine, "cloudsync_payload_save");
        long since = engine.Session.Settings.Integer(Settings.SendDbVersion) ?? 0;
        if (since < 0)
        {
            throw Errors.Refused("Unable to retrieve db_version");
        }

        byte* payload = MonolithicPayload.Encode(
            engine.Catalog, engine.Changes, since, null, SiteFilter.Only, SiteDirectory.LocalOrdinal, null, out long length);
        try
        {
            // Nothing to send leaves an older file alone: it may not have been sent yet.
            if (payload != null)
            {
                PayloadFile.Write(call[0].String, payload, length);
            }
        }
        finally
        {
            Sqlite3.Free(payload);
        }

        call.Return(length);
    }

    private static void Load(in Call call)
    {
        if (call[0].Type != StorageClass.Text)
        {
            throw Errors.Refused("Unable to retrieve file path.");
        }

        Engine engine = Engine.Of(call);
        SchemaText.RefuseCallsOf(engine.Session.Connection, "cloudsync_payload_load");
        byte* payload = null;
        try
        {
            payload = PayloadFile.Read(call[0].String, out long length);
            call.Return(engine.Applier.Apply(payload, length, advance: true));
        }
        finally
        {
            Sqlite3.Free(payload);
        }
    }
}
