using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>The functions around probes: sets, indexes, one payload at a time. All are pure.
/// <code>
/// SELECT cloudsync_probe_set('entity', 'items', cloudsync_pk_encode(id)) FROM wanted;
/// INSERT INTO staged(payload_index, payload) SELECT cloudsync_payload_index(payload, 2), payload FROM cloudsync_payload_chunks;
/// SELECT cloudsync_payload_filter(?1, ?2);
/// </code></summary>
internal static unsafe class ProbeFunctions
{
    private const string SetName = "cloudsync_probe_set";
    private const string IndexName = "cloudsync_payload_index";
    private const string FilterName = "cloudsync_payload_filter";
    private const string HashName = "cloudsync_entity_hash";
    private const string KeysName = "cloudsync_probe_keys";
    private const int MaxArguments = 5;
    private const int MaxLevel = 3;

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        .. Enumerable.Range(1, MaxArguments).Select(DefineSet),
        DefineIndex(1),
        DefineIndex(2),
        DefineFilter(2),
        DefineFilter(3),
        new(HashName, 2, &Hash)
        {
            InSchema = SchemaUse.Innocuous,
            IsDeterministic = true,
            Summary = "The 64-bit hash of a row, by table name and pk blob, as key tables hold it.",
            Example = "SELECT cloudsync_entity_hash('items', cloudsync_pk_encode('a'))",
        },
        new(KeysName, 2, &AddKeys)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Adds the rows of a source's chunks to a key table, which is made if it is not there, behind those that it covers already;"
                + " returns the number of chunks.",
            Example = "SELECT cloudsync_probe_keys('staged', 'staged_keys')",
        },
    ];

    private static FunctionDefinition DefineSet(int arguments) =>
        new(SetName, arguments, static _ => new ProbeSetBuilder(), &AddProbe, &FinishSet)
        {
            InSchema = SchemaUse.Innocuous,
            IsDeterministic = true,
            Summary = "Aggregate: a set of probes, one row each: ('entity', tbl, pk), ('table', tbl), ('site', site_id), ('position', db_version,"
                + " seq), ('range', from_db_version, from_seq, to_db_version, to_seq), ('all').",
            Example = arguments switch
            {
                1 => "SELECT cloudsync_probe_set('all')",
                2 => "SELECT cloudsync_probe_set('table', 'items')",
                3 => "SELECT cloudsync_probe_set('entity', 'items', cloudsync_pk_encode(value)) FROM json_each('[\"a\", \"b\"]')",
                4 => "SELECT cloudsync_probe_set('position', 3, 0, NULL)",
                _ => "SELECT cloudsync_probe_set('range', 90, NULL, NULL, NULL)",
            },
        };

    private static FunctionDefinition DefineIndex(int arguments) => new(IndexName, arguments, &Index)
    {
        InSchema = SchemaUse.Innocuous,
        IsDeterministic = true,
        Summary = "The index of a payload for probes: positions, tables and sites on level 1, which is the default, entities too on level"
            + " 2, and the first and last entity of a run on level 3.",
        Example = arguments == 1
            ? "SELECT cloudsync_payload_index(payload) FROM cloudsync_payload_chunks WHERE since_db_version = 0"
            : "SELECT cloudsync_payload_index(payload, 2) FROM cloudsync_payload_chunks WHERE since_db_version = 0",
    };

    private static FunctionDefinition DefineFilter(int arguments) => new(FilterName, arguments, &Filter)
    {
        InSchema = SchemaUse.Innocuous,
        IsDeterministic = true,
        Summary = "The rows of one payload that a probe set matches, or with a third argument 1 those that it does not, as a payload; NULL when"
            + " there are none.",
        Example = arguments == 2
            ? "SELECT cloudsync_payload_filter(payload, (SELECT cloudsync_probe_set('table', 'items'))) FROM cloudsync_payload_chunks WHERE since_db_version = 0"
            : "SELECT cloudsync_payload_filter(payload, (SELECT cloudsync_probe_set('table', 'items')), 1) FROM cloudsync_payload_chunks WHERE since_db_version = 0",
    };

    private static void AddProbe(object accumulator, in Call call) =>
        ProbeArguments.Add((ProbeSetBuilder)accumulator, new ReadOnlySpan<Value>(call.Arguments, call.Count), SetName);

    /// <summary>A set over no rows matches nothing.</summary>
    private static void FinishSet(object? accumulator, in Call call)
    {
        using NativeBuffer target = new();
        using ProbeSetBuilder empty = new();
        ((ProbeSetBuilder?)accumulator ?? empty).Finish(target);
        long length = target.Length;
        Result.OwnedBlob(call.Context, target.Detach(), length);
    }

    private static void Index(in Call call)
    {
        long level = call.Count < 2 || call[1].IsNull ? 1 : ProbeArguments.Integer(call[1], "level", IndexName);
        if (level is < 1 or > MaxLevel)
        {
            throw Errors.BadArgument(IndexName, $"level must be 1, 2 or 3, not {level}");
        }

        call.ReturnNull();
        if (call[0].IsNull)
        {
            return;
        }

        using PayloadIndexWriter writer = new();
        using NativeBuffer target = new();
        try
        {
            ReadOnlySpan<byte> payload = ProbeArguments.Payload(call[0]);
            fixed (byte* bytes = payload)
            {
                writer.Write(bytes, payload.Length, (int)level, target);
            }
        }
        catch (DamagedChunkException damage)
        {
            throw ProbeException.Named(damage, IndexName);
        }

        long length = target.Length;
        Result.OwnedBlob(call.Context, target.Detach(), length);
    }

    private static void Filter(in Call call)
    {
        call.ReturnNull();
        bool invert = call.Count > 2 && !call[2].IsNull && ProbeArguments.Integer(call[2], "invert", FilterName) != 0;
        ProbeSet set = ProbeArguments.Set(call[1], FilterName);
        if (call[0].IsNull)
        {
            set.Dispose();
            return;
        }

        ReadOnlySpan<byte> payload = call[0].Type == StorageClass.Blob ? call[0].Blob : default;
        fixed (byte* bytes = payload)
        {
            // One page whatever its size: the rows were one payload before.
            ProbeOptions options = new() { Invert = invert, MaxSize = long.MaxValue, MaxExpanded = PayloadContainer.MaxBody };
            using ProbeScan scan = new(new SinglePayloadSource(bytes, payload.Length), set, options);
            try
            {
                _ = ProbeArguments.Payload(call[0]);
                if (scan.MoveNext())
                {
                    long length = scan.Current.Payload.Length;
                    Result.OwnedBlob(call.Context, scan.Current.Payload.Detach(), length);
                }
            }
            catch (DamagedChunkException damage)
            {
                const string Chunk = "chunk 0: ";
                string text = damage.Message;
                throw ProbeException.Named(
                    new DamagedChunkException(text.StartsWith(Chunk, StringComparison.Ordinal) ? text[Chunk.Length..] : text), FilterName);
            }
        }
    }

    private static void Hash(in Call call)
    {
        if (call[0].Type != StorageClass.Text || call[1].Type != StorageClass.Blob)
        {
            throw Errors.Refused(HashName + (call[0].Type != StorageClass.Text ? ": tbl must be TEXT" : ": pk must be a BLOB made by cloudsync_pk_encode"));
        }

        ReadOnlySpan<byte> name = call[0].Text;
        using NativeBuffer folded = new();
        byte* target = folded.Reserve(name.Length);
        fixed (byte* bytes = name)
        {
            FoldedName.Write(target, bytes, name.Length);
        }

        call.Return((long)EntityHash.Of64(new ReadOnlySpan<byte>(target, name.Length), call[1].Blob));
    }

    private static void AddKeys(in Call call)
    {
        if (call[1].Type != StorageClass.Text)
        {
            throw Errors.BadArgument(KeysName, "table is not given; name the key table");
        }

        Engine engine = Engine.Of(call);
        string source = ProbeInputs.SourceText(call[0], KeysName);
        string table = call[1].String;
        long added = 0;
        try
        {
            engine.Session.InTransaction("chunksync_probe_keys", () => added = new EntityKeyTable(engine.Connection, table).Add(source));
        }
        catch (Exception failure) when (failure is DamagedChunkException or ProbeException)
        {
            throw ProbeException.Named(failure, KeysName);
        }

        call.Return(added);
    }
}
