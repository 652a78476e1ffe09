namespace ChunkSync.EntityFrameworkCore;

/// <summary>Keeps the table of an entity type in sync, as <c>IsSynced()</c> does.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class SyncedAttribute : Attribute
{
    /// <summary>Rows are only added: UPDATE and DELETE are refused.</summary>
    public bool GrowOnly { get; set; }

    /// <summary>Takes a single integer key. Two devices give the same number to two rows, unless numbers are handed out globally.</summary>
    public bool AllowIntegerKey { get; set; }

    /// <summary>Takes required columns without a store default, and gives them none: a row that arrives in pieces waits for all of them.</summary>
    public bool AllowNotNull { get; set; }

    /// <summary>Takes key columns with another collation than BINARY.</summary>
    public bool AllowCollation { get; set; }

    /// <summary>Leaves INSERT and UPDATE their RETURNING clause.</summary>
    public bool KeepReturning { get; set; }
}
