using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that tell versions, numbers and ids of this engine (behaviour I).</summary>
internal static unsafe class VersionFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_version", 0, &CompatibilityVersion)
        {
            InSchema = SchemaUse.Innocuous,
            IsDeterministic = true,
            Summary = "The sqlite-sync release that SQL surface, payloads and database files are compatible with.",
            Example = "SELECT cloudsync_version()",
        },
        new("chunksync_version", 0, &Version)
        {
            InSchema = SchemaUse.Innocuous,
            IsDeterministic = true,
            Summary = "The version of ChunkSync.",
            Example = "SELECT chunksync_version()",
        },
        new("chunksync_codec", 0, &Codec)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "What compresses payloads here: 'liblz4' with its version, or 'managed', the codec of ChunkSync itself. Payloads have"
                + " the same bytes with either; liblz4 is used where a release is there that was compared (1.9.3 to 1.10, 64 bits).",
            Example = "SELECT chunksync_codec()",
        },
        new("cloudsync_siteid", 0, &SiteId)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "The local site id, a 16-byte BLOB; zeros before the first cloudsync_init.",
            Example = "SELECT hex(cloudsync_siteid())",
        },
        new("cloudsync_db_version", 0, &DbVersion)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "The last committed db_version of this database.",
            Example = "SELECT cloudsync_db_version()",
        },
        new("cloudsync_db_version_next", 0, &DbVersionNext)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Takes and returns the db_version of the open transaction.",
            Example = "SELECT cloudsync_db_version_next()",
        },
        new("cloudsync_db_version_next", 1, &DbVersionNext)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Takes and returns the db_version of the open transaction, at least the given one.",
            Example = "SELECT cloudsync_db_version_next(42)",
        },
        new("cloudsync_seq", 0, &Seq)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Returns the open transaction's next seq and takes it.",
            Example = "SELECT cloudsync_seq()",
        },
    ];

    private static void CompatibilityVersion(in Call call) => call.Return(ProductInfo.CompatibilityVersion);

    private static void Version(in Call call) => call.Return(ProductInfo.Version);

    private static void Codec(in Call call) => call.Return(Lz4.Codec);

    private static void SiteId(in Call call)
    {
        Engine engine = Engine.Of(call);

        // Zeros before the first init, an error where the id is gone.
        _ = engine.Session.IsInitialized;
        call.ReturnBlob(engine.Session.Sites.Local);
    }

    private static void DbVersion(in Call call)
    {
        Engine engine = Engine.Of(call);
        if (!engine.Session.IsInitialized)
        {
            throw SyncSession.NotInitialized("before calling cloudsync_db_version().");
        }

        call.Return(engine.Clock.Current);
    }

    private static void DbVersionNext(in Call call)
    {
        Engine engine = Engine.Of(call);
        if (!engine.Session.IsInitialized)
        {
            throw SyncSession.NotInitialized("before calling cloudsync_db_version_next().");
        }

        long merging = call.Count > 0 ? call[0].Int64 : 0;
        if (merging >= VersionLimits.ClockReach)
        {
            throw Errors.Refused($"cloudsync_db_version_next: the db_version is {merging}, it must be below {VersionLimits.ClockReach}");
        }

        call.Return(engine.Clock.Next(merging));
    }

    private static void Seq(in Call call) => call.Return(Engine.Of(call).Clock.TakeSeq());
}
