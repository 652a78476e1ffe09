using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Sql;

/// <summary>The functions that make tables tracked and change how they are (behaviour I, E.2, E.9).</summary>
internal static unsafe class TableFunctions
{
    private const string InitSummary = "Makes a table tracked, or brings a tracked one up to date; returns the site id in hex.";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_init", 1, &Init)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = InitSummary,
            Example = "SELECT cloudsync_init('items')",
        },
        new("cloudsync_init", 2, &Init)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = InitSummary + " The second argument names the CRDT: cls or gos.",
            Example = "SELECT cloudsync_init('items', 'gos')",
        },
        new("cloudsync_init", 3, &Init)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = InitSummary + " Flag 1 allows an integer key, flag 2 NOT NULL columns without a default, flag 4 key columns"
                + " with another collation than BINARY; flags are added up.",
            Example = "SELECT cloudsync_init('items', 'cls', 1)",
        },
        new("cloudsync_enable", 1, &Enable)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Switches capture of a table on for this connection.",
            Example = "SELECT cloudsync_enable('items')",
        },
        new("cloudsync_disable", 1, &Disable)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Switches capture of a table off for this connection.",
            Example = "SELECT cloudsync_disable('items')",
        },
        new("cloudsync_is_enabled", 1, &IsEnabled)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "1 when changes of the table are captured: it is tracked, has its triggers, and is not disabled on this connection; 0 for a"
                + " grow-only table while a merge writes.",
            Example = "SELECT cloudsync_is_enabled('items')",
        },
        new("cloudsync_recapture", 1, &Recapture)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Takes a tracked table as it is now for the truth, after a time without capture; returns the number of changes captured.",
            Example = "SELECT cloudsync_recapture('items')",
        },
        new("cloudsync_recapture", 2, &Recapture)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "The same; with 'values' as second argument every value of the table is captured as changed.",
            Example = "SELECT cloudsync_recapture('items', 'values')",
        },
        new("cloudsync_cleanup", 1, &Cleanup)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Stops tracking a table and drops its metadata; with the last table the site id goes too.",
            Example = "SELECT cloudsync_cleanup('items')",
        },
        new("cloudsync_terminate", 0, &Terminate)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Does nothing and returns 1: closing the connection releases everything.",
            Example = "SELECT cloudsync_terminate()",
        },
        new("cloudsync_set_filter", 2, &SetFilter)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Tracks only rows that match an expression over the table's columns; returns 1.",
            Example = "SELECT cloudsync_set_filter('items', 'price > 0')",
        },
        new("cloudsync_clear_filter", 1, &ClearFilter)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Tracks all rows of a table again; returns 1.",
            Example = "SELECT cloudsync_clear_filter('items')",
        },
        new("cloudsync_begin_alter", 1, &BeginAlter)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Begins a change of a tracked table's schema, in a savepoint that cloudsync_commit_alter releases.",
            Example = "SELECT cloudsync_begin_alter('items')",
        },
        new("cloudsync_commit_alter", 1, &CommitAlter)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Ends a change of a tracked table's schema: new columns are captured.",
            Example = "SELECT cloudsync_commit_alter('items')",
        },
    ];

    private static void Init(in Call call)
    {
        string? table = call[0].IsNull ? null : call[0].String;
        string? algorithm = call.Count < 2 || call[1].IsNull ? null : call[1].String;
        call.Return(TableInitializer.Run(Engine.Of(call).Tracker, table, algorithm, call.Count < 3 ? 0 : call[2].Int64));
    }

    private static void Recapture(in Call call)
    {
        string? table = call[0].IsNull ? null : call[0].String;
        string? what = call.Count < 2 || call[1].IsNull ? null : call[1].String;
        call.Return(TableRecapture.Run(Engine.Of(call).Tracker, table, what));
    }

    private static void Enable(in Call call) => SetDisabled(call, false);

    private static void Disable(in Call call) => SetDisabled(call, true);

    private static void SetDisabled(in Call call, bool disabled)
    {
        Engine engine = Engine.Of(call);
        engine.Session.Refresh();
        if (engine.Catalog.Find(call[0].Text) is TrackedTable table)
        {
            if (disabled)
            {
                engine.Trees.RefuseLog(table, "cloudsync_disable");
            }

            engine.Catalog.Disabled.Set(table, disabled);
        }

        call.ReturnNull();
    }

    private static void IsEnabled(in Call call)
    {
        Engine engine = Engine.Of(call);
        engine.Session.Refresh();
        TableCatalog tables = engine.Catalog;
        TrackedTable? table = tables.Find(call[0].Text);

        if (table == null && Engine.Of(call).Capture.Origin.IsAttached(call[0].Text))
        {
            // A grow-only table of an attached database, whose trigger refuses what it asks about.
            call.Return(1);
            return;
        }

        if (table == null && tables.Damage.Of(call[0].String) is string damage)
        {
            throw Errors.Corrupt(damage);
        }

        // The triggers of a grow-only table refuse updates and deletes where it is enabled. A merge may have to update a row.
        bool merging = engine.Session.IsMerging && table?.Algorithm == CrdtAlgorithm.GrowOnlySet;
        bool enabled = table != null && !merging && !tables.IsDisabled(table.NameUtf8);
        if (enabled && !engine.Watch.IsOn(table!))
        {
            // Where 0 would let an update of a grow-only table pass, which no replica would be sent, nothing is answered.
            enabled = table!.Algorithm == CrdtAlgorithm.GrowOnlySet || !table.IsConfigured ? throw CaptureWatch.Failure(table) : false;
        }

        call.Return(enabled ? 1 : 0);
    }

    private static void Cleanup(in Call call)
    {
        Engine engine = Engine.Of(call);
        engine.Session.RefuseDuringMerge("cloudsync_cleanup");
        engine.Session.Refresh();
        TableAlteration.Cleanup(engine.Tracker, call[0].String);
        call.ReturnNull();
    }

    private static void Terminate(in Call call) => call.Return(1);

    private static void SetFilter(in Call call)
    {
        if (call[0].IsNull || call[1].IsNull)
        {
            throw Errors.Refused("cloudsync_set_filter: table and filter expression required");
        }

        Filter(call, call[1].String);
    }

    private static void ClearFilter(in Call call)
    {
        if (call[0].IsNull)
        {
            throw Errors.Refused("cloudsync_clear_filter: table required");
        }

        Filter(call, null);
    }

    private static void Filter(in Call call, string? filter)
    {
        Engine engine = Engine.Of(call);
        engine.Session.RefuseDuringMerge("changing a filter");
        engine.Session.Refresh();
        TableFilter.Set(engine.Tracker, call[0].String, filter);
        call.Return(1);
    }

    private static void BeginAlter(in Call call)
    {
        TableAlteration.Begin(Engine.Of(call).Tracker, call[0].String);
        call.ReturnNull();
    }

    private static void CommitAlter(in Call call)
    {
        TableAlteration.Commit(Engine.Of(call).Tracker, call[0].String);
        call.ReturnNull();
    }
}
