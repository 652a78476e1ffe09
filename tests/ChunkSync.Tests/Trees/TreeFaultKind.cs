namespace ChunkSync.Tests.Trees;

/// <summary>How a write fails.</summary>
public enum TreeFaultKind
{
    /// <summary>A trigger's RAISE(ABORT).</summary>
    Abort,

    /// <summary>RAISE(FAIL): what the statement wrote before stays.</summary>
    Fail,

    /// <summary>RAISE(ROLLBACK): the whole transaction is gone.</summary>
    Rollback,

    /// <summary>RAISE(IGNORE): the row is not written, and nobody is told.</summary>
    Ignore,

    /// <summary>A constraint of another table.</summary>
    Constraint,

    /// <summary>SQLITE_INTERRUPT.</summary>
    Interrupt,

    /// <summary>SQLITE_FULL.</summary>
    Full,

    /// <summary>SQLITE_NOMEM.</summary>
    NoMemory,

    /// <summary>SQLITE_IOERR.</summary>
    Disk,
}
