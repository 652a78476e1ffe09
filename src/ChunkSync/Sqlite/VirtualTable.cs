namespace ChunkSync.Sqlite;

/// <summary>One eponymous virtual table on one connection. Methods are SQLite's module callbacks of the same name; a thrown
/// <see cref="EngineException"/> becomes the callback's code and <c>zErrMsg</c>.</summary>
internal abstract unsafe class VirtualTable
{
    /// <summary>The name that it is registered by.</summary>
    public string ModuleName { get; set; } = "";

    /// <summary>The <c>CREATE TABLE x(…)</c> text for <c>sqlite3_declare_vtab</c>.</summary>
    public abstract string Declaration { get; }

    /// <summary><c>xBestIndex</c>: returns SQLITE_OK, or SQLITE_CONSTRAINT to refuse the plan.</summary>
    public abstract int BestIndex(IndexInfo* plan);

    /// <summary><c>xOpen</c>.</summary>
    public abstract VirtualCursor Open();

    /// <summary><c>xUpdate</c> with argc and argv as SQLite gives them; returns the new rowid of an INSERT.</summary>
    public virtual long Update(int count, nint* arguments) =>
        throw Errors.ReadOnly("table");

    /// <summary><c>xBegin</c>: the table is about to be written for the first time in a transaction.</summary>
    public virtual void Begin()
    {
    }

    /// <summary><c>xSync</c>: the transaction is about to be committed; what is written now belongs to it. A failure rolls it back.</summary>
    public virtual void Sync()
    {
    }

    /// <summary><c>xCommit</c>: the transaction is durable.</summary>
    public virtual void Commit()
    {
    }

    /// <summary><c>xRollback</c>: the transaction is gone.</summary>
    public virtual void Rollback()
    {
    }

    /// <summary><c>xSavepoint</c>: a savepoint was opened, or a statement that is undone like one.</summary>
    public virtual void Savepoint(int savepoint)
    {
    }

    /// <summary><c>xRelease</c>: a savepoint was released, and those that were opened behind it.</summary>
    public virtual void ReleaseSavepoint(int savepoint)
    {
    }

    /// <summary><c>xRollbackTo</c>: changes since a savepoint are gone.</summary>
    public virtual void RollbackTo(int savepoint)
    {
    }

    /// <summary><c>xDisconnect</c>: the connection is being closed; nothing prepared may survive.</summary>
    public virtual void Disconnect()
    {
    }
}
