using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>Reads what SQL gives to the functions and tables of probes. Every refusal names the function, the field and the value.</summary>
internal static class ProbeArguments
{
    /// <summary>An input that must be an INTEGER.</summary>
    public static long Integer(Value value, string field, string function) => value.Type == StorageClass.Integer
        ? value.Int64
        : throw Errors.BadArgument(function, $"{field} is not an INTEGER");

    /// <summary>The bytes of a payload; valid while the value is.</summary>
    /// <exception cref="DamagedChunkException">It is not a BLOB.</exception>
    public static ReadOnlySpan<byte> Payload(Value value) =>
        value.Type == StorageClass.Blob ? value.Blob : throw new DamagedChunkException("payload is not a BLOB");

    /// <summary>A set that <c>cloudsync_probe_set</c> made; the caller disposes it.</summary>
    public static ProbeSet Set(Value value, string function)
    {
        if (!value.IsGiven)
        {
            throw Errors.BadArgument(function, "probes is not given; make it with cloudsync_probe_set");
        }

        ProbeSet? set = value.Type == StorageClass.Blob ? ProbeSet.TryRead(value.Blob) : null;
        return set ?? throw Errors.BadArgument(function, "probes is not a probe set; make it with cloudsync_probe_set");
    }

    /// <summary>Adds one row of <c>cloudsync_probe_set</c>.</summary>
    public static void Add(ProbeSetBuilder builder, ReadOnlySpan<Value> row, string function)
    {
        string kind = row[0].Type == StorageClass.Text ? row[0].String : "";
        int used = kind switch
        {
            "entity" or "position" => 3,
            "table" or "site" => 2,
            "range" => 5,
            "all" => 1,
            _ => throw Refusal(function,
                $"kind {SqlText.Describe(row[0])} is not 'entity', 'table', 'site', 'position', 'range' or 'all'"),
        };
        for (int i = used; i < row.Length; i++)
        {
            if (!row[i].IsNull)
            {
                throw Refusal(function, $"argument {i + 1} is not used by '{kind}'");
            }
        }

        switch (kind)
        {
            case "entity":
                Value key = At(row, 2);
                if (key.Handle == 0 || key.Type != StorageClass.Blob)
                {
                    throw Refusal(function, "pk of an entity must be a BLOB made by cloudsync_pk_encode");
                }

                builder.AddEntity(Table(row, function), key.Blob);
                break;
            case "table":
                builder.AddTable(Table(row, function));
                break;
            case "site":
                Value site = At(row, 1);
                builder.AddSite(site.Handle != 0 && site.Type == StorageClass.Blob ? site.Blob : throw Refusal(function, "site_id must be a BLOB"));
                break;
            case "position":
                builder.AddPoint(new Position(
                    Required(At(row, 1), "db_version", function), Required(At(row, 2), "seq", function)));
                break;
            case "range":
                builder.AddRange(Range(row, function));
                break;
            default:
                builder.AddAll();
                break;
        }
    }

    private static Value At(ReadOnlySpan<Value> row, int index) => index < row.Length ? row[index] : default;

    private static ReadOnlySpan<byte> Table(ReadOnlySpan<Value> row, string function)
    {
        Value name = At(row, 1);
        return name.Handle != 0 && name.Type == StorageClass.Text ? name.Text : throw Refusal(function, "tbl must be TEXT");
    }

    private static long Required(Value value, string field, string function)
    {
        if (!value.IsGiven)
        {
            throw Refusal(function, field + " of a position is NULL");
        }

        return Integer(value, field, function);
    }

    private static PositionInterval Range(ReadOnlySpan<Value> row, string function)
    {
        Position from = Bound(At(row, 1), At(row, 2), Position.First, "from_", function);
        Position to = Bound(At(row, 3), At(row, 4), Position.Last, "to_", function);
        return from <= to ? new PositionInterval(from, to) : throw Refusal(function, $"range {from} to {to} ends before it begins");
    }

    /// <summary>A NULL version is without end, whatever its seq; a NULL seq takes in the whole version.</summary>
    private static Position Bound(Value version, Value seq, Position open, string prefix, string function)
    {
        if (!version.IsGiven)
        {
            return open;
        }

        long dbVersion = Integer(version, prefix + "db_version", function);
        return new Position(dbVersion, seq.IsGiven ? Integer(seq, prefix + "seq", function) : open.Seq);
    }

    private static EngineException Refusal(string function, string text) => Errors.BadArgument(function, text);
}
