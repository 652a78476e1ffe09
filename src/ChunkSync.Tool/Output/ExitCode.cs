namespace ChunkSync.Tool;

/// <summary>How the program ended, for those who call it.</summary>
internal enum ExitCode
{
    /// <summary>Done and well.</summary>
    Done = 0,

    /// <summary>Done, and the answer is that something differs or was found.</summary>
    Differs = 1,

    /// <summary>The command line is wrong.</summary>
    Usage = 2,

    /// <summary>Not a database, not tracked, or it cannot be opened.</summary>
    Database = 3,

    /// <summary>A payload or a cursor was refused.</summary>
    Refused = 4,

    /// <summary>Somebody else has the database locked.</summary>
    Busy = 5,

    /// <summary>A file or the network failed.</summary>
    InputOutput = 6,

    /// <summary>A defect of this program.</summary>
    Defect = 70,

    /// <summary>It was interrupted.</summary>
    Interrupted = 130,
}
