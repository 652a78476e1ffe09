using ChunkSync.Sql;
using ChunkSync.Sql.Backfill;
using ChunkSync.Sql.Diagnostics;
using ChunkSync.Sql.Help;
using ChunkSync.Sql.Probe;
using ChunkSync.Sql.Trees;
using ChunkSync.Sql.Waiting;
using ChunkSync.Sqlite;

namespace ChunkSync.Hosting;

/// <summary>Everything the extension registers, in one place: functions and tables come from here, and so do the table
/// <c>cloudsync_help</c> and the reference documentation.</summary>
internal static class Registration
{
    private static IReadOnlyList<HelpEntry>? help;

    /// <summary>What <c>cloudsync_help</c> shows.</summary>
    public static IReadOnlyList<HelpEntry> Help => help ??= HelpEntry.Of(Functions, Modules);

    /// <summary>All SQL functions.</summary>
    public static IReadOnlyList<FunctionDefinition> Functions { get; } =
    [
        .. VersionFunctions.All,
        .. CaptureFunctions.All,
        .. ReplaceFunctions.All,
        .. FilterFunctions.All,
        .. TableFunctions.All,
        .. SettingFunctions.All,
        .. KeyFunctions.All,
        .. UuidFunctions.All,
        .. PayloadFunctions.All,
        .. ReceiveFunctions.All,
        .. WaitingFunctions.All,
        .. ProbeFunctions.All,
        BackfillTick.Definition,
        .. BackfillFunctions.All,
        .. IdentityFunctions.All,
        .. TreeFunctions.All,
    ];

    /// <summary>All virtual tables.</summary>
    public static IReadOnlyList<ModuleDefinition> Modules { get; } =
    [
        Engine.KeeperDefinition,
        Engine.TransactionDefinition,
        ChangesTable.Definition,
        PayloadChunksTable.Definition,
        ReceiveGapsTable.Definition,
        WaitingTable.Definition,
        PayloadRowsTable.Definition,
        PayloadProbeTable.Definition,
        PayloadProbePlanTable.Definition,
        PayloadRunTable.Definition,
        BackfillPlanTable.Definition,
        BackfillProgressTable.Definition,
        StatusTable.Definition,
        CheckTable.Definition,
        AppliedTable.Definition,
        ConflictsTable.Definition,
        TreeDescendantsTable.Definition,
        TreePathTable.Definition,
        TreeLostTable.Definition,
        TreeLogTable.Definition,
        TreeStatusTable.Definition,
        HelpTable.Definition(() => Help),
    ];
}
