using ChunkSync.Session;
using ChunkSync.Waiting;

namespace ChunkSync.Diagnostics;

/// <summary>D26: an origin of waiting changes that has nearly used up its quota: beyond it nothing of it is taken.</summary>
internal sealed class FullQuotas() : FindingCheck("D26", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        if (!context.HasTable(WaitingChanges.Origins))
        {
            return;
        }

        double changes = (context.Session.Settings.Integer(Settings.WaitingMax) ?? WaitingQuota.DefaultChanges) * 0.8;
        double bytes = (context.Session.Settings.Integer(Settings.WaitingMaxBytes) ?? WaitingQuota.DefaultBytes) * 0.8;
        foreach (object?[] row in context.Rows($"SELECT lower(hex(origin)), changes, bytes FROM main.{WaitingChanges.Origins} ORDER BY 1"))
        {
            if ((row[1] is long count && count > changes) || (row[2] is long size && size > bytes))
            {
                context.Add(null, $"x'{row[0]}'", row[1] as long? ?? 0, $"more than 80 % of the quota of this origin waits ({row[1]} changes, {row[2]} bytes): beyond it nothing from it is"
                    + " applied. Settle what waits, the oldest first; or raise waiting_max and waiting_max_bytes",
                    $"SELECT * FROM cloudsync_waiting WHERE origin = x'{row[0]}' ORDER BY since LIMIT 100");
            }
        }
    }
}
