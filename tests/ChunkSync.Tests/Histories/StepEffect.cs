namespace ChunkSync.Tests.Histories;

/// <summary>What a step may have done to a replica, for <see cref="ReplicaObserver"/>.</summary>
[Flags]
internal enum StepEffect
{
    /// <summary>Everything that it wrote was captured.</summary>
    None = 0,

    /// <summary>A call that must not lose what is known of rows.</summary>
    Maintenance = 1,

    /// <summary>Something was rolled back.</summary>
    Undo = 2,

    /// <summary>Rows may have been written without being captured, as is known and documented.</summary>
    Silent = 4,

    /// <summary>What arrived cannot be told in change rows, as parts of values: the model is made anew from what is there.</summary>
    Unknown = 8,
}
