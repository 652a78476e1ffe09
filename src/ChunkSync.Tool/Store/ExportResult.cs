using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What an export did.</summary>
/// <param name="Head">The head as it is now; null where there is none, because nothing was ever there to be exported.</param>
/// <param name="Chunks">The chunks that this run wrote.</param>
/// <param name="Rows">The changes in them.</param>
/// <param name="Bytes">The bytes of their payloads.</param>
/// <param name="Resumed">Whether it went on with a window that an earlier run began.</param>
internal readonly record struct ExportResult(ExportHead Head, long Chunks, long Rows, long Bytes, bool Resumed)
{
    /// <summary>Whether everything was there already.</summary>
    public bool IsNothing => Chunks == 0 && !Resumed;
}
