namespace ChunkSync.Session;

/// <summary>What a connection's session tells those who keep something that its database can take back. One implementation, the engine,
/// hands each event to the folders above in their order.</summary>
internal interface ISessionEvents
{
    /// <summary>Rows of metadata may have moved; what is derived from them is read again at its next use.</summary>
    void RowsMoved();

    /// <summary>Whether the settings of tables are others than at the last <see cref="Reload()"/>.</summary>
    bool HaveSettingsMoved();

    /// <summary>The schema or the settings of tables have moved: the tracked tables are read again.</summary>
    void Reload();

    /// <summary>The schema or the settings of one table have moved, by the engine itself: it is read again.</summary>
    /// <param name="table">The table.</param>
    /// <param name="isSameTable">Whether only its triggers and settings have.</param>
    void Reload(string table, bool isSameTable);

    /// <summary>Whether tables are tracked, with or without a local site.</summary>
    bool HasTables { get; }

    /// <summary>The engine changed metadata itself: what is remembered of it is void.</summary>
    void Invalidated();

    /// <summary>The transaction that this connection had joined is about to be committed.</summary>
    void Committing();

    /// <summary>The transaction that this connection had joined is durable.</summary>
    void Committed();

    /// <summary>The transaction that this connection had joined is gone; <see cref="Undone"/> follows.</summary>
    void RolledBack();

    /// <summary>A transaction, a savepoint or a failed statement was rolled back: what was read or written since then is forgotten.</summary>
    /// <param name="since">When that began, by <see cref="SavepointTimes"/>: what was read before holds.</param>
    void Undone(long since);

    /// <summary>Another database is in the place of <c>main</c>: its tables are registered again.</summary>
    void Replaced();
}
