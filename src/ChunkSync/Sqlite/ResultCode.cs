namespace ChunkSync.Sqlite;

/// <summary>SQLite's result codes, as far as the engine names them (sqlite3.h).</summary>
internal static class ResultCode
{
    public const int Ok = 0;
    public const int Error = 1;
    public const int Abort = 4;
    public const int Busy = 5;
    public const int Locked = 6;
    public const int NoMem = 7;
    public const int ReadOnly = 8;
    public const int Interrupt = 9;
    public const int IoErr = 10;
    public const int Corrupt = 11;
    public const int Full = 13;
    public const int Schema = 17;
    public const int TooBig = 18;
    public const int Constraint = 19;
    public const int Mismatch = 20;
    public const int Misuse = 21;
    public const int Auth = 23;
    public const int Row = 100;
    public const int Done = 101;
    public const int OkLoadPermanently = 256;

    public const int ConstraintForeignKey = Constraint | (3 << 8);
    public const int ConstraintTrigger = Constraint | (7 << 8);
    public const int ConstraintUnique = Constraint | (8 << 8);
    public const int ConstraintCheck = Constraint | (1 << 8);
    public const int ConstraintCommitHook = Constraint | (2 << 8);
    public const int ConstraintDatatype = Constraint | (12 << 8);

    /// <summary>Whether a call that ended with the code has failed.</summary>
    public static bool IsFailure(int code) => Primary(code) is not (Ok or Row or Done);

    /// <summary>The primary code of an extended one.</summary>
    public static int Primary(int code) => code & 0xff;
}
