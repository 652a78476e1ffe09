namespace ChunkSync.Tool;

/// <summary>A failure as the user is told: one line <c>chunksync: WHAT: CAUSE; CURE</c>.</summary>
/// <param name="code">How the program ends.</param>
/// <param name="what">The file, option or object that it is about.</param>
/// <param name="cause">What is wrong with it.</param>
/// <param name="cure">What to do about it; null where nothing can be said.</param>
internal sealed class ToolException(ExitCode code, string what, string cause, string? cure = null) : Exception(cause)
{
    /// <summary>How the program ends.</summary>
    public ExitCode Code => code;

    /// <summary>What it is about.</summary>
    public string What => what;

    /// <summary>What is wrong with it.</summary>
    public string Cause => Message;

    /// <summary>What to do about it.</summary>
    public string? Cure => cure;

    /// <summary>Whether something in a store is missing, or is not what was written.</summary>
    public bool IsDamage { get; init; }

    /// <summary>The line.</summary>
    public string Line => Printable.Of($"chunksync: {what}: {Message.TrimEnd('.')}" + (cure == null ? "" : "; " + cure));
}
