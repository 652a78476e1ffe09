namespace ChunkSync.Merge;

/// <summary>Why a change could not be merged into its table now, although it is sound.</summary>
internal enum RefusalReason : byte
{
    /// <summary>It is no such refusal but an error of the call.</summary>
    None,

    /// <summary>A constraint of the table.</summary>
    Constraint,

    /// <summary>A trigger of the user's raised.</summary>
    Trigger,

    /// <summary>A value of another type than a STRICT table, or a rowid, takes.</summary>
    Type,

    /// <summary>An expression of the schema failed while it was computed.</summary>
    Expression,

    /// <summary>The table is not tracked here.</summary>
    Table,

    /// <summary>The table has no such column here.</summary>
    Column,

    /// <summary>The table's key has another number of columns here.</summary>
    Key,
}
