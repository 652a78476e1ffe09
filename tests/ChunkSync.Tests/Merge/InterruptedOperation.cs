using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>An operation, and the states before and after an undisturbed run of it.</summary>
internal sealed class InterruptedOperation
{
    /// <summary>The operation that applies a payload of rows; the one that applies those of a long value's parts.</summary>
    public const string Rows = "apply rows";
    public const string Parts = "apply parts";

    public InterruptedOperation(string operation, string? begin = null)
    {
        Operation = operation;
        Begin = begin;
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        Before = InterruptedState.Of(database);
        Before.AssertRowsHaveClocks("before");
        if (begin != null)
        {
            database.Exec(begin);
            Begun = InterruptedState.Of(database);
        }

        Points = StepFault.Count(database, () => Do(database));
        if (begin != null)
        {
            Ended = InterruptedState.Of(database);
            database.Exec(End);
        }

        After = InterruptedState.Of(database);
        After.AssertRowsHaveClocks("undisturbed");
        Assert.NotEqual(Before.ToString(), After.ToString());
        Assert.Equal(0, After.Fragments);
    }

    public string Operation { get; }

    public string? Begin { get; }

    public string End => Begin!.StartsWith("SAVEPOINT", StringComparison.Ordinal) ? "RELEASE mine" : "COMMIT";

    public bool IsApply => Operation is Rows or Parts;

    public InterruptedState Before { get; }

    public InterruptedState? Begun { get; }

    /// <summary>The state behind the operation, in the caller's transaction.</summary>
    public InterruptedState? Ended { get; }

    public InterruptedState After { get; }

    public long Points { get; }

    public void Do(Database database)
    {
        if (IsApply)
        {
            InterruptedReplica.Apply(database, Operation == Rows ? InterruptedReplica.Rows : InterruptedReplica.Parts);
        }
        else
        {
            database.Exec(Operation);
        }
    }
}
