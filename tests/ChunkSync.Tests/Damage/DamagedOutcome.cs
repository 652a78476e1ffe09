using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Damage;

/// <summary>What a call gives or says, made in a transaction that is rolled back.</summary>
/// <param name="Failed">Whether it failed.</param>
/// <param name="Text">Its rows, or code and text of its failure.</param>
/// <param name="ChangedRows">Whether it failed and the user's tables are not as they were.</param>
/// <param name="LeavesStatementOpen">Whether a statement is still being stepped.</param>
internal sealed record DamagedOutcome(bool Failed, string Text, bool ChangedRows, bool LeavesStatementOpen)
{
    private const int MaxShown = 60;

    public static DamagedOutcome Of(Database database, DamagedOperation operation)
    {
        database.Exec("BEGIN");
        string before = Rows(database);
        bool failed = false;
        string text;
        try
        {
            text = operation.Run(database);
        }
        catch (SqlException failure)
        {
            failed = true;
            text = $"{failure.Code} {failure.Text}";
        }

        bool open = database.BusyStatement() != null;
        bool changed = failed && !operation.IsScript && Rows(database) != before;
        if (database.InTransaction)
        {
            database.Exec("ROLLBACK");
        }

        return new DamagedOutcome(failed, text, changed, open);
    }

    /// <summary>A value as text, cut.</summary>
    public static string Show(object? value) => value switch
    {
        null => "NULL",
        byte[] blob => "x'" + Convert.ToHexString(blob) + "'",
        string { Length: > MaxShown } text => text[..MaxShown] + text.Length,
        _ => value.ToString()!,
    };

    private static string Rows(Database database) =>
        string.Join("\n", database.Query(DamagedBase.Tables).Select(row => string.Join("|", row.Select(Show))));
}
