using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>Log and nodes of one tree, as the engine sees them. Nodes are numbers above 0. What is written is seen by the next read.</summary>
internal interface ITreeStore
{
    /// <summary>Where long positions are.</summary>
    PositionPool Positions { get; }

    /// <summary>The stamp of the newest row of the log; false where it is empty.</summary>
    bool TryReadHead(out OperationStamp stamp);

    /// <summary>What is stored of a node; one that nobody moved is at the root.</summary>
    NodeState ReadNode(long node);

    /// <summary>Stores where a node is.</summary>
    void WriteNode(long node, in TreePlace place);

    /// <summary>Stores that a node has been named as a parent.</summary>
    void MarkParent(long node);

    /// <summary>Appends rows of the log to a page, by stamp, those of equal stamps in any order.</summary>
    /// <param name="from">Where to begin.</param>
    /// <param name="isAfter">Whether rows with that stamp are left out.</param>
    /// <param name="page">Gets the rows.</param>
    /// <param name="limit">After so many, rows of the last stamp are completed, and no more.</param>
    void ReadLog(in OperationStamp from, bool isAfter, LogPage page, int limit);

    /// <summary>Begins to read all operations of the carrier that are not void, by stamp; their nodes are known from then on.</summary>
    void OpenCarrier();

    /// <summary>Appends the next ones to a page.</summary>
    /// <param name="page">Gets them, those of equal stamps in any order.</param>
    /// <param name="limit">After so many, operations of the last stamp are completed, and no more.</param>
    /// <returns>Whether there are more.</returns>
    bool ReadCarrier(LogPage page, int limit);

    /// <summary>Ends it.</summary>
    void CloseCarrier();

    /// <summary>Whether the log has an operation.</summary>
    bool Contains(in TreeOperation operation);

    /// <summary>Whether the log has any operation with a stamp.</summary>
    bool HasStamp(in OperationStamp stamp);

    /// <summary>Appends the node's rows before a stamp, newest first, at most two.</summary>
    void ReadBefore(long node, in OperationStamp stamp, LogPage page);

    /// <summary>Appends the node's rows behind a stamp, oldest first, until one behind the first that has effect, or <see cref="TreeLimits.MaxBehind"/>.</summary>
    void ReadBehind(long node, in OperationStamp stamp, LogPage page);

    /// <summary>The greatest clock value of the log before a stamp; 0 where none is above it.</summary>
    long ClockBefore(in OperationStamp stamp);

    /// <summary>Adds a row to the log.</summary>
    void Insert(in LogRow row);

    /// <summary>Replaces undo and effect of a row of the log.</summary>
    void Update(in LogRow row);

    /// <summary>Takes a row out of the log.</summary>
    void Delete(in TreeOperation operation);

    /// <summary>Empties the log and what is pending, forgets the floor, and puts every node where nobody has moved it.</summary>
    void Clear();

    /// <summary>Keeps an operation of the carrier out of the log until the jump before it is filled.</summary>
    void Hold(in TreeOperation operation);

    /// <summary>Appends what orders operations of one stamp: node, parent and position in the bytes of a key; the node stands for the root.</summary>
    void AppendContent(in TreeOperation operation, NativeBuffer target);
}
