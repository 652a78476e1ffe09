using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D11: the clock is behind a checkpoint of what was sent, or looked at: the file is an older one than the one that did it, or clocks were removed.</summary>
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

        if (context.Session.Settings.Integer(Settings.WaitingDbVersion) is long looked && looked > version)
        {
            context.Add(null, Settings.WaitingDbVersion, 1, $"db_version is {version}, and everything up to {looked} was looked at for rows that waiting changes need: versions are"
                + " given out twice, and peers that heard the first ones do not ask for the others. A restored backup needs cloudsync_new_site()",
                $"UPDATE cloudsync_settings SET value = '0' WHERE key = '{Settings.WaitingDbVersion}'");
        }
    }
}
