using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D11: the clock is behind a checkpoint of what was sent: the file is an older one than the one that sent.</summary>
internal sealed class LowVersion() : FindingCheck("D11", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        long version = context.Clock.Current;
        if (context.Session.Settings.Integer(Settings.SendDbVersion) is long sent && sent > version)
        {
            context.Add(null, Settings.SendDbVersion, 1, $"db_version is {version}, and everything up to {sent} counts as sent: what is written until then will not be. A"
                + " restored backup needs cloudsync_new_site()", "SELECT cloudsync_set('send_dbversion', 0)");
        }
    }
}
