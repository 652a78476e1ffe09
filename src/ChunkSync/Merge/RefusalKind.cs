using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Tells a row that the schema refuses now, and may take later, from an error of the call.</summary>
internal static class RefusalKind
{
    /// <summary>The names of the reasons as <c>cloudsync_waiting</c> shows them.</summary>
    private static readonly string[] Names = ["", "constraint", "trigger", "type", "expression", "table", "column", "key"];

    /// <summary>The reason behind SQLite's code for a statement that writes a row.</summary>
    /// <param name="code">The extended result code.</param>
    /// <param name="fromPrepare">Whether the statement could not be prepared: the schema itself is broken then.</param>
    /// <returns><see cref="RefusalReason.None"/> for an error.</returns>
    public static RefusalReason Of(int code, bool fromPrepare) => ResultCode.Primary(code) switch
    {
        ResultCode.Constraint => code switch
        {
            ResultCode.ConstraintTrigger => RefusalReason.Trigger,
            ResultCode.ConstraintDatatype => RefusalReason.Type,
            ResultCode.ConstraintCommitHook => RefusalReason.None,
            _ => RefusalReason.Constraint,
        },
        ResultCode.Mismatch => RefusalReason.Type,
        ResultCode.Error when code == ResultCode.Error && !fromPrepare => RefusalReason.Expression,
        _ => RefusalReason.None,
    };

    /// <summary>The name of a reason.</summary>
    public static string NameOf(RefusalReason reason) => Names[(int)reason];
}
