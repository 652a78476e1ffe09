namespace ChunkSync.Tests.Host;

/// <summary>A test beside a sqlite-sync 1.1.x library, whose path is in CHUNKSYNC_PEER; skipped when it is not set.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    private const string Variable = "CHUNKSYNC_PEER";

    public PeerFactAttribute()
    {
        if (Library.Length == 0)
        {
            Skip = Variable + " does not name a sqlite-sync library";
        }
    }

    /// <summary>The path of the library; empty for none.</summary>
    public static string Library => Environment.GetEnvironmentVariable(Variable) ?? "";
}
