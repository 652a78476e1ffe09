using ChunkSync.Format;

namespace ChunkSync.Merge;

/// <summary>What becomes of changes that tables refuse: arranged with others of the same call, or kept. The merge sees no more of it.</summary>
internal interface IWaitingChanges
{
    /// <summary>Whether any change waits in this database: a test of what is remembered.</summary>
    bool Any { get; }

    /// <summary>Whether changes of a row wait.</summary>
    bool Wait(in ChangeRow change);

    /// <summary>Merges changes of a row together with those that wait for it, or alone, inside a batch of the merge.</summary>
    /// <returns>False when they were refused.</returns>
    bool MergeWith(MergeCall call, in AsideGroup group);

    /// <summary>Whether changes of a table, or of a column of it, are dropped.</summary>
    bool IsIgnored(in ChangeRow change);

    /// <summary>Arranges what is aside, and tries some of what waits, inside a batch of the merge. What is refused for good is kept where the
    /// call keeps it.</summary>
    /// <returns>False when something is aside that the call does not keep.</returns>
    bool Settle(MergeCall call);

    /// <summary>What an attempt wrote is undone, in a transaction that goes on: what it had switched for a while is as before.</summary>
    void SwitchBack();
}
