using ChunkSync.Changes;
using ChunkSync.Session;

namespace ChunkSync.Chunks;

/// <summary>The last cursors that the connections of this process gave out inside positions of committed files: a program that pages with a new
/// connection for each page seeks as well.</summary>
/// <remarks>A row that is remembered stays the right place to go on as long as the cursor means anything: a position that is committed gains no
/// rows, it only loses those that are written again, and they come with their new positions. Cursors of files that were put back to an older state
/// mean nothing, with it and without.</remarks>
internal static class SharedResumeRows
{
    /// <summary>How many cursors are remembered; the oldest goes first.</summary>
    public const int Capacity = 64;

    /// <summary>A row with a longer name is not remembered: a bound for what the process keeps.</summary>
    public const int MaxKeyBytes = 4096;

    private static readonly object Gate = new();
    private static readonly (CommittedFile File, ResumeRow? Row)[] Entries = new (CommittedFile, ResumeRow?)[Capacity];
    private static int next;

    /// <summary>Remembers a row.</summary>
    public static void Store(CommittedFile file, ResumeRow row)
    {
        if (row.Row.Key.Length + row.Row.Column.Length > MaxKeyBytes)
        {
            return;
        }

        lock (Gate)
        {
            for (int i = 0; i < Entries.Length; i++)
            {
                if (Entries[i].Row is ResumeRow known && known.IsFor(row) && Entries[i].File == file)
                {
                    Entries[i].Row = row;
                    return;
                }
            }

            Entries[next] = (file, row);
            next = (next + 1) % Capacity;
        }
    }

    /// <summary>The row behind a cursor; null when it is not remembered.</summary>
    public static ResumeRow? Find(CommittedFile file, ResumePoint cursor, ScanRange range)
    {
        lock (Gate)
        {
            foreach ((CommittedFile known, ResumeRow? row) in Entries)
            {
                if (row != null && row.IsFor(cursor, range) && known == file)
                {
                    return row;
                }
            }
        }

        return null;
    }
}
