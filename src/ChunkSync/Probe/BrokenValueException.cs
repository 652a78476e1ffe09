namespace ChunkSync.Probe;

/// <summary>With strict fragments: a long value is not whole in what comes out. The message is the end of the user's.</summary>
internal sealed class BrokenValueException(string message) : Exception(message);
