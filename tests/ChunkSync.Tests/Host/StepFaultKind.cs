namespace ChunkSync.Tests.Host;

/// <summary>How a running operation is interrupted.</summary>
public enum StepFaultKind
{
    /// <summary>The progress handler says stop once: whatever runs next, the engine's own clean-up too, is left alone.</summary>
    Once,

    /// <summary>The progress handler says stop from there on, as one with a deadline does: the clean-up is interrupted as well.</summary>
    FromThereOn,

    /// <summary><c>sqlite3_interrupt</c>, which stays in force until the outermost statement has ended.</summary>
    Interrupt,
}
