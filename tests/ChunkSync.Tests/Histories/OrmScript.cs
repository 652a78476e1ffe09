namespace ChunkSync.Tests.Histories;

/// <summary>One migration as one tool runs it: SQL, with marks where a program puts its alteration pair and its own writes.</summary>
internal static class OrmScript
{
    /// <summary>Where <c>cloudsync_begin_alter</c> comes.</summary>
    public const string Begin = "begin alter";

    /// <summary>Where <c>cloudsync_commit_alter</c> comes.</summary>
    public const string Commit = "commit alter";

    /// <summary>Where the table is there again, and may be written.</summary>
    public const string Write = "write";

    /// <summary>The statements.</summary>
    /// <param name="change">What is changed.</param>
    /// <param name="recipe">The way.</param>
    /// <param name="inTransaction">Whether the caller opens a transaction, where the way leaves that open.</param>
    /// <param name="foreignKeys">Whether foreign keys are on.</param>
    public static List<string> Make(OrmChange change, OrmRecipe recipe, bool inTransaction, bool foreignKeys)
    {
        string table = change.Table;
        string back = "PRAGMA foreign_keys = " + (foreignKeys ? "ON" : "OFF");
        return recipe switch
        {
            OrmRecipe.Alter => Surround(inTransaction, [Begin, change.Alter, Write, Commit]),
            OrmRecipe.EntityFramework =>
            [
                "BEGIN", change.Create("ef_temp_" + table), change.Copy("ef_temp_" + table, table), "COMMIT",
                "PRAGMA foreign_keys = OFF",
                "BEGIN", Begin, $"DROP TABLE \"{table}\"", $"ALTER TABLE \"ef_temp_{table}\" RENAME TO \"{table}\"", Write, Commit, "COMMIT",
                back,
            ],
            OrmRecipe.Django =>
            [
                "PRAGMA foreign_keys = OFF",
                .. Surround(
                    true,
                    [
                        Begin, change.Create("new__" + table), change.Copy("new__" + table, table), $"DROP TABLE \"{table}\"",
                        $"ALTER TABLE \"new__{table}\" RENAME TO \"{table}\"", Write, Commit,
                    ]),
                back,
            ],
            OrmRecipe.Rails => Surround(
                true,
                [
                    "PRAGMA defer_foreign_keys = ON", "PRAGMA foreign_keys = OFF", Begin, change.Create("a" + table, temporary: true),
                    change.Copy("a" + table, table), $"DROP TABLE \"{table}\"", change.Create(table), change.CopyBack(table, "a" + table),
                    $"DROP TABLE \"a{table}\"", Write, Commit, back,
                ]),
            OrmRecipe.RenameFirst => Surround(
                inTransaction,
                [
                    Begin, $"ALTER TABLE {table} RENAME TO {table}_old", change.Create(table), change.Copy(table, table + "_old"),
                    $"DROP TABLE {table}_old", Write, Commit,
                ]),
            _ => Surround(
                inTransaction,
                [
                    Begin, change.Create("_alembic_tmp_" + table), change.Copy("_alembic_tmp_" + table, table), $"DROP TABLE {table}",
                    $"ALTER TABLE _alembic_tmp_{table} RENAME TO {table}", Write, Commit,
                ]),
        };
    }

    private static List<string> Surround(bool inTransaction, List<string> statements) =>
        inTransaction ? ["BEGIN", .. statements, "COMMIT"] : statements;
}
