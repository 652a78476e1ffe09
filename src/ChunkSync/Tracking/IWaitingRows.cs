namespace ChunkSync.Tracking;

/// <summary>Received changes that could not be merged yet, as far as a change of what is tracked is about them.</summary>
internal interface IWaitingRows
{
    /// <summary>A table is no longer tracked: nothing waits for it.</summary>
    void Forget(string table);
}
