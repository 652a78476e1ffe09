using ChunkSync.Session;

namespace ChunkSync.Clock;

/// <summary>The checkpoint, settings <c>check_dbversion</c> and <c>check_seq</c>: up to where changes of others have been applied. It is one
/// position for the whole database, as sqlite-sync has it.</summary>
internal static class Checkpoint
{
    /// <summary>Moves the checkpoint to a position, only forward.</summary>
    public static void Advance(Settings settings, long dbVersion, long seq)
    {
        long knownVersion = settings.Integer(Settings.CheckDbVersion) ?? 0;
        long knownSeq = settings.Integer(Settings.CheckSeq) ?? 0;
        if (dbVersion < knownVersion || (dbVersion == knownVersion && seq <= knownSeq))
        {
            return;
        }

        if (dbVersion != knownVersion)
        {
            settings.Set(Settings.CheckDbVersion, dbVersion);
        }

        if (seq != knownSeq)
        {
            settings.Set(Settings.CheckSeq, seq);
        }
    }
}
