using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that store settings (behaviour I). They return NULL, and do nothing before the first init.</summary>
internal static unsafe class SettingFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_set", 2, &Set)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Stores a setting, one of " + string.Join(", ", SettingDefinition.All.Select(setting => setting.Name))
                + "; a NULL value removes it.",
            Example = "SELECT cloudsync_set('payload_max_chunk_size', 1048576)",
        },
        new("cloudsync_set_table", 3, &SetTable)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Stores a setting of a table; a NULL value removes it, a NULL key removes all of the table's.",
            Example = "SELECT cloudsync_set_table('items', 'owner', 'shop')",
        },
        new("cloudsync_set_column", 4, &SetColumn)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Stores a setting of a column; a NULL value removes it.",
            Example = "SELECT cloudsync_set_column('items', 'name', 'note', 'x')",
        },
        new("cloudsync_set_schema", 1, &SetSchema)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Stores a schema name, for compatibility; it has no effect.",
            Example = "SELECT cloudsync_set_schema('public')",
        },
        new("cloudsync_schema", 0, &Schema)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "The stored schema name, or NULL.",
            Example = "SELECT cloudsync_schema()",
        },
        new("cloudsync_table_schema", 1, &TableSchema)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "NULL: SQLite tables have no schema of their own.",
            Example = "SELECT cloudsync_table_schema('items')",
        },
    ];

    private static void Set(in Call call)
    {
        Engine engine = Engine.Of(call);
        call.ReturnNull();
        if (call[0].IsNull)
        {
            return;
        }

        // Whatever a file has can be removed; only what is known can be set.
        string key = call[0].String;
        SettingDefinition? setting = call[1].IsNull ? null : SettingDefinition.Find(key);
        string? value = setting?.Read(call[1]);
        if (engine.Session.IsInitialized)
        {
            Store(engine, setting?.Name ?? key, value);
        }
    }

    private static void Store(Engine engine, string key, string? value)
    {
        if (value == null)
        {
            engine.Session.Settings.Remove(key);
        }
        else
        {
            engine.Session.Settings.Set(key, value);
        }
    }

    private static void SetTable(in Call call)
    {
        Engine engine = Engine.Of(call);
        call.ReturnNull();
        if (!engine.Session.IsInitialized || call[0].IsNull)
        {
            return;
        }

        if (call[1].IsNull)
        {
            engine.Catalog.Settings.RemoveAll(call[0].String);
            engine.Session.Invalidate();
            return;
        }

        Write(engine, call[0].String, TableSettingStore.WholeTable, call[1].String, call[2]);
    }

    private static void SetColumn(in Call call)
    {
        Engine engine = Engine.Of(call);
        call.ReturnNull();
        if (!engine.Session.IsInitialized || call[0].IsNull || call[1].IsNull || call[2].IsNull)
        {
            return;
        }

        string table = call[0].String;
        string column = call[1].String;
        bool block = call[2].String == TableSettingStore.Algorithm && !call[3].IsNull && call[3].String == TableSettingStore.Block;
        if (block && !engine.Catalog.Settings.IsBlockColumn(table, column))
        {
            throw Errors.Refused($"cloudsync_set_column: column {column} of table {table} cannot be made a block column: this is not supported yet");
        }

        Write(engine, table, column, call[2].String, call[3]);
    }

    private static void Write(Engine engine, string table, string column, string key, Value value)
    {
        engine.Catalog.Settings.Set(table, column, key, value.IsNull ? null : value.String);
        engine.Session.Invalidate();
    }

    private static void SetSchema(in Call call)
    {
        Engine engine = Engine.Of(call);
        if (engine.Session.IsInitialized)
        {
            Store(engine, Settings.Schema, call[0].IsNull ? null : AsciiNames.Lower(call[0].String));
        }

        call.ReturnNull();
    }

    private static void Schema(in Call call)
    {
        Engine engine = Engine.Of(call);
        engine.Session.Refresh();
        string? schema = engine.Session.Settings.Text(Settings.Schema);
        if (schema == null)
        {
            call.ReturnNull();
        }
        else
        {
            call.Return(schema);
        }
    }

    private static void TableSchema(in Call call) => call.ReturnNull();
}
