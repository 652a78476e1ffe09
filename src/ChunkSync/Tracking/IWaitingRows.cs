using ChunkSync.Catalog;

namespace ChunkSync.Tracking;

/// <summary>Received changes that could not be merged yet, as far as a change of what is tracked is about them.</summary>
internal interface IWaitingRows
{
    /// <summary>A table is no longer tracked: nothing waits for it.</summary>
    void Forget(string table);

    /// <summary>A table, or columns of it, are there that were not: what waits for it is merged, and nothing of it is dropped on arrival any
    /// more.</summary>
    void Appeared(TrackedTable table);

    /// <summary>Columns of a table are gone: changes of them are dropped on arrival from now on.</summary>
    void Disappeared(TrackedTable table, IEnumerable<string> columns);
}
