using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Waiting;

/// <summary>The functions about changes that wait.
/// <code>
/// SELECT cloudsync_waiting_retry();                              -- after the cause is gone
/// SELECT cloudsync_waiting_drop('items', pk) FROM cloudsync_waiting;
/// SELECT cloudsync_waiting_drop('items', ?1, 'overrule');        -- what is here wins everywhere
/// </code></summary>
internal static unsafe class WaitingFunctions
{
    private const string RetryName = "cloudsync_waiting_retry";
    private const string DropName = "cloudsync_waiting_drop";
    private const string IgnoreName = "cloudsync_waiting_ignore";
    private const string IgnoreSummary = "Drops changes on arrival from now on, until cloudsync_init or cloudsync_commit_alter finds what they are"
        + " about, and those that wait now; returns how many these were.";
    private const string RetrySummary = "Tries the changes that wait, until nothing more fits; returns how many rows do not wait any more.";
    private const string DropSummary = "Forgets changes that wait, which this database then never gets; returns how many.";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        Function(RetryName, 0, &Retry, RetrySummary, "SELECT cloudsync_waiting_retry()"),
        Function(RetryName, 1, &Retry, RetrySummary + " Only those of a table.", "SELECT cloudsync_waiting_retry('items')"),
        Function(RetryName, 2, &Retry, RetrySummary + " Only those of a row, by its pk.", "SELECT cloudsync_waiting_retry('items', ?1)"),
        Function(DropName, 1, &Drop, DropSummary + " All of a table.", "SELECT cloudsync_waiting_drop('items')"),
        Function(DropName, 2, &Drop, DropSummary + " Those of a row, by its pk; NULL for all.", "SELECT cloudsync_waiting_drop('items', ?1)"),
        Function(DropName, 3, &Drop, DropSummary + " With 'overrule' what is here becomes the newest write, which travels to everybody.",
            "SELECT cloudsync_waiting_drop('items', ?1, 'overrule')"),
        Function(IgnoreName, 1, &Ignore, IgnoreSummary + " All of a table that is not tracked here.", "SELECT cloudsync_waiting_ignore('old_items')"),
        Function(IgnoreName, 2, &Ignore, IgnoreSummary + " Those of a column that is not here.", "SELECT cloudsync_waiting_ignore('items', 'old')"),
    ];

    private static FunctionDefinition Function(string name, int arity, delegate*<in Call, void> body, string summary, string example) =>
        new(name, arity, body) { InSchema = SchemaUse.DirectOnly, Summary = summary, Example = example };

    private static void Retry(in Call call) =>
        call.Return(Engine.Of(call).WaitingActions.Retry(call.Count < 1 || call[0].IsNull ? null : call[0].String, Key(call, RetryName)));

    private static void Drop(in Call call)
    {
        if (call[0].IsNull)
        {
            throw Errors.BadArgument(DropName, "the table is NULL");
        }

        bool overrules = call.Count > 2 && !call[2].IsNull;
        if (overrules && (call[2].Type != StorageClass.Text || AsciiNames.Lower(call[2].String) != "overrule"))
        {
            throw Errors.BadArgument(DropName, $"the third argument must be 'overrule', not {SqlText.Describe(call[2])}");
        }

        call.Return(Engine.Of(call).WaitingActions.Drop(call[0].String, Key(call, DropName), overrules));
    }

    private static void Ignore(in Call call)
    {
        if (call[0].IsNull)
        {
            throw Errors.BadArgument(IgnoreName, "the table is NULL");
        }

        call.Return(Engine.Of(call).WaitingActions.Ignore(call[0].String, call.Count < 2 || call[1].IsNull ? null : call[1].String));
    }

    private static byte[]? Key(in Call call, string function) => call.Count < 2 || call[1].IsNull ? null
        : call[1].Type == StorageClass.Blob ? call[1].Blob.ToArray()
        : throw Errors.BadArgument(function, $"pk is {SqlText.Describe(call[1])}, it must be a BLOB as cloudsync_waiting shows it");
}
