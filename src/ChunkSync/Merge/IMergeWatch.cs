using ChunkSync.Catalog;
using ChunkSync.Format;

namespace ChunkSync.Merge;

/// <summary>Hears what merges do: which rows they changed, what lost, and what cannot be if every file has an identity of its own. The merge
/// sees no more of it. Whoever undoes a part of a call says so with <see cref="Rewind"/>; after a failed call everything is undone that the
/// database undoes.</summary>
internal interface IMergeWatch
{
    /// <summary>Whether conflicts are to be told.</summary>
    bool LogsConflicts { get; }

    /// <summary>A call begins that merges what others sent; what the one before it changed is forgotten.</summary>
    void BeginCall();

    /// <summary>A call had nothing to do, and wrote nothing: what the one before it changed is forgotten.</summary>
    void PassCall();

    /// <summary>The call has ended.</summary>
    /// <param name="rows">What it returns.</param>
    void EndCall(long rows);

    /// <summary>The call has failed.</summary>
    void FailCall(string text);

    /// <summary>What the call merges was recorded as received before: nothing in it should win.</summary>
    /// <param name="site">The sender.</param>
    void Repeats(byte[] site);

    /// <summary>How much was heard so far.</summary>
    WatchMark Mark();

    /// <summary>What was heard since then was undone.</summary>
    void Rewind(WatchMark mark);

    /// <summary>A row was written.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its pk blob.</param>
    /// <param name="columns">The value columns that were written.</param>
    /// <param name="effect">What became of the row.</param>
    void Changed(TrackedTable table, NativeBytes key, ReadOnlySpan<int> columns, RowEffect effect);

    /// <summary>Changes of a row won, or show that somebody else writes as the local site.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its pk blob.</param>
    /// <param name="news">The first one that won.</param>
    /// <param name="ownDbVersion">The db_version of a change of the local site that won, or that has another value than the one that was written here
    /// under the same version: this file never made it. 0 for none.</param>
    void Won(TrackedTable table, NativeBytes key, in News news, long ownDbVersion);

    /// <summary>A value was stored as one of another storage class, because of the type of its column.</summary>
    void Converted(TrackedTable table, int column);

    /// <summary>Something lost; it counts only when the row is done.</summary>
    void Note(in Conflict conflict);

    /// <summary>The row is written, and what was noted holds.</summary>
    void RowDone(TrackedTable table, NativeBytes key);

    /// <summary>The row is not written: what was noted is void.</summary>
    void RowAbandoned();

    /// <summary>What was refused is arranged or kept.</summary>
    /// <param name="aside">The groups that were refused at first.</param>
    /// <param name="waited">The rows that are kept and wait.</param>
    void Settled(long aside, long waited);

    /// <summary>Stores suspicions, in the open transaction of the merge.</summary>
    void Store();
}
