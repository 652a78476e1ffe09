using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D23: changes of the own site that this file never made.</summary>
internal sealed class ForeignOwnChanges() : FindingCheck("D23", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        if (Suspicion.Parse(context.Session.Settings.Text(Settings.ForeignOwn)) is Suspicion found)
        {
            context.Add(found.Table.Length == 0 ? null : found.Table, found.Key.Length == 0 ? null : $"x'{found.Key}'", found.Count,
                "changes under the site id of this database arrived which this file never made: it is a copy of another file that goes on under the same id, or a"
                + " restored backup. What one of them writes is lost for peers that heard the other first", "SELECT cloudsync_new_site()");
        }
    }
}
