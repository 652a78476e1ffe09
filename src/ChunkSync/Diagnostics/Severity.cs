namespace ChunkSync.Diagnostics;

/// <summary>How bad a finding is.</summary>
internal enum Severity
{
    /// <summary>Something to know.</summary>
    Info,

    /// <summary>Something that goes wrong under circumstances.</summary>
    Warning,

    /// <summary>Something is wrong: changes are lost or cannot be read.</summary>
    Error,
}
