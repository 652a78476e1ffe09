using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The time between two slices in which the write lock is free. Who waits for it looks again every few milliseconds, at most ten times
/// a second: where it is free for no time, no other connection ever gets it.</summary>
internal struct FillPause
{
    /// <summary>The part of its time that a fill waits.</summary>
    private const int Share = 8;

    private const int Longest = 50;

    /// <summary>What SQLite sleeps at least where its host can only sleep whole seconds.</summary>
    private const int TooLong = 500;

    private long began;
    private bool isOff;

    /// <summary>A slice begins.</summary>
    public void Begin() => began = Environment.TickCount64;

    /// <summary>A slice has ended: lets others write.</summary>
    /// <returns>True.</returns>
    public unsafe bool End()
    {
        long took = Environment.TickCount64 - began;
        if (!isOff)
        {
            int slept = Sqlite3.Api->sleep((int)Math.Clamp(took / Share, 1, Longest));
            isOff = slept >= TooLong;
        }

        return true;
    }
}
