namespace ChunkSync.Tests.Histories;

/// <summary>How a tool alters a table.</summary>
internal enum OrmRecipe
{
    /// <summary>ALTER TABLE ADD, DROP or RENAME COLUMN.</summary>
    Alter,

    /// <summary>Entity Framework: copy in one transaction, DROP and RENAME in the next one, <c>PRAGMA foreign_keys</c> between them.</summary>
    EntityFramework,

    /// <summary>Django and SQLite's documentation: foreign keys off, then one transaction.</summary>
    Django,

    /// <summary>Rails: a copy under another name, DROP, the table created again under its own name, and a copy back.</summary>
    Rails,

    /// <summary>Alembic's batch mode: create, copy, DROP, RENAME, and no pragma.</summary>
    Alembic,

    /// <summary>The old table is renamed first, and dropped at the end.</summary>
    RenameFirst,
}
