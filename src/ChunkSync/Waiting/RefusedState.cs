namespace ChunkSync.Waiting;

/// <summary>Where a row stands that is to be arranged.</summary>
internal enum RefusedState : byte
{
    /// <summary>It is to be tried.</summary>
    Refused,

    /// <summary>It waits for another one, which is being written.</summary>
    Open,

    /// <summary>It cannot be written in this pass.</summary>
    Failed,

    /// <summary>It is written, and undone if the one fails that it was written for.</summary>
    Placed,

    /// <summary>It is written.</summary>
    Done,
}
