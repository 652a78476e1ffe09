using System.Runtime.InteropServices;
using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>A host's connection, <c>sqlite3*</c>: borrowed, never closed here. Owns the statements that were prepared on it.</summary>
internal sealed unsafe class Connection(nint handle)
{
    private const int LimitLength = 0;
    private const int LimitVariableNumber = 9;
    private const int WriteTransaction = 2;
    private const int DeferredForeignKeys = 10;

    private readonly HashSet<Statement> statements = [];

    /// <summary>Statements that memory of the host's call is bound to.</summary>
    private readonly List<Statement> borrowers = [];

    /// <summary>The host's calls that are being served: more than one when a statement of ours calls us again.</summary>
    private int calls;

    /// <summary>The <c>sqlite3*</c>.</summary>
    public nint Handle { get; } = handle;

    /// <summary>Called before a statement is prepared: makes sure that it is released when the host closes.</summary>
    public Action? StatementPreparing { get; set; }

    /// <summary>True outside a transaction.</summary>
    public bool IsAutocommit => Sqlite3.Api->get_autocommit(Handle) != 0;

    /// <summary>True when database <c>main</c> was opened read-only.</summary>
    public bool IsReadOnly
    {
        get
        {
            fixed (byte* main = "main"u8)
            {
                return Sqlite3.Api->db_readonly(Handle, main) == 1;
            }
        }
    }

    /// <summary>The path of the file of database <c>main</c>; empty for one in memory and for a temporary one.</summary>
    public string FileName
    {
        get
        {
            fixed (byte* main = "main"u8)
            {
                return Marshal.PtrToStringUTF8((nint)Sqlite3.Api->db_filename(Handle, main)) ?? "";
            }
        }
    }

    /// <summary>True while database <c>main</c> is in a write transaction.</summary>
    public bool IsWriting
    {
        get
        {
            fixed (byte* main = "main"u8)
            {
                return Sqlite3.Api->txn_state(Handle, main) == WriteTransaction;
            }
        }
    }

    /// <summary>Whether a database is in a write transaction.</summary>
    /// <param name="name">Its name on this connection, UTF-8 with a NUL behind it.</param>
    public bool IsWritingTo(byte* name) => Sqlite3.Api->txn_state(Handle, name) == WriteTransaction;

    /// <summary>The number of rows written by the last statement.</summary>
    public int Changes => Sqlite3.Api->changes(Handle);

    /// <summary>The number of rows written since the connection was opened: moves with every write of this connection.</summary>
    public int TotalChanges => Sqlite3.Api->total_changes(Handle);

    /// <summary>The most parameters that a statement may have.</summary>
    public int MaxVariables => Sqlite3.Api->limit(Handle, LimitVariableNumber, -1);

    /// <summary>Whether foreign keys are violated that are looked at when the transaction ends.</summary>
    public bool HasDeferredViolations
    {
        get
        {
            int current = 0;
            int highest = 0;
            Check(Sqlite3.Api->db_status(Handle, DeferredForeignKeys, &current, &highest, 0));
            return current != 0;
        }
    }

    /// <summary>Why nothing of ours can be called on this connection; null normally.</summary>
    public string? Refusal { get; set; }

    /// <summary>A call of the host begins. Every entry point that runs engine code calls this first, and <see cref="Leave"/> last.</summary>
    /// <exception cref="EngineException">The connection has a <see cref="Refusal"/>. <see cref="Leave"/> must follow all the same.</exception>
    public void Enter()
    {
        calls++;
        if (Refusal != null)
        {
            throw Errors.Misuse(Refusal);
        }
    }

    /// <summary>A call of the host ends: no idle statement of ours keeps a pointer to memory that was lent for the call, whichever
    /// way it ended.</summary>
    public void Leave()
    {
        calls--;
        if (calls == 0 && borrowers.Count > 0)
        {
            EndLoans();
        }
    }

    /// <summary>A statement that lives as long as the connection, prepared at first use.</summary>
    /// <param name="sql">Its text.</param>
    /// <param name="lastingBindings">Whether memory that is bound without a copy stays in place between the host's calls: nothing is
    /// cleared then when a call ends, and whoever moves or frees that memory calls <see cref="ClearLastingBindings"/> before.</param>
    public Statement Prepare(string sql, bool lastingBindings = false) => Prepare(Encoding.UTF8.GetBytes(sql), lastingBindings);

    /// <summary>Like <see cref="Prepare(string, bool)"/>, for text that need not be valid UTF-8.</summary>
    public Statement Prepare(byte[] sql, bool lastingBindings = false)
    {
        Statement statement = new(this, sql, lastingBindings);
        statements.Add(statement);
        return statement;
    }

    /// <summary>The collation that a column was declared with, BINARY if none; null when there is no such column.</summary>
    /// <param name="schema">main, temp or an attached name.</param>
    /// <param name="table">The table.</param>
    /// <param name="column">The column.</param>
    public string? CollationOf(string schema, string table, string column)
    {
        byte* collation = null;
        fixed (byte* schemaUtf8 = Encoding.UTF8.GetBytes(schema + "\0"), tableUtf8 = Encoding.UTF8.GetBytes(table + "\0"),
            columnUtf8 = Encoding.UTF8.GetBytes(column + "\0"))
        {
            int code = Sqlite3.Api->table_column_metadata(Handle, schemaUtf8, tableUtf8, columnUtf8, null, &collation, null, null, null);
            return code == ResultCode.Ok && collation != null ? Sqlite3.Utf8String(collation) : null;
        }
    }

    /// <summary>Whether database <c>main</c> has a table of that name, compared without ASCII case: SQLite's own look-up, at a cost that does not
    /// depend on the number of tables. A table of SQLite's own, which its schema does not list, counts.</summary>
    public bool HasTable(string name)
    {
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        fixed (byte* main = "main"u8, table = Encoding.UTF8.GetBytes(name + "\0"))
        {
            int code = Sqlite3.Api->table_column_metadata(Handle, main, table, null, null, null, null, null, null);
            return code == ResultCode.Ok || (ResultCode.Primary(code) == ResultCode.Error ? false : throw Failure(code));
        }
    }

    /// <summary>Runs one or more statements without parameters or rows.</summary>
    /// <exception cref="EngineException">SQLite's code and text.</exception>
    public void Execute(string sql)
    {
        int code = TryExecute(sql);
        if (code != ResultCode.Ok)
        {
            throw Failure(code, sql);
        }
    }

    /// <summary>Like <see cref="Execute"/>, returning SQLite's code.</summary>
    public int TryExecute(string sql)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql + "\0");
        fixed (byte* bytes = text)
        {
            return Sqlite3.Api->exec(Handle, bytes, 0, 0, null);
        }
    }

    /// <summary>Steps a statement while SQLite refuses values and rows longer than a bound, with SQLITE_TOOBIG, instead of loading them.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="maxLength">The bound in bytes; a lower limit of the host's stays.</param>
    /// <returns>SQLite's code.</returns>
    public int StepBounded(Statement statement, int maxLength)
    {
        int limit = Sqlite3.Api->limit(Handle, LimitLength, maxLength);
        if (limit < maxLength)
        {
            Sqlite3.Api->limit(Handle, LimitLength, limit);
        }

        try
        {
            return statement.TryStep();
        }
        finally
        {
            Sqlite3.Api->limit(Handle, LimitLength, limit);
        }
    }

    /// <summary>The integer in the first row of a query; 0 where it has none.</summary>
    public long Integer(string sql)
    {
        using Statement statement = Prepare(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    /// <summary>The failure that the connection reports for <paramref name="code"/>: extended code and text.</summary>
    public EngineException Failure(int code)
    {
        int extended = Sqlite3.Api->extended_errcode(Handle);

        // A progress handler that stops a statement behind a failed constraint leaves that one's text.
        return new EngineException(
            ResultCode.Primary(extended) == ResultCode.Primary(code) ? extended : code,
            ResultCode.Primary(code) == ResultCode.Interrupt ? "interrupted" : Sqlite3.Utf8String(Sqlite3.Api->errmsg(Handle)));
    }

    /// <summary>Says more about a message of SQLite where it can: gets the code, the message and the statement.</summary>
    public Func<int, string, string, string>? Explain { get; set; }

    /// <summary>The failure of a statement of ours.</summary>
    public EngineException Failure(int code, string sql)
    {
        EngineException failure = Failure(code);
        return Explain == null ? failure : new EngineException(failure.Code, Explain(failure.Code, failure.Message, sql));
    }

    /// <summary>Whether a statement can be prepared. SQLite prepares one anew by itself when the schema has moved: a step fails then with what the
    /// prepare says.</summary>
    public bool CanPrepare(string sql)
    {
        using Statement again = Prepare(sql);
        try
        {
            return again.Handle != 0;
        }
        catch (EngineException)
        {
            return false;
        }
    }

    /// <summary>Throws unless <paramref name="code"/> is SQLITE_OK.</summary>
    public void Check(int code)
    {
        if (code != ResultCode.Ok)
        {
            throw Failure(code);
        }
    }

    /// <summary>Finalizes every prepared statement; the objects stay usable and prepare again.</summary>
    public void ReleaseStatements()
    {
        foreach (Statement statement in statements)
        {
            statement.Release();
        }
    }

    /// <summary>Finalizes every prepared statement that does not run, and the others when they have ended.</summary>
    public void ReleaseIdleStatements()
    {
        foreach (Statement statement in statements)
        {
            statement.ReleaseWhenIdle();
        }
    }

    /// <summary>Clears all idle statements with lasting bindings, and those that borrow: memory that may be bound to one is about to move or to
    /// go.</summary>
    public void ClearLastingBindings()
    {
        EndLoans();
        foreach (Statement statement in statements)
        {
            statement.ClearLastingBindings();
        }
    }

    internal void Borrows(Statement statement) => borrowers.Add(statement);

    internal void BeforePrepare() => StatementPreparing?.Invoke();

    internal void Forget(Statement statement) => statements.Remove(statement);

    /// <summary>Clears what is bound without a copy. A statement that still runs gives back when it has ended, with the next call.</summary>
    private void EndLoans()
    {
        int running = 0;
        for (int i = 0; i < borrowers.Count; i++)
        {
            if (!borrowers[i].TryEndLoan())
            {
                borrowers[running++] = borrowers[i];
            }
        }

        borrowers.RemoveRange(running, borrowers.Count - running);
    }

    /// <summary>An SQL identifier in double quotes.</summary>
    public static string Quote(string identifier) => "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>An SQL text literal in single quotes.</summary>
    public static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}
