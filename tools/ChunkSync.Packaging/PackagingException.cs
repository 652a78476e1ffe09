namespace ChunkSync.Packaging;

/// <summary>A package cannot be made; the message says why.</summary>
internal sealed class PackagingException(string message) : Exception(message);
