namespace ChunkSync.Diagnostics;

/// <summary>D14: what SQLite's own check says.</summary>
internal sealed class DamagedFile() : FindingCheck("D14", Severity.Error)
{
    public override bool IsDeep => true;

    public override void Run(CheckContext context)
    {
        foreach (object?[] row in context.Rows($"PRAGMA main.integrity_check({CheckContext.MaxOfOne})"))
        {
            if (row[0] as string is string text && text != "ok")
            {
                context.Add(null, null, 1, $"integrity_check: {text}. Restore a backup, or rescue what is left with the shell's .recover");
            }
        }
    }
}
