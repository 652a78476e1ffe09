namespace ChunkSync.Format;

/// <summary>A <see cref="Check"/> that did not hold: a defect of the engine.</summary>
/// <param name="message">Where it stands, and its text.</param>
internal sealed class CheckFailedException(string message) : Exception(message);
