using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary>What goes along when a table that is a tree, or the log of one, is altered, captured anew or not tracked any more. For other tables
/// nothing happens.</summary>
internal interface ITreeTracking
{
    /// <summary>Refuses what cannot be done to the log of a tree.</summary>
    /// <exception cref="EngineException">The table is one; the text names its tree.</exception>
    void RefuseLog(TrackedTable table, string function);

    /// <summary>Refuses what cannot be done to a tree, nor to its log.</summary>
    /// <param name="table">The table.</param>
    /// <param name="function">The function that was called.</param>
    /// <param name="what">What a tree cannot have.</param>
    /// <exception cref="EngineException">The table is one.</exception>
    void RefuseTree(TrackedTable table, string function, string what);

    /// <summary>Takes the triggers away: the table is going to be altered.</summary>
    void Detach(TrackedTable table);

    /// <summary>Makes them again behind an alteration.</summary>
    /// <exception cref="EngineException">A column that says where rows are is gone.</exception>
    void Attach(TrackedTable table);

    /// <summary>Takes where rows are now for the truth: what differs becomes operations.</summary>
    void Recapture(TrackedTable table);

    /// <summary>Ends the tree: its table is not tracked any more.</summary>
    void End(TrackedTable table);
}
