using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>A probe cannot go on: an input, the source or the chain is wrong. The message is the end of the user's: the function's name is added
/// where it is known.</summary>
internal sealed class ProbeException(string message) : Exception(message)
{
    /// <summary>The error as a function reports it.</summary>
    /// <param name="failure">What a probe threw.</param>
    /// <param name="function">The function's or table's name.</param>
    public static EngineException Named(Exception failure, string function) => Errors.BadArgument(function, failure.Message);
}
