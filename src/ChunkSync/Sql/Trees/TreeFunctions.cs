using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>The functions of tables that are trees.</summary>
internal static unsafe class TreeFunctions
{
    private const string InitSummary = "Makes a tracked table a tree: a parent column and a position column (or NULL) are decided by a log of operations, without"
        + " cycles; returns the number of operations written for rows that were there.";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        Function("cloudsync_tree_init", 3, &Init, InitSummary, "SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"),
        Function("cloudsync_tree_init", 4, &Init, InitSummary + " Options as JSON: cut_cycles puts rows in a cycle to the root, index (true) makes the index of children.",
            "SELECT cloudsync_tree_init('items', 'parent_id', 'pos', '{\"cut_cycles\":true}')"),
        Function("cloudsync_tree_cleanup", 1, &Cleanup, "Ends a tree: the log of operations and all beside it go, rows stay; returns 1.", "SELECT cloudsync_tree_cleanup('items')"),
        Function("cloudsync_tree_ensure", 0, &Ensure, "Folds pending operations of all trees in; returns what was done as JSON.", "SELECT cloudsync_tree_ensure()"),
        Function("cloudsync_tree_ensure", 1, &Ensure, "Folds pending operations of a tree in; returns what was done as JSON.", "SELECT cloudsync_tree_ensure('items')"),
        Function("cloudsync_tree_ensure", 2, &Ensure, "The same; 'rebuild' does the whole log again.", "SELECT cloudsync_tree_ensure('items', 'rebuild')"),
        Function("cloudsync_tree_compact", 2, &Compact, "Drops what undoes operations up to a clock value that nobody sends anything before; returns the number of rows removed.",
            "SELECT cloudsync_tree_compact('items', 1000)"),
        new("cloudsync_tree_verify", 1, &Verify)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "Does the log of a tree again in memory and compares: 'ok', or the first difference.",
            Example = "SELECT cloudsync_tree_verify('items')",
        },
        new("cloudsync_tree_between", 2, &Between)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "A position between two others; NULL for an open end.",
            Example = "SELECT cloudsync_tree_between('n0', 'n1')",
        },
        new("cloudsync_tree_pos", 2, &Position)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "A position behind all children of a parent (NULL: the root).",
            Example = "SELECT cloudsync_tree_pos('items', NULL)",
        },
        new("cloudsync_tree_pos", 3, &Position)
        {
            InSchema = SchemaUse.Trusted,
            Summary = "A position behind one child of a parent, before the next; NULL for the first place.",
            Example = "SELECT cloudsync_tree_pos('items', NULL, 'inbox')",
        },
    ];

    private static FunctionDefinition Function(string name, int arity, delegate*<in Call, void> body, string summary, string example) =>
        new(name, arity, body) { InSchema = SchemaUse.DirectOnly, Summary = summary, Example = example };

    private static void Init(in Call call)
    {
        const string Name = "cloudsync_tree_init";
        string table = Table(call, Name);
        if (call[1].IsNull)
        {
            throw Errors.BadArgument(Name, "parent_column must be the name of a column, not NULL");
        }

        string? position = call[2].IsNull ? null : call[2].String;
        string? options = call.Count < 4 || call[3].IsNull ? null : call[3].String;
        call.Return(TreeInitializer.Run(Engine.Of(call).Trees, table, call[1].String, position, options));
    }

    private static void Cleanup(in Call call)
    {
        Engine.Of(call).Trees.Cleanup(Table(call, "cloudsync_tree_cleanup"));
        call.Return(1);
    }

    private static void Ensure(in Call call)
    {
        const string Name = "cloudsync_tree_ensure";
        string? table = call.Count == 0 || call[0].IsNull ? null : call[0].String;
        string? how = call.Count < 2 || call[1].IsNull ? null : call[1].String;
        if (how is not (null or "rebuild"))
        {
            throw Errors.BadArgument(Name, $"the second argument must be 'rebuild', not {SqlText.Describe(call[1])}");
        }

        if (how != null && table == null)
        {
            throw Errors.BadArgument(Name, "a table name is needed, as in cloudsync_tree_ensure('items', 'rebuild')");
        }

        call.Return(Engine.Of(call).Trees.Ensure(table, how != null));
    }

    private static void Compact(in Call call)
    {
        string table = Table(call, "cloudsync_tree_compact");
        call.Return(TreeCompaction.Run(Engine.Of(call).Trees, table, call[1]));
    }

    private static void Verify(in Call call) => call.Return(TreeVerifier.Run(Engine.Of(call).Trees, Table(call, "cloudsync_tree_verify")));

    private static void Between(in Call call)
    {
        const string Name = "cloudsync_tree_between";
        string? after = TreePositions.Read(call[0], Name);
        string? before = TreePositions.Read(call[1], Name);
        if (after != null && before != null && string.CompareOrdinal(after, before) >= 0)
        {
            throw Errors.BadArgument(Name, $"{SqlText.Describe(call[0])} does not come before {SqlText.Describe(call[1])}");
        }

        call.Return(TreePositions.Between(after, before, Name));
    }

    private static void Position(in Call call)
    {
        const string Name = "cloudsync_tree_pos";
        TreeTable tree = Engine.Of(call).Trees.Require(Table(call, Name), Name);
        call.Return(call.Count < 3
            ? TreePositions.Last(Engine.Of(call).Connection, tree, call[1])
            : TreePositions.Behind(Engine.Of(call).Connection, tree, call[1], call[2]));
    }

    private static string Table(in Call call, string function) => !call[0].IsNull
        ? call[0].String
        : throw Errors.BadArgument(function, $"a table name is needed, as in {function}('items')");
}
