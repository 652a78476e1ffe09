using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>A walk over rows of a table that are inside its filter.</summary>
internal interface IKeyWalk
{
    /// <summary>The row: its first columns are those of the key, in declaration order.</summary>
    Statement Row { get; }

    /// <summary>Goes to the next row; false at the end.</summary>
    bool MoveNext();
}
