using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>Makes the k-th row that is written to some tables fail, once; until it is disposed. TEMP triggers ask a function, which counts beside any
/// transaction.</summary>
internal sealed unsafe class TreeFault : IDisposable
{
    private struct Plan
    {
        public long Remaining;
        public long Asked;
        public int Code;
    }

    private static readonly (string Table, string Event)[] Writes =
    [
        ("items", "UPDATE"), ("items_tree_node", "INSERT"), ("items_tree_node", "UPDATE"), ("items_tree_log", "INSERT"), ("items_tree_log", "UPDATE"),
        ("items_tree_log", "DELETE"), ("items_tree_pending", "DELETE"), ("items_tree_dirty", "DELETE"), ("cloudsync_tree", "UPDATE"),
    ];

    private readonly Database database;
    private readonly IDisposable pause;
    private readonly Plan* plan;

    /// <summary>Arms the fault.</summary>
    /// <param name="database">The connection.</param>
    /// <param name="point">Where, counted from 1.</param>
    /// <param name="kind">How.</param>
    /// <param name="time">BEFORE or AFTER the row is written.</param>
    public TreeFault(Database database, long point, TreeFaultKind kind, string time)
    {
        this.database = database;
        pause = database.PauseChecks();
        plan = (Plan*)NativeMemory.AllocZeroed((nuint)sizeof(Plan));
        plan->Remaining = point;
        plan->Code = kind switch { TreeFaultKind.Interrupt => 9, TreeFaultKind.Full => 13, TreeFaultKind.NoMemory => 7, TreeFaultKind.Disk => 10, _ => 0 };
        Assert.Equal(0, NativeSqlite.CreateFunction(database.Handle, "tree_fault", 0, 1, (nint)plan, &Ask, 0, 0));
        string act = kind == TreeFaultKind.Constraint ? "INSERT INTO tree_fault_one SELECT 1 WHERE tree_fault();"
            : $"SELECT CASE WHEN tree_fault() THEN RAISE({kind.ToString().ToUpperInvariant()}{(kind == TreeFaultKind.Ignore ? "" : ", 'fault'")}) END;";
        database.Exec("CREATE TEMP TABLE tree_fault_one(one UNIQUE); INSERT INTO tree_fault_one VALUES (1)");
        for (int i = 0; i < Writes.Length; i++)
        {
            string body = plan->Code != 0 ? "SELECT tree_fault();" : act;
            database.Exec($"CREATE TEMP TRIGGER tree_fault_{i} {time} {Writes[i].Event} ON main.{Writes[i].Table} BEGIN {body} END");
        }
    }

    /// <summary>Whether the point was reached.</summary>
    public bool Fired => plan->Remaining <= 0;

    /// <summary>How many rows were written.</summary>
    public long Asked => plan->Asked;

    public void Dispose()
    {
        // The triggers stay: to drop them would be undone with the caller's transaction.
        Assert.Equal(0, NativeSqlite.CreateFunction(database.Handle, "tree_fault", 0, 1, 0, &Ask, 0, 0));
        NativeMemory.Free(plan);
        pause.Dispose();
    }

    private static long CountDown(Plan* plan)
    {
        plan->Asked++;
        return --plan->Remaining;
    }

    [UnmanagedCallersOnly]
    private static void Ask(nint context, int count, nint* arguments)
    {
        Plan* plan = (Plan*)NativeSqlite.UserData(context);
        if (plan == null || CountDown(plan) != 0)
        {
            NativeSqlite.ResultInt64(context, 0);
        }
        else if (plan->Code == 0)
        {
            NativeSqlite.ResultInt64(context, 1);
        }
        else if (plan->Code == 7)
        {
            NativeSqlite.ResultNoMemory(context);
        }
        else
        {
            NativeSqlite.ResultErrorCode(context, plan->Code);
        }
    }
}
