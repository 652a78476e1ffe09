using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Why a row was refused last. While refusals are collected no exception is made for one: there can be as many as rows.</summary>
internal sealed class Refusals
{
    /// <summary>Whether a refused row is told by return values, instead of an exception.</summary>
    public bool AreCollected { get; set; }

    /// <summary>SQLite's extended code; 0 where it was not asked.</summary>
    public int Code { get; private set; }

    /// <summary>SQLite's message.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The reason.</summary>
    public RefusalReason Reason { get; private set; }

    /// <summary>Notes a refusal.</summary>
    public void Note(RefusalReason reason, int code, string text)
    {
        Reason = reason;
        Code = code;
        Text = text;
    }

    /// <summary>Notes that a statement which writes a row was refused, and resets it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="statement">The statement.</param>
    /// <param name="code">What its last step gave.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="key">The row's key.</param>
    /// <exception cref="EngineException">It is an error, or refusals are not collected.</exception>
    public void Take(Connection connection, Statement statement, int code, string table, NativeBytes key)
    {
        EngineException failure = statement.Failure(code);
        statement.Reset();
        RefusalReason reason = RefusalKind.Of(failure.Code, failure.Code == ResultCode.Error && !connection.CanPrepare(statement.Sql));
        if (!AreCollected || reason == RefusalReason.None)
        {
            string shown = KeyText.Describe(key);
            throw new EngineException(failure.Code, failure.Message + $" (table {table}, key {shown})")
            {
                IsOfRow = reason != RefusalReason.None,
                Table = table,
                Key = shown,
            }.As(reason != RefusalReason.None ? FailureKind.Row : FailureKind.ByCode);
        }

        Note(reason, failure.Code, failure.Message);
    }
}
