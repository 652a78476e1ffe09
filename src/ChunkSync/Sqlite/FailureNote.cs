namespace ChunkSync.Sqlite;

/// <summary>The failure that an entry point reported last on this thread, for a managed host that asks: a small field beside SQLite's message.
/// Nothing is kept until a host listens, which those of the native library never do.</summary>
internal static class FailureNote
{
    [ThreadStatic]
    private static EngineException? last;

    private static bool isHeard;

    /// <summary>Keeps failures from now on.</summary>
    public static void Listen() => isHeard = true;

    /// <summary>Notes what an entry point reports.</summary>
    /// <param name="failure">What was caught; anything but the engine's own failures is none.</param>
    public static void Note(Exception failure)
    {
        if (isHeard)
        {
            last = failure as EngineException;
        }
    }

    /// <summary>Gives the last failure of this thread out and forgets it.</summary>
    public static EngineException? Take()
    {
        EngineException? taken = last;
        last = null;
        return taken;
    }
}
