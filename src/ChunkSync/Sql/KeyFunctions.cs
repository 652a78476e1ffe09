using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions around primary-key blobs (format H, behaviour I).</summary>
internal static unsafe class KeyFunctions
{
    private const int MaxValues = 255;

    /// <summary>What <c>cloudsync_col_value</c> says of a row that is not there.</summary>
    private const string MissingRow = "__[RLS]__";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_pk_encode", -1, &Encode)
        {
            InSchema = SchemaUse.Innocuous,
            IsDeterministic = true,
            Summary = "The primary-key blob of the given values; NULL when one of them is NULL.",
            Example = "SELECT hex(cloudsync_pk_encode('x', 1))",
        },
        new("cloudsync_pk_decode", 2, &Decode)
        {
            InSchema = SchemaUse.Innocuous,
            IsDeterministic = true,
            Summary = "The i-th value of a primary-key blob, counted from 1; NULL when there is none.",
            Example = "SELECT cloudsync_pk_decode(cloudsync_pk_encode('x', 1), 1)",
        },
        new("cloudsync_col_value", 3, &ColumnValue)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "The current value of a column of the row with the given primary-key blob.",
            Example = "SELECT cloudsync_col_value('items', 'name', cloudsync_pk_encode('x'))",
        },
        new("cloudsync_text_materialize", -1, &Materialize)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Rebuilds a block column's text from its blocks, for the row with the given key values; returns 1.",
            Example = "SELECT cloudsync_text_materialize('notes', 'body', 'id1')",
        },
    ];

    private static void Encode(in Call call)
    {
        if (call.Count > MaxValues)
        {
            throw Errors.Refused($"cloudsync_pk_encode takes at most {MaxValues} values");
        }

        using KeyBuffer key = new(connection: null);
        key.Begin(call.Count);
        for (int i = 0; i < call.Count; i++)
        {
            if (call[i].IsNull)
            {
                call.ReturnNull();
                return;
            }

            key.Append(call[i]);
        }

        call.ReturnBlob(key.Bytes);
    }

    private static void Decode(in Call call)
    {
        call.ReturnNull();
        long wanted = call[1].Int64;
        ReadOnlySpan<byte> blob = call[0].Blob;
        if (blob.IsEmpty || wanted < 1 || wanted > blob[0])
        {
            return;
        }

        fixed (byte* bytes = blob)
        {
            ValueReader reader = new(bytes + 1, blob.Length - 1);
            WireValue value = default;
            for (long i = 0; i < wanted; i++)
            {
                if (!reader.TryRead(out value))
                {
                    return;
                }
            }

            StoredValue.Return(call.Context, value);
        }
    }

    private static void ColumnValue(in Call call)
    {
        Engine engine = Engine.Of(call);
        engine.Session.Refresh();
        if (call[1].IsNull)
        {
            throw Errors.Refused("Column name cannot be NULL");
        }

        // The texts are sqlite-sync's, with its spelling.
        TrackedTable table = engine.Catalog.Find(call[0].Text) ?? throw engine.Catalog.Damage.Unknown(
            call[0].String, ResultCode.Error, $"Unable to retrieve table name {call[0].String} in clousdsync_colvalue.");
        if (call[1].String == SentinelColumn.Name)
        {
            call.ReturnNull();
            return;
        }

        int column = table.FindValueColumn(call[1].Text);
        if (column < 0)
        {
            throw Errors.Refused("Unable to retrieve column value precompiled statement in clousdsync_colvalue.");
        }

        string where = string.Join(" AND ", table.KeyColumns.Select((key, i) => $"{key.Quoted} = ?{i + 1}"));
        using Statement select = engine.Session.Connection.Prepare(
            $"SELECT {table.ValueColumns[column].Quoted} FROM {table.Quoted} WHERE {where}");
        ReadOnlySpan<byte> blob = call[2].Blob;
        fixed (byte* bytes = blob)
        {
            if (!KeyBinder.TryBind(select, table, new NativeBytes(bytes, blob.Length)))
            {
                throw Errors.Refused($"cloudsync_col_value: the third argument is no primary key of table {table.Name}");
            }

            if (select.Step())
            {
                call.Return(select.ColumnValue(0));
            }
            else
            {
                call.Return(MissingRow);
            }
        }
    }

    private static void Materialize(in Call call)
    {
        if (call.Count < 3)
        {
            throw Errors.Refused("cloudsync_text_materialize requires at least 3 arguments: table, column, pk...");
        }

        Engine engine = Engine.Of(call);
        engine.Session.RefuseDuringMerge("cloudsync_text_materialize");
        engine.Session.Refresh();
        TrackedTable table = engine.Catalog.Find(call[0].Text) ?? throw engine.Catalog.Damage.Unknown(
            call[0].String, ResultCode.Error, $"Unable to retrieve table name {call[0].String} in cloudsync_text_materialize.");
        string column = call[1].String;
        if (!engine.Catalog.Settings.IsBlockColumn(table.Name, column))
        {
            throw Errors.Refused($"Column {column} in table {table.Name} is not configured as block-level."
                + " (cloudsync_table_settings has no algo 'block' for it)");
        }

        if (call.Count - 2 != table.KeyColumns.Length)
        {
            throw Errors.Refused("Wrong number of primary key values for cloudsync_text_materialize.");
        }

        using KeyBuffer key = new(connection: null);
        key.Begin(table.KeyColumns.Length);
        for (int i = 2; i < call.Count; i++)
        {
            key.Append(call[i]);
        }

        BlockText.Materialize(engine.Session, engine.Catalog, engine.Keys, table, column, key.Native);
        call.Return(1);
    }
}
